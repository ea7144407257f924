//! Reading query parameters: unknown ones are named, not ignored.

mod sessions;

use std::str::FromStr;

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use utoipa::IntoParams;

use crate::domain::{
    AppError, FieldError, LONGEST_PARAMETER, LogFilter, LogLevel, MOST_ITEMS, Page, Priority,
    TaskFilter, TaskStatus, Timestamp,
};

pub(super) use sessions::{
    EventExportParams, EventListParams, ExportFormat, SessionListParams, event_export, event_list,
    session_list,
};

const DEFAULT_LIMIT: u32 = 100;

/// Where a page begins and how long it is.
pub(super) struct Paging {
    pub(super) limit: u32,
    pub(super) cursor: Option<String>,
}

/// Query parameters, taken out one by one; what is left over is a problem.
struct Query {
    pairs: Vec<(String, String)>,
    problems: Vec<FieldError>,
}

impl Query {
    pub(super) fn of(uri: &Uri) -> Self {
        let text = uri.query().unwrap_or_default();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(text).unwrap_or_default();
        let problems = pairs.iter().filter_map(|(name, value)| {
            let message = unfit(text, value)?;
            Some(FieldError::new(name, message))
        });
        Self {
            problems: problems.collect(),
            pairs,
        }
    }

    fn all(&mut self, name: &str) -> Vec<String> {
        let (taken, rest) = std::mem::take(&mut self.pairs)
            .into_iter()
            .partition(|(key, _)| key == name);
        self.pairs = rest;
        let taken: Vec<(String, String)> = taken;
        taken
            .into_iter()
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
            .collect()
    }

    pub(super) fn one(&mut self, name: &str) -> Option<String> {
        let mut given = self.all(name);
        // The same twice is no question.
        if given.iter().any(|value| *value != given[0]) {
            self.problems.push(FieldError::new(name, "is given twice"));
        }
        given.pop()
    }

    fn time(&mut self, name: &str) -> Option<Timestamp> {
        // A plus sign that was not encoded stands for a space.
        let encoded = |text: &str| text.replace(' ', "+");
        let time =
            |text: &str| Timestamp::parse(text).or_else(|_| Timestamp::parse(&encoded(text)));
        let time = |text: &str| time(text).ok();
        self.parsed(name, time, "must be an RFC 3339 time")
    }

    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        let text = self.one(name)?;
        let value = parse(&text);
        if value.is_none() {
            self.problems.push(FieldError::new(name, expected));
        }
        value
    }

    /// Every value of a parameter that may be repeated.
    pub(super) fn each<T: PartialEq>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let mut known = Vec::new();
        for word in self.all(name) {
            if let Some(value) = parse(&word) {
                // Said a thousand times, it would still be one condition.
                if !known.contains(&value) {
                    known.push(value);
                }
                continue;
            }
            let message = format!("unknown {name} {word:?}");
            self.problems.push(FieldError::new(name, message));
        }
        known
    }

    pub(super) fn paging(&mut self) -> Paging {
        let legal = |text: &str| text.parse().ok().filter(|n| (1..=MOST_ITEMS).contains(n));
        let limit = self.parsed("limit", legal, "must be from 1 to 1000");
        Paging {
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            cursor: self.one("cursor"),
        }
    }

    pub(super) fn finish(mut self) -> Result<(), AppError> {
        let unknown = self
            .pairs
            .iter()
            .map(|(key, _)| FieldError::new(key, "unknown parameter"));
        self.problems.extend(unknown);
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(AppError::invalid(self.problems))
        }
    }
}

/// What is wrong with the text of any parameter of `query`.
fn unfit(query: &str, value: &str) -> Option<String> {
    if value.contains('\0') {
        return Some("must not contain NUL characters".to_owned());
    }
    // What stands for bytes that are no text, unless it was sent as such.
    let sent = || {
        query.contains(char::REPLACEMENT_CHARACTER)
            || query.to_ascii_uppercase().contains("%EF%BF%BD")
    };
    if value.contains(char::REPLACEMENT_CHARACTER) && !sent() {
        return Some("must be UTF-8 text".to_owned());
    }
    let long = value.chars().count() > LONGEST_PARAMETER;
    long.then(|| format!("must be at most {LONGEST_PARAMETER} characters"))
}

/// A list that has no other parameters than those of its pages.
pub(super) fn page(uri: &Uri) -> Result<Paging, AppError> {
    let mut query = Query::of(uri);
    let paging = query.paging();
    query.finish()?;
    Ok(paging)
}

/// The parameters of `GET /api/tasks`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters that `task_list` reads")]
pub(super) struct TaskListParams {
    /// Repeatable: of any of these projects.
    project: Option<Vec<String>>,
    /// Repeatable.
    status: Option<Vec<TaskStatus>>,
    /// Held by, or requested for, this agent.
    agent: Option<String>,
    /// Only this one.
    priority: Option<Priority>,
    /// Only those that have it.
    label: Option<String>,
    /// Words in title or description, or a number.
    q: Option<String>,
    /// 1 to 1000; 100 when absent.
    limit: Option<u32>,
    /// From the `Link` header of the page before.
    cursor: Option<String>,
}

