//! Both pipes of a process become one channel of batches.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::lines::Lines;
use crate::domain::{AgentEvent, LogLevel, LogStream, NewLog, NewQuestion};

/// A line that stays unfinished this long is shown as far as it is: it may be a question.
const QUIET: Duration = Duration::from_millis(200);
/// Batches leave at most this often. The first line after a pause leaves at once.
const PACE: Duration = Duration::from_millis(50);
/// What storage takes in one go without delaying others.
const BATCH: usize = 500;
/// More than this does not wait for storage in one batch, in bytes.
const BATCH_BYTES: usize = 1024 * 1024;
/// How long to wait for the end of the pipes once the process has ended. Everything that it
/// started is dead by then, so only somebody who was handed the pipe can keep it open.
const LINGER: Duration = Duration::from_secs(2);
const CHUNK: usize = 16 * 1024;

/// Forwards output until both pipes end, or for a while after `ended`.
pub(super) async fn pump(
    (stdout, stderr): (impl AsyncRead + Unpin, impl AsyncRead + Unpin),
    mut questions: Questions,
    events: mpsc::Sender<Vec<AgentEvent>>,
    ended: CancellationToken,
) {
    let mut out = Pipe::new(stdout, LogStream::Stdout);
    let mut err = Pipe::new(stderr, LogStream::Stderr);
    let mut batch = EventBatch::new(events);
    let last_call = async {
        ended.cancelled().await;
        sleep(LINGER).await;
    };
    tokio::pin!(last_call);
    while out.open || err.open {
        let wake = [out.quiet_at, err.quiet_at, batch.due()];
        let wake = wake.into_iter().flatten().min();
        tokio::select! {
            () = out.read(), if out.open => {}
            () = err.read(), if err.open => {}
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            () = &mut last_call => {
                out.drain().await;
                err.drain().await;
                break;
            }
        }
        let now = Instant::now();
        batch.pending.extend(questions.sort(out.take(now)));
        batch.pending.extend(err.take(now));
        batch.send_due(now).await;
    }
    batch.pending.extend(questions.sort(out.finish()));
    batch.pending.extend(err.finish());
    batch.send_all().await;
}

/// What becomes of the questions of a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Questions {
    /// A person is asked, and the answer comes back.
    Asked,
    /// It has no way to hear an answer, and nobody was told of that yet.
    InVain,
    /// The log says so already.
    Explained,
}

impl Questions {
    fn sort(&mut self, events: Vec<AgentEvent>) -> Vec<AgentEvent> {
        if *self == Self::Asked {
            return events;
        }
        let mut sorted = Vec::with_capacity(events.len());
        for event in events {
            let AgentEvent::NeedsInput(NewQuestion { text, .. }) = event else {
                sorted.push(event);
                continue;
            };
            sorted.push(AgentEvent::Log(NewLog {
                message: format!("asks: {text}"),
                stream: LogStream::Stdout,
                ..NewLog::default()
            }));
            if std::mem::replace(self, Self::Explained) == Self::InVain {
                sorted.push(AgentEvent::Log(NewLog {
                    message: "nobody can answer: this agent is not given answers; set input = \
                              \"lines\" in its settings and read them from standard input"
                        .to_owned(),
                    level: LogLevel::Warn,
                    stream: LogStream::System,
                    ..NewLog::default()
                }));
            }
        }
        sorted
    }
}

struct Pipe<R> {
    source: R,
    open: bool,
    buffer: Vec<u8>,
    lines: Lines,
    events: Vec<AgentEvent>,
    /// When an unfinished line has been quiet for long enough.
    quiet_at: Option<Instant>,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(source: R, stream: LogStream) -> Self {
        Self {
            source,
            open: true,
            buffer: vec![0; CHUNK],
            lines: Lines::new(stream),
            events: Vec::new(),
            quiet_at: None,
        }
    }

    /// Dropping this loses nothing: what was read is kept before anything else can happen.
    async fn read(&mut self) {
        match self.source.read(&mut self.buffer).await {
            Ok(0) | Err(_) => self.open = false,
            Ok(length) => {
                self.lines.push(&self.buffer[..length], &mut self.events);
                self.quiet_at = Some(Instant::now() + QUIET);
            }
        }
    }

    /// Reads what lies in the pipe, which holds at most 1 MiB.
    async fn drain(&mut self) {
        for _ in 0..(1 << 20) / CHUNK {
            let read = timeout(Duration::ZERO, unconstrained(self.read())).await;
            if read.is_err() || !self.open {
                break;
            }
        }
    }

    fn take(&mut self, now: Instant) -> Vec<AgentEvent> {
        if self.quiet_at.is_some_and(|at| at <= now) {
            self.quiet_at = None;
            self.lines.show_partial(&mut self.events);
        }
        std::mem::take(&mut self.events)
    }

    fn finish(mut self) -> Vec<AgentEvent> {
        self.lines.end_stream(&mut self.events);
        self.events
    }
}

struct EventBatch {
    events: mpsc::Sender<Vec<AgentEvent>>,
    pending: Vec<AgentEvent>,
    /// When the next batch may leave.
    next: Instant,
}

impl EventBatch {
    fn new(events: mpsc::Sender<Vec<AgentEvent>>) -> Self {
        Self {
            events,
            pending: Vec::new(),
            next: Instant::now(),
        }
    }

    fn due(&self) -> Option<Instant> {
        (!self.pending.is_empty()).then_some(self.next)
    }

    async fn send_due(&mut self, now: Instant) {
        while self.pending.len() >= BATCH
            || self.pending.iter().map(size).sum::<usize>() >= BATCH_BYTES
        {
            self.send().await;
        }
        if self.due().is_some_and(|at| at <= now) {
            self.send().await;
        }
    }

    async fn send_all(mut self) {
        while !self.pending.is_empty() {
            self.send().await;
        }
    }

    async fn send(&mut self) {
        let mut room = BATCH_BYTES;
        let fits = |event: &&AgentEvent| {
            let fits = room > 0;
            room = room.saturating_sub(size(event));
            fits
        };
        let length = self.pending.iter().take(BATCH).take_while(fits).count();
        let mut batch: Vec<_> = self.pending.drain(..length).collect();
        keep_last_progress(&mut batch);
        // A receiver that is gone wants nothing more; the process must not block on it.
        let _ = self.events.send(batch).await;
        self.next = Instant::now() + PACE;
    }
}

/// About how much of memory it takes.
fn size(event: &AgentEvent) -> usize {
    match event {
        AgentEvent::Log(log) => log.message.len(),
        // A result or question came as one line, which has a bound of its own.
        _ => 0,
    }
}

/// Only the latest progress of a batch matters to anybody.
fn keep_last_progress(batch: &mut Vec<AgentEvent>) {
    let is_progress = |event: &AgentEvent| matches!(event, AgentEvent::Progress(_));
    let mut left = batch.iter().filter(|event| is_progress(event)).count();
    batch.retain(|event| {
        if is_progress(event) {
            left -= 1;
            return left == 0;
        }
        true
    });
}

#[cfg(test)]
mod tests {
    use super::keep_last_progress;
    use crate::domain::{AgentEvent, NewLog};

    #[test]
    fn only_the_last_progress_of_a_batch_is_kept() {
        let log = AgentEvent::Log(NewLog::default());
        let mut batch = vec![
            AgentEvent::Progress(0.1),
            log.clone(),
            AgentEvent::Progress(0.3),
            AgentEvent::Progress(0.2),
            log.clone(),
        ];
        keep_last_progress(&mut batch);
        assert_eq!(batch, [log.clone(), AgentEvent::Progress(0.2), log]);
    }
}
