//! A scripted agent for demonstrations and tests. It runs nothing real, and says so.

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::script::{Script, Step, within};
use super::{Assignment, Controls};
use crate::domain::{AgentEvent, Answer, NewLog, Outcome};
use crate::server::config::FakeConfig;

/// What is played when neither task nor configuration brings a script: about 20 seconds.
const DEMONSTRATION: &str = "
log \u{1b}[1mDemonstration agent\u{1b}[0m: nothing real runs, these lines come from a script
progress 0.05
wait 1500ms
log Reading the task and drawing up a plan
log debug plan: read, change, test, report
progress 0.15
wait 2500ms
log \u{1b}[36m▸ step 1\u{1b}[0m read 14 files
usage 5200 310 0.004
progress 0.3
wait 3s
log \u{1b}[36m▸ step 2\u{1b}[0m changed 2 files \u{1b}[32m+48\u{1b}[0m \u{1b}[31m-12\u{1b}[0m
progress 0.5
wait 3s
log warn a test is slow: \u{1b}[33mrenders_ten_thousand_rows\u{1b}[0m took 1.9 s
progress 0.65
wait 3s
log \u{1b}[36m▸ step 3\u{1b}[0m ran the tests: \u{1b}[32m31 passed\u{1b}[0m
usage 14100 2250 0.021
progress 0.85
wait 4s
log \u{1b}[36m▸ step 4\u{1b}[0m wrote the report
wait 2500ms
progress 1
usage 16800 2900 0.026
result {\"demonstration\": true, \"summary\": \"This was a demonstration: a script played log lines and numbers, and nothing real ran.\"}
";

/// Plays a script for each task.
#[derive(Debug, Default)]
pub(crate) struct FakeAdapter {
    script: Option<String>,
}

impl FakeAdapter {
    pub(crate) fn new(config: &FakeConfig) -> Self {
        Self {
            script: config.script.clone(),
        }
    }

    /// Whether its own script can be read.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.script
            .as_deref()
            .map_or(Ok(()), |script| Script::parse(script).map(|_| ()))
    }

    pub(crate) async fn run(
        &self,
        assignment: Assignment,
        controls: Controls,
        events: mpsc::Sender<Vec<AgentEvent>>,
    ) -> Outcome {
        let brought = within(&assignment.description);
        let text = brought.or(self.script.as_deref());
        let script = match Script::parse(text.unwrap_or(DEMONSTRATION)) {
            Ok(script) => script,
            Err(reason) if brought.is_some() => return Outcome::failed_for_good(reason),
            Err(reason) => return Outcome::NotStarted(reason),
        };
        let Controls {
            cancel,
            kill,
            mut input,
        } = controls;
        let told_to_stop = async {
            cancel.cancelled().await;
            sleep(script.stubborn).await;
        };
        tokio::select! {
            biased;
            () = kill.cancelled() => Outcome::Cancelled,
            () = told_to_stop => Outcome::Cancelled,
            outcome = play(&script.steps, &mut input, &events) => outcome,
        }
    }
}

async fn play(
    steps: &[Step],
    input: &mut mpsc::UnboundedReceiver<Answer>,
    events: &mpsc::Sender<Vec<AgentEvent>>,
) -> Outcome {
    // A listener that is gone changes nothing for the player.
    let emit = async |event| drop(events.send(vec![event]).await);
    for step in steps {
        match step {
            Step::Log(level, message) => {
                let (message, level) = (message.clone(), *level);
                emit(AgentEvent::Log(NewLog {
                    message,
                    level,
                    ..NewLog::default()
                }))
                .await;
            }
            Step::Progress(progress) => emit(AgentEvent::Progress(*progress)).await,
            Step::Wait(time) => sleep(*time).await,
            Step::Ask(question) => {
                emit(AgentEvent::NeedsInput(question.clone())).await;
                let Some(answer) = input.recv().await else {
                    return Outcome::failed("nobody is there to answer");
                };
                emit(AgentEvent::Resumed).await;
                emit(AgentEvent::Log(NewLog {
                    message: format!("answered: {}", answer.text),
                    ..NewLog::default()
                }))
                .await;
            }
            Step::Usage(usage) => emit(AgentEvent::Usage(usage.clone())).await,
            Step::Result(result) => emit(AgentEvent::Result(result.clone())).await,
            Step::Fail(reason) => return Outcome::failed(reason.clone()),
            Step::Hang => std::future::pending().await,
        }
    }
    Outcome::Completed
}
