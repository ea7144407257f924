//! One line on how a task stands in time. Pure.

use super::format::{ago, duration, elapsed, ordinal};
use crate::domain::{Task, TaskStatus, Timestamp};

/// `2m 15s of ~3m 30s`, `1st in queue`, `in 1m 45s, 2 min ago`.
pub(crate) fn timing(task: &Task, now: Timestamp) -> String {
    let ended = task.completed_at.unwrap_or(now);
    let taken = task
        .started_at
        .map(|start| duration(ended.seconds_since(start)));
    let since = ago(now.seconds_since(ended));
    match task.status {
        TaskStatus::Pending => task
            .queue_position
            .map_or_else(|| "waits".into(), |at| format!("{} in queue", ordinal(at))),
        // The time of a person is no time of work.
        TaskStatus::NeedsInput => "waits for you".into(),
        TaskStatus::Running => {
            let seconds = task
                .started_at
                .map_or(0.0, |start| now.seconds_since(start));
            let taken = elapsed(seconds);
            match task.estimated_seconds.filter(|all| *all >= 1.0) {
                Some(all) if seconds > all + 1.0 => {
                    format!("{taken}, longer than usual (~{})", elapsed(all))
                }
                Some(all) => format!("{taken} of ~{}", elapsed(all)),
                None => taken,
            }
        }
        TaskStatus::Completed => taken.map_or_else(
            || since.clone(),
            |taken| format!("completed in {taken}, {since}"),
        ),
        TaskStatus::Failed => taken.map_or_else(
            || format!("failed {since}"),
            |taken| format!("failed after {taken}, {since}"),
        ),
        TaskStatus::Cancelled => format!("cancelled {since}"),
    }
}

/// The first line that says something.
pub(crate) fn first_line(text: &str) -> String {
    text.lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{first_line, timing};
    use crate::domain::{Task, TaskStatus, Timestamp};

    fn task(status: TaskStatus) -> Task {
        let task = serde_json::json!({
            "id": "01890000-0000-7000-8000-000000000000", "number": 12, "title": "t",
            "project": "default", "version": 1, "edit_version": 1, "excerpt": "d", "priority": "normal", "status": "pending", "progress": 0.0,
            "agent": null, "requested_agent": null, "queue_position": 1, "waiting": [],
            "attempt": 1, "max_attempts": 1, "labels": [], "created_by": "local",
            "created_at": "2026-11-22T08:00:00Z", "started_at": "2026-11-22T08:00:00Z",
            "completed_at": null, "estimated_seconds": 210.0, "timeout_seconds": 60,
            "error": null, "retry_of": null, "external": false, "usage": {},
            "evidence_count": 0,
        });
        let mut task: Task = serde_json::from_value(task).unwrap();
        task.status = status;
        task
    }

    #[test]
    fn each_status_says_what_matters_about_its_time() {
        let start = Timestamp::parse("2026-11-22T08:00:00Z").unwrap();
        let now = start.plus_seconds(135);
        let line = |status| timing(&task(status), now);
        assert_eq!(line(TaskStatus::Pending), "1st in queue");
        assert_eq!(line(TaskStatus::Running), "2m 15s of ~3m 30s");
        assert_eq!(line(TaskStatus::NeedsInput), "waits for you");
        let late = timing(&task(TaskStatus::Running), start.plus_seconds(300));
        assert_eq!(late, "5m 00s, longer than usual (~3m 30s)");
        let mut done = task(TaskStatus::Completed);
        done.completed_at = Some(start.plus_seconds(105));
        assert_eq!(timing(&done, now), "completed in 1m 45s, 30 s ago");
        assert_eq!(first_line("\n  \nboom\nat x"), "boom");
    }
}