/// The parameters of a list that has no others.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters that `page` reads")]
pub(super) struct PageParams {
    /// 1 to 1000; 100 when absent.
    limit: Option<u32>,
    /// From the `Link` header of the page before.
    cursor: Option<String>,
}

/// The parameters of `GET /api/activity`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "documents the parameters that `activity_list` reads"
)]
pub(super) struct ActivityListParams {
    /// Repeatable: in any of these projects.
    project: Option<Vec<String>>,
    /// 1 to 1000; 100 when absent.
    limit: Option<u32>,
    /// From the `Link` header of the page before.
    cursor: Option<String>,
}

/// Reads the parameters of `GET /api/activity`: the projects, and the page.
pub(super) fn activity_list(uri: &Uri) -> Result<(Vec<String>, Paging), AppError> {
    let mut query = Query::of(uri);
    let projects = query.all("project");
    let paging = query.paging();
    query.finish()?;
    Ok((projects, paging))
}

/// Reads the parameters of `GET /api/tasks`.
pub(super) fn task_list(uri: &Uri) -> Result<(TaskFilter, Paging), AppError> {
    let mut query = Query::of(uri);
    let filter = TaskFilter {
        project: query.all("project"),
        status: query.each("status", TaskStatus::parse),
        agent: query.one("agent"),
        priority: query.parsed(
            "priority",
            Priority::parse,
            "must be low, normal, high or urgent",
        ),
        label: query.one("label"),
        q: query.one("q"),
    };
    let paging = query.paging();
    query.finish()?;
    Ok((filter, paging))
}

/// The parameters of `GET /api/tasks/{id}/logs`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters that `log_list` reads")]
pub(super) struct LogListParams {
    /// This level and above.
    level: Option<LogLevel>,
    /// Said by this agent.
    agent: Option<String>,
    /// From this moment on.
    since: Option<Timestamp>,
    /// Before this moment.
    until: Option<Timestamp>,
    /// `asc` (oldest first, the default) or `desc`.
    order: Option<String>,
    /// 1 to 1000; 100 when absent.
    limit: Option<u32>,
    /// From the `Link` header of the page before.
    cursor: Option<String>,
}

/// Reads the parameters of `GET /api/tasks/{id}/logs`.
pub(super) fn log_list(uri: &Uri) -> Result<(LogFilter, Paging), AppError> {
    let mut query = Query::of(uri);
    let level = |text: &str| {
        LogLevel::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
    };
    let filter = LogFilter {
        level: query.parsed("level", level, "must be debug, info, warn or error"),
        agent: query.one("agent"),
        since: query.time("since"),
        until: query.time("until"),
        newest_first: query
            .parsed("order", order, "must be asc or desc")
            .unwrap_or(false),
    };
    let paging = query.paging();
    query.finish()?;
    Ok((filter, paging))
}

/// True for newest first.
pub(super) fn order(text: &str) -> Option<bool> {
    match text {
        "asc" => Some(false),
        "desc" => Some(true),
        _ => None,
    }
}

/// Seconds to wait for a task, 0 to 60.
pub(super) fn wait(uri: &Uri) -> Result<u64, AppError> {
    let mut query = Query::of(uri);
    let legal = |text: &str| text.parse().ok().filter(|seconds| *seconds <= 60);
    let wait = query.parsed("wait", legal, "must be from 0 to 60 seconds");
    query.finish()?;
    Ok(wait.unwrap_or(0))
}

/// The page of a list that is short enough to be at hand as a whole, in the order of `key`.
pub(super) fn part<T, K: Ord + FromStr + ToString>(
    all: Vec<T>,
    paging: &Paging,
    key: impl Fn(&T) -> K,
) -> Result<Page<T>, AppError> {
    let after: Option<K> = match paging.cursor.as_deref().map(str::parse) {
        None => None,
        Some(Ok(key)) => Some(key),
        Some(Err(_)) => {
            let message = "not a cursor of this list; take it from the Link header";
            return Err(AppError::invalid_field("cursor", message));
        }
    };
    let rest = all
        .into_iter()
        .filter(|it| after.as_ref().is_none_or(|after| key(it) > *after));
    let mut items: Vec<T> = rest.collect();
    let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more);
    Ok(Page {
        next: last.map(|last| key(last).to_string()),
        items,
    })
}

/// The `Link` header that leads to the next page.
pub(super) fn next_link<T>(uri: &Uri, page: &Page<T>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(cursor) = &page.next else {
        return headers;
    };
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(uri.query().unwrap_or_default()).unwrap_or_default();
    let mut pairs: Vec<_> = pairs
        .into_iter()
        .filter(|(key, _)| key != "cursor")
        .collect();
    pairs.push(("cursor".into(), cursor.clone()));
    let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
    let link = format!("<{}?{query}>; rel=\"next\"", uri.path());
    if let Ok(value) = HeaderValue::from_str(&link) {
        headers.insert(header::LINK, value);
    }
    headers
}
