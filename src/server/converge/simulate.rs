//! A loop that only pretends, for the dashboard's `--mock`: session after session, served as a
//! real loop serves them. A few have happened already when it starts.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::journal::Journal;
use super::outcome::SessionTotals;
use super::rules::{Iteration, Rule};
use super::session::{Beginning, RunningSession, SessionError};
use super::socket::Socket;
use super::story::{Chance, Plot, Story};
use crate::domain::{LoopMove, LoopStep, Severity};
use crate::server::clock::Clock;

/// Sessions that have happened already.
const EARLIER: usize = 5;
/// What the sessions are said to work on.
const TARGET: &str = "shop";
const MOST_ITERATIONS: u32 = 7;
/// Between two sessions.
const PAUSE: Duration = Duration::from_secs(12);
/// Makes every start the same.
const SEED: u64 = 20_261_122;

const TOOLS: [(&str, &[&str]); 4] = [
    ("cargo", &["clippy", "--message-format=json"]),
    ("kimi", &["--print", "mend what is open"]),
    ("./attack.sh", &["--quick"]),
    ("cargo", &["test"]),
];

/// Serves simulated sessions until `stopping` fires. Nothing happens while nobody listens.
pub(crate) async fn simulate(listener: TcpListener, clock: Clock, stopping: CancellationToken) {
    let (socket, serving) = match Socket::open(listener, clock, stopping.clone()) {
        Ok(opened) => opened,
        Err(error) => return tracing::warn!("no simulated loop: {error}"),
    };
    let playing = async {
        if let Err(error) = play_on(&socket, clock).await {
            tracing::warn!("the simulated loop ended: {error}");
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = serving => {}
        () = playing => {}
        () = stopping.cancelled() => {}
    }
}

async fn play_on(socket: &Socket, clock: Clock) -> Result<(), SessionError> {
    let mut journal = Journal::temporary()?;
    for number in 0..EARLIER {
        let hours = i64::try_from(EARLIER - number).unwrap_or(1);
        let mut session = RunningSession::new(journal.clone(), clock, clock.uuid().to_string());
        session.past = Some(clock.now().plus_seconds(-hours * 2700));
        play(&mut session, number).await?;
    }
    let mut number = EARLIER;
    loop {
        socket.tell(&journal);
        socket.until(|served| served.open > 0).await;
        let mut session = RunningSession::new(journal.clone(), clock, clock.uuid().to_string());
        play(&mut session, number).await?;
        session.close();
        tokio::time::sleep(PAUSE).await;
        number += 1;
        journal = Journal::temporary()?;
    }
}

/// Plays one session, as fast as it is told of if it is past.
async fn play(session: &mut RunningSession, number: usize) -> Result<(), SessionError> {
    let seed = SEED + u64::try_from(number).unwrap_or(0);
    let mut story = Story::new(Plot::of(number), seed);
    let mut chance = Chance(seed);
    let mut rule = Rule::new(1, Severity::Unknown);
    let mut totals = SessionTotals::default();
    session.start(Beginning {
        target: TARGET,
        ..Beginning::default()
    })?;
    loop {
        session.begin_iteration()?;
        let begin = if session.iteration() == 1 {
            LoopMove::Start
        } else {
            LoopMove::Retry
        };
        let moves = [
            begin,
            LoopMove::DiagnosisComplete,
            LoopMove::FixComplete,
            LoopMove::AttackComplete,
        ];
        let mut iteration = Iteration::default();
        for ((step, begin), (tool, args)) in LoopStep::ALL.into_iter().zip(moves).zip(TOOLS) {
            session.go(begin)?;
            let args: Vec<_> = args.iter().map(|word| (*word).to_owned()).collect();
            session.begin_step(step, tool, &args)?;
            pass(session, 1000 + 20 * chance.below(100)).await;
            if step == LoopStep::Fix && story.gives_out() {
                session.fail("fix: kimi did not answer for 300 s")?;
                return session.end(None);
            }
            let outcome = story.play(step);
            totals.add(step, &outcome);
            session.end_step(step, &outcome)?;
            iteration.add(step, outcome);
        }
        if rule.judge(&iteration) {
            session.converge(totals)?;
            return session.end(None);
        }
        session.go(LoopMove::Retry)?;
        session.end_iteration()?;
        if session.iteration() >= MOST_ITERATIONS {
            session.give_up(&format!("Max iterations ({MOST_ITERATIONS}) reached"))?;
            return session.end(None);
        }
        pass(session, 700).await;
    }
}

/// Lets time pass; what is past took longer, and takes none now.
async fn pass(session: &mut RunningSession, millis: usize) {
    let millis = u64::try_from(millis).unwrap_or(0);
    match &mut session.past {
        Some(time) => *time = time.plus_seconds(i64::try_from(millis / 60).unwrap_or(0)),
        None => tokio::time::sleep(Duration::from_millis(millis)).await,
    }
}
