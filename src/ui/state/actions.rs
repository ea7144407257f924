//! What people ask for through forms. Requests live as long as the app, so that the answer is
//! heard even when the button is gone by then.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;

use super::live::Live;
use super::toasts::Toasts;
use crate::domain::{Agent, AgentStatus, AppError, Task, closed};
use crate::rpc::{self, agents, convergence, tasks};
use crate::ui::browser::{self, Refusal};
use crate::ui::data::{error_of, read};
use crate::ui::paths;

/// How a form is written.
const FORM: &str = "application/x-www-form-urlencoded";

/// So long after an answer the button that asked may be gone, in milliseconds.
const RESCUE: u64 = 300;

/// A notice in words, with a link to go on.
type Words = (String, Option<(String, String)>);

/// What a form can ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    Create,
    Cancel,
    Retry,
    /// A retry with another description, which leads to the new task.
    RetryWith,
    Start,
    Input,
    StartAgent,
    StopAgent,
    EnableDemo,
    Accept,
}

impl Action {
    /// The server function that its form is sent to.
    pub(crate) fn url(self) -> &'static str {
        match self {
            Self::Create => tasks::Create::url(),
            Self::Cancel => tasks::Cancel::url(),
            Self::Retry | Self::RetryWith => tasks::Retry::url(),
            Self::Start => tasks::Start::url(),
            Self::Input => tasks::Input::url(),
            Self::StartAgent => agents::Start::url(),
            Self::StopAgent => agents::Stop::url(),
            Self::EnableDemo => agents::EnableDemo::url(),
            Self::Accept => convergence::Accept::url(),
        }
    }

    /// What is said about a good answer.
    fn words(self, answer: &[u8]) -> Result<Words, AppError> {
        let task = || read::<Task>(answer);
        let open = |task: &Task| (format!("Open #{}", task.number), paths::task(task.number));
        Ok(match self {
            Self::Create => {
                let task = task()?;
                (format!("Created #{}", task.number), Some(open(&task)))
            }
            Self::Retry | Self::RetryWith => {
                let task = task()?;
                let words = format!("Created #{} to try again", task.number);
                (words, Some(open(&task)))
            }
            Self::Cancel => {
                let task = task()?;
                let number = task.number;
                let words = if task.status.is_finished() {
                    format!("Cancelled #{number}")
                } else {
                    format!("Asked #{number} to stop")
                };
                (words, None)
            }
            Self::Start => (format!("#{} goes first", task()?.number), None),
            Self::Input => (format!("Answered #{}", task()?.number), None),
            Self::Accept => ("Accepted".to_owned(), None),
            Self::StartAgent | Self::StopAgent | Self::EnableDemo => {
                let agent: Agent = read(answer)?;
                let word = match (self, agent.status) {
                    (Self::StartAgent | Self::EnableDemo, AgentStatus::Idle) => "ready",
                    (_, status) => status.label(),
                };
                let title = closed(agent.shown_title().to_owned());
                (format!("{title} is {word}"), None)
            }
        })
    }
}

/// A request that has no answer yet.
#[derive(Clone, Debug, PartialEq)]
struct Pending {
    action: Action,
    about: String,
}

/// Everything that was asked for.
#[derive(Clone, Copy)]
pub(crate) struct Actions {
    pending: RwSignal<Vec<Pending>>,
    /// How often a task was to be created, and what went wrong the last time.
    created: RwSignal<(u32, Option<String>)>,
    /// The task that was tried again with changes last, and the number of the new one.
    retried: RwSignal<Option<(String, i64)>>,
    live: Live,
    toasts: Toasts,
}

impl Actions {
    pub(crate) fn provide(live: Live, toasts: Toasts) {
        Effect::new(move |_| {
            if live.is_connected() {
                toasts.end_silence();
            }
        });
        provide_context(Self {
            pending: RwSignal::new(Vec::new()),
            created: RwSignal::new((0, None)),
            retried: RwSignal::new(None),
            live,
            toasts,
        });
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// How often a task was to be created, and what went wrong the last time.
    pub(crate) fn created(self) -> (u32, Option<String>) {
        self.created.get()
    }

    /// The number of the task that tries `about` again with changes, told once.
    pub(crate) fn retried(self, about: &str) -> Option<i64> {
        let (_, number) = self.retried.get().filter(|(task, _)| task == about)?;
        self.retried.set(None);
        Some(number)
    }

    /// True while `action` is asked for the thing named by `about`.
    pub(crate) fn is_busy(self, action: Action, about: &str) -> bool {
        let pending = self.pending.read();
        let is_it = |it: &Pending| it.action == action && it.about == about;
        pending.iter().any(is_it)
    }

    /// Sends a form; says in a notice how that ended. What is being asked is not asked twice.
    pub(crate) fn send(self, action: Action, about: &str, body: String) {
        if untrack(|| self.is_busy(action, about)) {
            return;
        }
        let about = about.to_owned();
        let pending = Pending { action, about };
        self.pending.write().push(pending.clone());
        spawn_local(async move {
            let answer = browser::post(action.url(), FORM, body).await;
            self.pending.write().retain(|other| *other != pending);
            if let (Action::RetryWith, Ok(body)) = (action, &answer)
                && let Ok(task) = read::<Task>(body)
            {
                self.retried.set(Some((pending.about, task.number)));
            }
            self.tell(action, answer);
            // By then the page shows what came of it.
            browser::after(RESCUE, browser::rescue_focus);
        });
    }

    fn tell(self, action: Action, answer: Result<Vec<u8>, Refusal>) {
        let outcome = answer
            .map_err(|refusal| error_of(refusal, rpc::uncertain))
            .and_then(|body| action.words(&body));
        if action == Action::Create {
            let error = outcome.as_ref().err().map(|error| error.detail.clone());
            let count = self.created.get_untracked().0 + 1;
            self.created.set((count, error));
        }
        match outcome {
            Ok((words, link)) => {
                self.toasts.say(words, link);
                self.live.nudge();
            }
            Err(error) => self.toasts.fail(&error),
        }
    }
}
