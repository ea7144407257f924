//! What happened, as sentences.

use crate::ui::dynamic::Erase;
use leptos::prelude::*;

use super::summary::first_line;
use super::time::Ago;
use crate::domain::{Activity, ActivityKind};
use crate::ui::paths;

/// Whether a line names its task: on the task's own page it does not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mention {
    /// `#12 started on shell`.
    Task,
    /// `Started on shell`.
    Nothing,
}

/// One line of the recent activity or of a task's timeline.
#[component]
pub(crate) fn ActivityLine(
    /// What happened.
    activity: Activity,
    /// Whether to name the task.
    mention: Mention,
) -> impl IntoView {
    let words = words(&activity);
    let subject = match (mention, activity.task_number) {
        (Mention::Task, Some(number)) => Some((format!("#{number}"), paths::task(number))),
        (_, None) => activity
            .agent
            .as_ref()
            .map(|name| (name.clone(), paths::agent(name))),
        (Mention::Nothing, Some(_)) => None,
    };
    let title = activity.title.clone();
    let subject = match subject {
        Some((label, url)) => view! {
            <a href=url title=title>
                {label}
            </a>
            " "
            <span>{words}</span>
        }
        .any(),
        None => view! { <span>{capitalised(&words)}</span> }.any(),
    };
    view! {
        <li class="activity">
            <Ago time=activity.time/>
            <span class="activity-words">{subject}</span>
        </li>
    }
    .any()
}

/// The sentence without its subject.
fn words(activity: &Activity) -> String {
    let actor = &activity.actor;
    let agent = activity.agent.as_deref();
    let detail = activity
        .detail
        .as_deref()
        .map(first_line)
        .filter(|detail| !detail.is_empty());
    let with_detail = |words: &str| match &detail {
        Some(detail) => format!("{words}: {detail}"),
        None => words.to_owned(),
    };
    let by = |words: &str| format!("{words} by {actor}");
    match activity.kind {
        ActivityKind::Created => by("created"),
        ActivityKind::Started => {
            agent.map_or("started".into(), |name| format!("started on {name}"))
        }
        ActivityKind::Requeued => with_detail("went back to the queue"),
        ActivityKind::Expedited => by("moved to the head of the queue"),
        ActivityKind::Edited => by("edited"),
        ActivityKind::NeedsInput => with_detail("needs input"),
        ActivityKind::InputGiven => by("answered"),
        ActivityKind::CancelRequested => by("stop requested"),
        ActivityKind::Completed => {
            agent.map_or("completed".into(), |name| format!("completed by {name}"))
        }
        ActivityKind::Failed => with_detail("failed"),
        ActivityKind::Cancelled => by("cancelled"),
        ActivityKind::AgentStarted => "started".into(),
        ActivityKind::AgentStopped => by("told to stop"),
        ActivityKind::AgentError => with_detail("could not be started"),
    }
}

fn capitalised(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::{capitalised, words};
    use crate::domain::{Activity, ActivityKind, Timestamp};

    #[test]
    fn what_happened_reads_as_a_sentence() {
        let mut activity = Activity {
            id: 1,
            time: Timestamp(0),
            kind: ActivityKind::Started,
            task_id: None,
            task_number: Some(12),
            title: None,
            agent: Some("shell".into()),
            actor: "local".into(),
            detail: Some("exit status 1\nmore".into()),
        };
        assert_eq!(words(&activity), "started on shell");
        activity.kind = ActivityKind::Failed;
        assert_eq!(words(&activity), "failed: exit status 1");
        activity.kind = ActivityKind::Cancelled;
        assert_eq!(capitalised(&words(&activity)), "Cancelled by local");
        for kind in ActivityKind::ALL {
            activity.kind = kind;
            assert!(!words(&activity).is_empty(), "{kind:?}");
        }
    }
}
