//! What a task may hold, and everything that is wrong with one that holds more.

use std::fmt;

use serde_json::{Map, Value};

use super::{
    DEEPEST, FieldError, NewTask, TaskChange, TaskStatus, is_project_name, is_too_deep, is_visible,
};

/// What a task may hold.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it; characters and seconds")]
pub struct TaskLimits {
    pub description: usize,
    pub title: usize,
    pub labels: usize,
    pub label: usize,
    pub timeout_seconds: u32,
    pub max_attempts: u32,
    pub metadata_bytes: usize,
    pub requires: usize,
    pub after: usize,
    pub said: usize,
}

/// The largest number that every reader of JSON keeps exact.
pub const LARGEST_NUMBER: u64 = (1 << 53) - 1;
/// The largest body of a request, in bytes; nothing in it is longer.
pub const LARGEST_BODY: usize = 2 * 1024 * 1024;
/// The largest body of log entries or of events, in bytes.
pub const LARGEST_BATCH: usize = 16 * 1024 * 1024;
/// The longest message of a log entry, in characters.
pub const LONGEST_MESSAGE: usize = 1024 * 1024;
/// The longest name of an agent or a project.
pub const LONGEST_NAME: usize = 64;
/// The longest title of an agent, capability, and other word that somebody chooses, in characters.
pub const WORD: usize = 200;
/// The most capabilities of an agent.
pub const CAPABILITIES: usize = 100;
/// The most tasks that an agent holds at once.
pub const CONCURRENCY: u32 = 256;
/// The longest path of a project's folder, in characters.
pub const FOLDER: usize = 4096;
/// The most items of a page of a list.
pub const MOST_ITEMS: u32 = 1000;

/// The limits in force.
pub const LIMITS: TaskLimits = TaskLimits {
    description: 100_000,
    title: 200,
    labels: 20,
    label: 50,
    timeout_seconds: 7 * 24 * 3600,
    max_attempts: 20,
    metadata_bytes: 64 * 1024,
    requires: 20,
    after: 50,
    said: 1_000_000,
};

/// Characters of a parameter in a query.
pub const LONGEST_PARAMETER: usize = 2000;

impl NewTask {
    /// What belongs to parts that are not there yet.
    fn not_yet(&self) -> [(bool, &'static str, &'static str); 3] {
        let gaps = self.on_gaps.as_deref().is_some_and(|word| word != "show");
        [
            (
                !self.checks.is_empty(),
                "checks",
                "there are none yet; leave it out",
            ),
            (gaps, "on_gaps", "must be show: there are no checks yet"),
            (
                self.max_cost_usd.is_some(),
                "max_cost_usd",
                "costs are not bounded yet; leave it out",
            ),
        ]
    }

    /// Everything that is wrong with it, at once; empty when it may be created.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        check_description(&mut found, &self.description);
        if let Some(title) = &self.title {
            check_title(&mut found, title);
        }
        check_labels(&mut found, &self.labels);
        check_metadata(&mut found, &self.metadata);
        if self
            .project
            .as_deref()
            .is_some_and(|name| !is_project_name(name))
        {
            let message = "must be the name of a project";
            found.push(FieldError::new("project", message));
        }
        let mut check = |wrong: bool, field: &str, message: fmt::Arguments<'_>| {
            // Written only when it is needed: this is done for every new task.
            if wrong {
                found.push(FieldError::new(field, message.to_string()));
            }
        };
        let outside = |value: Option<u32>, max| value.is_some_and(|v| v == 0 || v > max);
        check(
            outside(self.timeout_seconds, LIMITS.timeout_seconds),
            "timeout_seconds",
            format_args!("must be from 1 to {}", LIMITS.timeout_seconds),
        );
        check(
            outside(self.max_attempts, LIMITS.max_attempts),
            "max_attempts",
            format_args!("must be from 1 to {}", LIMITS.max_attempts),
        );
        for (wrong, field, message) in self.not_yet() {
            check(wrong, field, format_args!("{message}"));
        }
        let external = self.status == Some(TaskStatus::Running);
        check(
            !matches!(
                self.status,
                None | Some(TaskStatus::Pending | TaskStatus::Running)
            ),
            "status",
            format_args!("a new task is pending, or running when it is external"),
        );
        check(
            external && self.agent.is_none(),
            "agent",
            format_args!("an external task names the agent that runs it"),
        );
        check(
            external && self.start_after.is_some(),
            "start_after",
            format_args!("an external task runs already"),
        );
        check(
            self.agent
                .as_deref()
                .is_some_and(|name| !is_agent_name(name)),
            "agent",
            format_args!("letters, digits, \".\", \"-\" and \"_\", at most 64"),
        );
        self.check_followed(&mut found);
        found
    }

    /// What it asks of agents, and of tasks before it.
    fn check_followed(&self, found: &mut Vec<FieldError>) {
        let external = self.status == Some(TaskStatus::Running);
        let mut check = |wrong: bool, field: &str, message: fmt::Arguments<'_>| {
            if wrong {
                found.push(FieldError::new(field, message.to_string()));
            }
        };
        check(
            self.requires.len() > LIMITS.requires
                || !self.requires.iter().all(|word| is_word(word)),
            "requires",
            format_args!(
                "at most {} capabilities of 1 to {WORD} characters",
                LIMITS.requires
            ),
        );
        check(
            self.after.len() > LIMITS.after,
            "after",
            format_args!("at most {} tasks", LIMITS.after),
        );
        check(
            self.after.iter().any(|link| link.task().is_none()),
            "after",
            format_args!("must be ids or numbers of tasks"),
        );
        check(
            external && !(self.after.is_empty() && self.requires.is_empty()),
            "after",
            format_args!("an external task runs already"),
        );
        check(
            self.agent_may_come && self.agent.is_none(),
            "agent_may_come",
            format_args!("name the agent that may come"),
        );
    }

    /// The capabilities that it requires, each once, in order.
    #[must_use]
    pub fn requires_once(&self) -> Vec<String> {
        let mut requires = self.requires.clone();
        requires.sort_unstable();
        requires.dedup();
        requires
    }

    /// The title given, or the first line of the description, cut to 80 characters. What nobody can
    /// see is none of them.
    #[must_use]
    pub fn title_or_first_line(&self) -> String {
        let given = self
            .title
            .as_deref()
            .map(str::trim)
            .filter(|title| is_visible(title));
        if let Some(title) = given {
            return title.to_owned();
        }
        let mut lines = self.description.split(['\n', '\u{2028}', '\u{2029}']);
        let line = lines.find(|line| is_visible(line)).unwrap_or_default();
        // A tab or a colour is welcome in a description; a title is one plain line.
        let line = line.replace(char::is_control, " ");
        let line = line.trim();
        match line.char_indices().nth(80) {
            Some((end, _)) => format!("{}…", line[..end].trim_end()),
            None => line.to_owned(),
        }
    }
}

