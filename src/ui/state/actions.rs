//! What people ask for. The actions live as long as the app, so that the answer is heard even
//! when the button is gone by then.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::live::Live;
use super::toasts::Toasts;
use crate::domain::{Agent, AppError, StopMode, Task};
use crate::rpc::{agents, tasks};
use crate::ui::paths;

/// A notice in words, with a link to go on.
type Words = (String, Option<(String, String)>);

/// Everything that buttons and forms can ask for.
#[derive(Clone, Copy)]
pub(crate) struct Actions {
    pub(crate) create: ServerAction<tasks::Create>,
    pub(crate) cancel: ServerAction<tasks::Cancel>,
    pub(crate) retry: ServerAction<tasks::Retry>,
    pub(crate) start: ServerAction<tasks::Start>,
    pub(crate) input: ServerAction<tasks::Input>,
    pub(crate) start_agent: ServerAction<agents::Start>,
    pub(crate) stop_agent: ServerAction<agents::Stop>,
    pub(crate) enable_demo: ServerAction<agents::EnableDemo>,
}

impl Actions {
    /// Creates them, and says in a notice how each request ended.
    pub(crate) fn provide(live: Live, toasts: Toasts) {
        let actions = Self {
            create: ServerAction::new(),
            cancel: ServerAction::new(),
            retry: ServerAction::new(),
            start: ServerAction::new(),
            input: ServerAction::new(),
            start_agent: ServerAction::new(),
            stop_agent: ServerAction::new(),
            enable_demo: ServerAction::new(),
        };
        provide_context(actions);
        let report = Report { live, toasts };
        report.on(actions.create, |task| {
            (format!("Created #{}", task.number), Some(open(task)))
        });
        report.on(actions.cancel, |task| {
            let word = if task.status.is_finished() {
                "Cancelled"
            } else {
                "Stopping"
            };
            (format!("{word} #{}", task.number), None)
        });
        report.on(actions.retry, |task| {
            (
                format!("Created #{} to try again", task.number),
                Some(open(task)),
            )
        });
        report.on(actions.start, |task| {
            (format!("#{} goes first", task.number), None)
        });
        report.on(actions.input, |task| {
            (format!("Answered #{}", task.number), None)
        });
        report.on(actions.start_agent, stands);
        report.on(actions.stop_agent, stands);
        report.on(actions.enable_demo, stands);
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// True while an agent is being told to stop this way.
    pub(crate) fn is_stopping(&self, name: String, mode: StopMode) -> Signal<bool> {
        busy(self.stop_agent, move |stop| {
            stop.name == name && stop.mode == mode
        })
    }
}

/// True while `action` works on what `concerns` recognises.
pub(crate) fn busy<S>(
    action: ServerAction<S>,
    concerns: impl Fn(&S) -> bool + Send + Sync + 'static,
) -> Signal<bool>
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let (pending, input) = (action.pending(), action.input());
    Signal::derive(move || {
        pending.get() && input.with(|input| input.as_ref().is_some_and(&concerns))
    })
}

fn open(task: &Task) -> (String, String) {
    let label = format!("Open #{}", task.number);
    (label, paths::task(task.number))
}

fn stands(agent: &Agent) -> Words {
    let words = format!("{} is {}", agent.title, agent.status.label());
    (words, None)
}

#[derive(Clone, Copy)]
struct Report {
    live: Live,
    toasts: Toasts,
}

impl Report {
    fn on<S>(
        self,
        action: ServerAction<S>,
        done: impl Fn(&S::Output) -> Words + Send + Sync + 'static,
    ) where
        S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
        S::Output: Send + Sync + 'static,
    {
        let (version, value) = (action.version(), action.value());
        Effect::new(move |_| {
            if version.get() == 0 {
                return;
            }
            let outcome = value.with_untracked(|value| match value {
                Some(Ok(output)) => Some(Ok(done(output))),
                Some(Err(error)) => Some(Err(error.clone())),
                None => None,
            });
            self.tell(outcome);
        });
    }

    fn tell(self, outcome: Option<Result<Words, AppError>>) {
        match outcome {
            Some(Ok((words, link))) => {
                self.toasts.say(words, link);
                self.live.nudge();
            }
            Some(Err(error)) => self.toasts.fail(&error),
            None => {}
        }
    }
}
