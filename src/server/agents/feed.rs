//! What a process is given on its standard input: the text of its task, then answers to its
//! questions.

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::Answer;

/// The input of one run.
pub(super) struct Feed {
    pub(super) stdin: Option<ChildStdin>,
    pub(super) text: String,
    /// `None` where it hears of no answers: its input then ends after the text.
    pub(super) answers: Option<mpsc::UnboundedReceiver<Answer>>,
}

impl Feed {
    /// Ends early when the process does: one that never reads must not keep us.
    pub(super) async fn run(self, ended: CancellationToken) {
        ended.run_until_cancelled(self.write()).await;
    }

    async fn write(self) {
        let (Some(mut stdin), mut text) = (self.stdin, self.text) else {
            return;
        };
        if self.answers.is_some() && !text.is_empty() && !text.ends_with('\n') {
            // What follows is a line of its own.
            text.push('\n');
        }
        // A process may close its input before it has read everything.
        if stdin.write_all(text.as_bytes()).await.is_err() {
            return;
        }
        let Some(mut answers) = self.answers else {
            return;
        };
        while let Some(answer) = answers.recv().await {
            if stdin.write_all(line(&answer).as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

fn line(answer: &Answer) -> String {
    let Answer {
        question,
        text,
        option,
    } = answer;
    let input = json!({"input": {"question": question, "text": text, "option": option}});
    format!("{input}\n")
}