impl TaskChange {
    /// Everything that is wrong with it, at once; empty when it may be applied.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        if let Some(description) = &self.description {
            check_description(&mut found, description);
        }
        if let Some(title) = &self.title {
            check_title(&mut found, title);
        }
        if let Some(labels) = &self.labels {
            check_labels(&mut found, labels);
        }
        if self
            .progress
            .is_some_and(|value| !(0.0..=1.0).contains(&value))
        {
            found.push(FieldError::new("progress", "must be from 0 to 1"));
        }
        if self.result.as_ref().is_some_and(is_too_deep) {
            let message = format!("must be nested at most {DEEPEST} levels deep");
            found.push(FieldError::new("result", message));
        }
        if let Some(metadata) = &self.metadata {
            check_metadata(&mut found, metadata);
        }
        let error = self.error.iter().flatten().next();
        if error.is_some_and(|error| error.contains('\0')) {
            found.push(FieldError::new("error", "must not contain NUL characters"));
        }
        for (field, text) in [("error", error), ("message", self.message.as_ref())] {
            // Bytes are known at once, and are no fewer.
            let is_long =
                |text: &String| text.len() > LIMITS.said && text.chars().count() > LIMITS.said;
            if text.is_some_and(is_long) {
                let message = format!("must be at most {} characters", LIMITS.said);
                found.push(FieldError::new(field, message));
            }
        }
        if let Some(question) = &self.question {
            found.extend(question.problems());
            if self.status != Some(TaskStatus::NeedsInput) {
                let message = "is asked together with \"status\": \"needs_input\"";
                found.push(FieldError::new("question", message));
            }
        }
        found
    }
}

/// True for letters, digits, `.`, `-` and `_`, 1 to 64 of them, but not for dots alone: those
/// are steps in an address.
#[must_use]
pub fn is_agent_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let dots = name.bytes().all(|byte| byte == b'.');
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(legal) && !dots
}

fn check_description(found: &mut Vec<FieldError>, description: &str) {
    if !is_visible(description) {
        found.push(FieldError::new(
            "description",
            "say what the agent is to do",
        ));
    } else if description.chars().count() > LIMITS.description {
        let message = format!("must be at most {} characters", LIMITS.description);
        found.push(FieldError::new("description", message));
    } else if description.contains('\0') {
        found.push(FieldError::new(
            "description",
            "must not contain NUL characters",
        ));
    }
}

/// True for what may be a capability.
#[must_use]
pub fn is_word(word: &str) -> bool {
    let length = word.chars().count();
    let is_plain = !word.chars().any(char::is_control) && word.trim() == word;
    (1..=WORD).contains(&length) && is_plain && is_visible(word)
}

fn check_metadata(found: &mut Vec<FieldError>, metadata: &Map<String, Value>) {
    let bytes = serde_json::to_string(metadata).map_or(0, |text| text.len());
    if bytes > LIMITS.metadata_bytes {
        let message = format!("must be at most {} bytes as JSON", LIMITS.metadata_bytes);
        found.push(FieldError::new("metadata", message));
    }
    if metadata.values().any(is_too_deep) {
        let message = format!("must be nested at most {DEEPEST} levels deep");
        found.push(FieldError::new("metadata", message));
    }
}

fn check_title(found: &mut Vec<FieldError>, title: &str) {
    if title.chars().count() > LIMITS.title || title.chars().any(char::is_control) {
        let message = format!("must be one line of at most {} characters", LIMITS.title);
        found.push(FieldError::new("title", message));
    }
}

fn check_labels(found: &mut Vec<FieldError>, labels: &[String]) {
    let legal = |label: &String| {
        let length = label.chars().count();
        (1..=LIMITS.label).contains(&length)
            && label.trim() == label
            && !label
                .chars()
                .any(|c| c.is_control() || matches!(c, ',' | '"' | '\\'))
            && is_visible(label)
    };
    if labels.len() > LIMITS.labels || !labels.iter().all(legal) {
        let message = format!(
            "at most {} labels of 1 to {} characters without commas and quotes",
            LIMITS.labels, LIMITS.label
        );
        found.push(FieldError::new("labels", message));
    }
}
