//! Every URL of the site, built in one place, and read back in the same place.

mod agents;
mod convergence;

use std::fmt::Write;

pub(crate) use agents::{agents, read as read_agents};
pub(crate) use convergence::{
    CONVERGENCE, EventsQuery, SessionsQuery, event, export, session, whole_event, whole_finding,
};

use crate::domain::{Priority, TaskFilter, TaskStatus};

/// The route that opens when nothing else is asked for; it shows the tasks too.
pub(crate) const HOME: &str = "/";
pub(crate) const TASKS: &str = "/tasks";
pub(crate) const AGENTS: &str = "/agents";
pub(crate) const PROJECTS: &str = "/projects";
/// Where the live feed is.
pub(crate) const FEED: &str = "/ws";

/// The page of a task, by its number.
pub(crate) fn task(number: i64) -> String {
    format!("{TASKS}/{number}")
}

/// The page of a task, by its number or id.
pub(crate) fn task_by(reference: &str) -> String {
    format!("{TASKS}/{}", escape(reference))
}

/// The log on the page of a task.
pub(crate) fn task_log(number: i64) -> String {
    format!("{TASKS}/{number}#log")
}

/// The whole log of a task, as JSON.
pub(crate) fn task_log_json(number: i64) -> String {
    format!("/api/tasks/{number}/logs?limit=1000")
}

/// What happened to a task as JSON, newest first.
pub(crate) fn task_activity_json(number: i64) -> String {
    format!("/api/tasks/{number}/activity?limit=1000")
}

/// A task as JSON, with all of its texts.
pub(crate) fn task_json(number: i64) -> String {
    format!("/api/tasks/{number}")
}

/// One entry of the log of a task, as JSON.
pub(crate) fn log_line_json(number: i64, entry: i64) -> String {
    format!("/api/tasks/{number}/logs?cursor={}&limit=1", entry - 1)
}

/// The page of an agent.
pub(crate) fn agent(name: &str) -> String {
    format!("{AGENTS}/{}", escape(name))
}

/// What the URL of the tasks page says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct TasksQuery {
    /// Which tasks to list.
    pub(crate) filter: TaskFilter,
    /// Where the page of the list begins.
    pub(crate) cursor: Option<String>,
}

impl TasksQuery {
    /// Reads a query; what makes no sense counts as absent.
    pub(crate) fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let words = |name: &str| {
            get(name)
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let status = get("status").unwrap_or_default();
        Self {
            filter: TaskFilter {
                project: words("project").into_iter().collect(),
                status: status.split(',').filter_map(TaskStatus::parse).collect(),
                agent: words("agent"),
                priority: get("priority").and_then(Priority::parse),
                label: words("label"),
                q: words("q"),
            },
            cursor: words("cursor"),
        }
    }

    /// The pairs of the query, without what is absent.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let filter = &self.filter;
        let status: Vec<_> = filter.status.iter().map(|status| status.as_str()).collect();
        [
            ("project", filter.project.first().cloned()),
            (
                "status",
                Some(status.join(",")).filter(|text| !text.is_empty()),
            ),
            ("q", filter.q.clone()),
            ("agent", filter.agent.clone()),
            (
                "priority",
                filter.priority.map(|priority| priority.as_str().to_owned()),
            ),
            ("label", filter.label.clone()),
            ("cursor", self.cursor.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// The URL of this list under `path`, which is [`HOME`] or [`TASKS`].
    pub(crate) fn url(&self, path: &str) -> String {
        with_query(path, &self.pairs())
    }

    /// True when the list is not simply everything from the beginning.
    pub(crate) fn is_narrow(&self) -> bool {
        *self != Self::default()
    }

    /// True when more than the status narrows the list.
    pub(crate) fn is_filtered(&self) -> bool {
        let mut rest = self.filter.clone();
        rest.status.clear();
        rest != TaskFilter::default()
    }

    /// The same filter with another status, from the beginning.
    pub(crate) fn with_status(&self, status: Option<TaskStatus>) -> Self {
        let mut other = self.clone();
        other.filter.status = status.into_iter().collect();
        other.cursor = None;
        other
    }
}

/// `path` with `pairs` as its query.
pub(crate) fn with_query(path: &str, pairs: &[(&str, String)]) -> String {
    let mut url = path.to_owned();
    for (index, (name, value)) in pairs.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.push_str(&escape(name));
        url.push('=');
        url.push_str(&escape(value));
    }
    url
}

/// Percent-encodes everything but unreserved characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{HOME, TASKS, TasksQuery, agent, task, task_by, task_log, with_query};
    use crate::domain::{Priority, TaskStatus};

    #[test]
    fn urls_are_what_people_bookmark() {
        assert_eq!(task(12), "/tasks/12");
        assert_eq!(task_by("a/b"), "/tasks/a%2Fb");
        assert_eq!(task_log(12), "/tasks/12#log");
        assert_eq!(agent("code-gen"), "/agents/code-gen");
        assert_eq!(TasksQuery::default().url(HOME), "/");
        let query = [("q", "ü & co".to_owned()), ("new", "1".to_owned())];
        assert_eq!(
            with_query(TASKS, &query),
            "/tasks?q=%C3%BC%20%26%20co&new=1"
        );
    }

    #[test]
    fn a_query_survives_the_round_trip_and_nonsense_is_dropped() {
        let pairs = [
            ("status", "failed,lost"),
            ("q", " login "),
            ("agent", ""),
            ("priority", "high"),
            ("cursor", "abc"),
        ];
        let find = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
        let query = TasksQuery::read(find);
        assert_eq!(query.filter.status, [TaskStatus::Failed]);
        assert_eq!(query.filter.q.as_deref(), Some("login"));
        assert_eq!(query.filter.agent, None);
        assert_eq!(query.filter.priority, Some(Priority::High));
        let url = query.url(TASKS);
        assert_eq!(url, "/tasks?status=failed&q=login&priority=high&cursor=abc");
        let first = query.with_status(None).url(TASKS);
        assert_eq!(first, "/tasks?q=login&priority=high");
    }
}
