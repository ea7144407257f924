//! What can be done to an agent. To drain and to kill are different buttons.

use leptos::prelude::*;

use super::action::{ActionButton, Look};
use super::format::count;
use super::icon::Icon;
use crate::domain::{Agent, AgentStatus};
use crate::ui::dynamic::{Erase, maybe, memo, nothing, part, text};
use crate::ui::state::Action;

/// Starts a stopped agent, or tries again after an error.
#[component]
pub(crate) fn StartAgent(name: String) -> impl IntoView {
    let look = Look {
        label: "Start",
        icon: "play",
        class: "quiet",
    };
    let fields = vec![("name", name.clone())];
    let about = name.clone();
    view! { <ActionButton action=Action::StartAgent about fields look of=name/> }
}

/// Stops an agent one way or the other.
#[component]
fn StopAgent(
    name: String,
    /// `drain` or `kill`.
    mode: &'static str,
    /// What the button looks like.
    look: Look,
) -> impl IntoView {
    let fields = vec![("name", name.clone()), ("mode", mode.into())];
    let about = format!("{mode} {name}");
    view! { <ActionButton action=Action::StopAgent about fields look of=name/> }
}

/// Lets an agent finish what it holds, then stops it.
#[component]
fn DrainAgent(name: String) -> impl IntoView {
    let look = Look {
        label: "Stop",
        icon: "square",
        class: "quiet",
    };
    view! { <StopAgent name mode="drain" look/> }
}

/// Stops an agent at once, after saying what that costs.
#[component]
fn KillAgent(
    name: String,
    /// How many tasks it holds.
    #[prop(into)]
    holds: Signal<u64>,
) -> impl IntoView {
    let look = Look {
        label: "Kill now",
        icon: "octagon-x",
        class: "danger",
    };
    let cost = text(move || match holds.get() {
        0 => "It holds no task.".to_owned(),
        held => format!("This cancels {}.", count(held, "task")),
    });
    let about = format!("Kill {name}…");
    view! {
        <details class="confirm">
            <summary class="btn quiet" aria-label=about>
                <Icon name="octagon-x"/>
                <span>"Kill…"</span>
            </summary>
            <div class="confirm-body">
                <p>{cost}</p>
                <StopAgent name mode="kill" look/>
            </div>
        </details>
    }
    .any()
}

/// The buttons that make sense for the agent as it is.
#[component]
pub(crate) fn AgentControls(#[prop(into)] agent: Signal<Agent>) -> impl IntoView {
    let name = agent.read_untracked().name.clone();
    let status = memo(move || agent.read().status);
    let holds = memo(move || held(&agent.read()));
    let startable = memo(move || can_start(&agent.read()));
    part(move || {
        let name = name.clone();
        let holds_any = memo(move || holds.get() > 0);
        let kill = {
            let name = name.clone();
            maybe(move || {
                let name = name.clone();
                holds_any.get().then(|| view! { <KillAgent name holds/> })
            })
        };
        match status.get() {
            AgentStatus::Offline | AgentStatus::Error => {
                let start = startable.get().then(|| view! { <StartAgent name/> }.any());
                view! {
                    {start.unwrap_or_else(nothing)}
                    {kill}
                }
                .any()
            }
            // Starting it again undoes the wish to stop.
            AgentStatus::Draining => view! {
                {kill}
                <StartAgent name/>
            }
            .any(),
            _ => view! {
                <DrainAgent name/>
                {kill}
            }
            .any(),
        }
    })
}

/// True for an agent that is not there and can be started from here. A worker elsewhere that fell
/// silent cannot: its `error` says what has to happen.
pub(crate) fn can_start(agent: &Agent) -> bool {
    match agent.status {
        AgentStatus::Error => true,
        AgentStatus::Offline => agent.error.is_none(),
        _ => false,
    }
}

#[component]
pub(crate) fn EnableDemo() -> impl IntoView {
    let look = Look {
        label: "Enable the demo agent",
        icon: "play",
        class: "primary",
    };
    view! { <ActionButton action=Action::EnableDemo about="" fields=Vec::new() look of=""/> }
}

/// How many tasks an agent holds.
pub(crate) fn held(agent: &Agent) -> u64 {
    u64::try_from(agent.running.len()).unwrap_or(u64::MAX)
}
