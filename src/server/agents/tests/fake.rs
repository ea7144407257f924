//! Scripts at play.

use super::{Running, agent, assignment, failed, said};
use crate::domain::{AgentEvent, Answer, LogStream, NewQuestion, Outcome, Then};
use crate::server::config::{FakeConfig, KindConfig};

async fn fake(description: &str) -> (Outcome, Vec<AgentEvent>) {
    let config = agent(KindConfig::Fake(FakeConfig::default()));
    Running::start(config, assignment(description)).end().await
}

#[tokio::test]
async fn a_fake_agent_plays_the_script_of_its_task() {
    let (outcome, events) = fake("fake:\nlog hi\nprogress 0.5\nresult done").await;
    assert_eq!(outcome, Outcome::Completed);
    assert_eq!(said(&events, LogStream::Agent), ["hi"]);
    assert_eq!(
        events[1..],
        [AgentEvent::Progress(0.5), AgentEvent::Result("done".into())]
    );
    assert_eq!(fake("fake: fail no").await.0, failed("no"));
    let unreadable = fake("fake: dance").await.0;
    assert!(
        matches!(unreadable, Outcome::Failed { then, .. } if then == Then::Fail),
        "no further attempt would read it better"
    );
}

#[tokio::test]
async fn a_fake_agent_asks_waits_and_stops() {
    let config = agent(KindConfig::Fake(FakeConfig::default()));
    let mut running = Running::start(
        config.clone(),
        assignment("fake:\nask which?\nlog then\nhang"),
    );
    let question = running.events.recv().await.unwrap();
    assert_eq!(
        question,
        [AgentEvent::NeedsInput(NewQuestion::asking("which?"))]
    );
    let answer = Answer {
        question: "1".to_owned(),
        text: "this".to_owned(),
        option: None,
    };
    running.input.send(answer.clone()).unwrap();
    assert_eq!(running.log("answered:").await, "this");
    assert_eq!(running.seen[0], AgentEvent::Resumed);
    running.log("then").await;
    running.cancel.cancel();
    assert_eq!(running.end().await.0, Outcome::Cancelled);

    let stubborn = "fake:\nstubborn 60s\nlog on\nask which?\nwait 200ms\nlog still\nhang";
    let mut running = Running::start(config, assignment(stubborn));
    running.log("on").await;
    running.cancel.cancel();
    // It goes on as if nothing had been said.
    running.input.send(answer).unwrap();
    running.log("still").await;
    running.kill.cancel();
    assert_eq!(running.end().await.0, Outcome::Cancelled);
}
