//! What can be done to an agent. To drain and to kill are different buttons.

use leptos::either::EitherOf3;
use leptos::prelude::*;

use super::action::{ActionButton, Look};
use super::format::count;
use crate::domain::{Agent, AgentStatus, StopMode};
use crate::ui::state::{Actions, busy};

/// Starts a stopped agent, or tries again after an error.
#[component]
pub(crate) fn StartAgent(
    /// Its name.
    name: String,
) -> impl IntoView {
    let action = Actions::get().start_agent;
    let look = Look {
        label: "Start",
        icon: "play",
        class: "quiet",
    };
    let this = name.clone();
    let busy = busy(action, move |start| start.name == this);
    let fields = vec![("name", name.clone())];
    view! { <ActionButton action fields look of=name busy/> }
}

/// Lets an agent finish what it holds, then stops it.
#[component]
fn DrainAgent(
    /// Its name.
    name: String,
) -> impl IntoView {
    let actions = Actions::get();
    let look = Look {
        label: "Stop",
        icon: "square",
        class: "quiet",
    };
    let busy = actions.is_stopping(name.clone(), StopMode::Drain);
    let fields = vec![("name", name.clone()), ("mode", "drain".into())];
    view! { <ActionButton action=actions.stop_agent fields look of=name busy/> }
}

/// Stops an agent at once, after saying what that costs.
#[component]
fn KillAgent(
    /// Its name.
    name: String,
    /// How many tasks it holds.
    #[prop(into)]
    holds: Signal<u64>,
) -> impl IntoView {
    let actions = Actions::get();
    let look = Look {
        label: "Kill now",
        icon: "octagon-x",
        class: "danger",
    };
    let cost = move || match holds.get() {
        0 => "It holds no task.".to_owned(),
        held => format!("This cancels {}.", count(held, "task")),
    };
    let busy = actions.is_stopping(name.clone(), StopMode::Kill);
    let fields = vec![("name", name.clone()), ("mode", "kill".into())];
    let about = format!("Kill {name}…");
    view! {
        <details class="confirm">
            <summary class="btn quiet" aria-label=about>
                "Kill…"
            </summary>
            <div class="confirm-body">
                <p>{cost}</p>
                <ActionButton action=actions.stop_agent fields look of=name busy/>
            </div>
        </details>
    }
}

/// The buttons that make sense for the agent as it is.
#[component]
pub(crate) fn AgentControls(
    /// The agent.
    #[prop(into)]
    agent: Signal<Agent>,
) -> impl IntoView {
    let name = agent.with_untracked(|agent| agent.name.clone());
    let status = Memo::new(move |_| agent.with(|agent| agent.status));
    let holds = Memo::new(move |_| agent.with(held));
    move || {
        let name = name.clone();
        match status.get() {
            AgentStatus::Offline | AgentStatus::Error => EitherOf3::A(view! { <StartAgent name/> }),
            AgentStatus::Draining => EitherOf3::B(view! { <KillAgent name holds/> }),
            _ => EitherOf3::C(view! {
                <DrainAgent name=name.clone()/>
                <KillAgent name holds/>
            }),
        }
    }
}

/// Enables the built-in demonstration agent.
#[component]
pub(crate) fn EnableDemo() -> impl IntoView {
    let action = Actions::get().enable_demo;
    let look = Look {
        label: "Enable the demo agent",
        icon: "play",
        class: "primary",
    };
    let busy = busy(action, |_| true);
    view! { <ActionButton action fields=Vec::new() look of="" busy/> }
}

/// How many tasks an agent holds.
pub(crate) fn held(agent: &Agent) -> u64 {
    u64::try_from(agent.running.len()).unwrap_or(u64::MAX)
}
