//! The promise of the feed: whoever applies its messages, and fetches when told to, sees what
//! the server sees. Tried with a client that comes and goes in the middle of everything.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::domain::{Agent, Epoch, Seq, Task, TaskStatus};
use crate::tests::support::{
    Client, Frame, Socket, TestApp, eventually, eventually_equal, fake, seq_of,
};

/// What a client knows.
#[derive(Default)]
struct Picture {
    tasks: BTreeMap<i64, Task>,
    agents: BTreeMap<String, Agent>,
    /// The last message that is part of it.
    seen: Seq,
    epoch: Epoch,
    /// How often it had to fetch, and how often it did not.
    resyncs: usize,
    resumed: usize,
}

impl Picture {
    /// Fetches everything, as after a resync at `seq`.
    async fn fetch(&mut self, client: &Client, seq: Seq) {
        let mut next = Some("/api/tasks?limit=7".to_owned());
        self.tasks.clear();
        while let Some(path) = next {
            let page = client.get(&path).await.expect(200);
            self.tasks.extend(
                page.to::<Vec<Task>>()
                    .into_iter()
                    .map(|task| (task.number, task)),
            );
            next = page.next_page();
        }
        let agents: Vec<Agent> = client.get("/api/agents").await.expect(200).to();
        self.agents = agents
            .into_iter()
            .map(|agent| (agent.name.clone(), agent))
            .collect();
        self.seen = seq;
    }

    async fn apply(&mut self, client: &Client, frame: Frame) {
        if let Some(seq) = seq_of(&frame) {
            // What was sent before a resumption comes again after it.
            if seq <= self.seen {
                return;
            }
            self.seen = seq;
        }
        match frame {
            Frame::Task { data, .. } => {
                self.tasks.insert(data.number, *data);
            }
            Frame::Agent { data, .. } => {
                self.agents.insert(data.name.clone(), *data);
            }
            Frame::Resync { seq } => {
                self.resyncs += 1;
                self.fetch(client, seq).await;
            }
            Frame::Activity { .. } => {}
            frame => panic!("{frame:?}"),
        }
    }

    /// Tasks without what time alone changes.
    fn rows(&self) -> Vec<Value> {
        self.tasks.values().map(row).collect()
    }

    fn agents(&self) -> Vec<Value> {
        let plain = |agent: &Agent| {
            let running: Vec<_> = agent.running.iter().map(ToString::to_string).collect();
            let done = [agent.metrics.completed, agent.metrics.failed];
            json!({"name": agent.name, "status": agent.status, "running": running, "done": done})
        };
        self.agents.values().map(plain).collect()
    }
}

/// The estimate of an unfinished task changes with every other task that finishes.
fn row(task: &Task) -> Value {
    let mut row = serde_json::to_value(task).unwrap();
    row.as_object_mut().unwrap().remove("estimated_seconds");
    row
}

/// What somebody does to the server.
#[derive(Clone, Debug)]
enum Deed {
    Create(&'static str, Option<&'static str>),
    Cancel(i64),
    Edit(i64),
    Expedite(i64),
    Retry(i64),
    Answer(i64),
    StopAgent(&'static str),
    StartAgent(&'static str),
}

fn deed() -> impl Strategy<Value = Deed> {
    let scripts = prop_oneof![
        Just("fake:\nprogress 0.5\nresult 1"),
        Just("fake:\nwait 30ms\nprogress 0.3\nwait 30ms\nlog hi"),
        Just("fake:\nfail no"),
        Just("fake:\nask which?"),
        Just("fake:\nwait 200ms"),
    ];
    let agent = prop_oneof![Just("a"), Just("b")];
    let wanted = prop_oneof![3 => Just(None), 1 => Just(Some("a")), 1 => Just(Some("nobody"))];
    let number = 1..60_i64;
    prop_oneof![
        6 => (scripts, wanted).prop_map(|(script, agent)| Deed::Create(script, agent)),
        2 => number.clone().prop_map(Deed::Cancel),
        1 => number.clone().prop_map(Deed::Edit),
        1 => number.clone().prop_map(Deed::Expedite),
        1 => number.clone().prop_map(Deed::Retry),
        2 => number.prop_map(Deed::Answer),
        1 => agent.clone().prop_map(Deed::StopAgent),
        2 => agent.prop_map(Deed::StartAgent),
    ]
}

async fn act(client: &Client, deed: Deed) {
    let empty = json!({});
    let answer = match deed {
        Deed::Create(script, agent) => {
            let task = json!({"description": script, "agent": agent, "max_attempts": 2});
            client.post("/api/tasks", &task).await
        }
        Deed::Cancel(n) => client.delete(&format!("/api/tasks/{n}")).await,
        Deed::Edit(n) => {
            client
                .patch(
                    &format!("/api/tasks/{n}"),
                    &json!({"title": "new", "labels": ["x"]}),
                )
                .await
        }
        Deed::Expedite(n) => client.post(&format!("/api/tasks/{n}/start"), &empty).await,
        Deed::Retry(n) => client.post(&format!("/api/tasks/{n}/retry"), &empty).await,
        Deed::Answer(n) => {
            client
                .post(&format!("/api/tasks/{n}/input"), &json!({"text": "this"}))
                .await
        }
        Deed::StopAgent(name) => {
            client
                .post(&format!("/api/agents/{name}/stop"), &empty)
                .await
        }
        Deed::StartAgent(name) => {
            client
                .post(&format!("/api/agents/{name}/start"), &empty)
                .await
        }
    };
    assert!(answer.status < 500, "{answer:?}");
}

/// Follows for a while, then leaves; answers when it has read `frames` or nothing is left.
async fn visit(app: &TestApp, picture: &mut Picture, frames: usize, forget: bool) {
    let mut socket = app.socket().await;
    let (epoch, since) = if forget {
        ("forgotten".to_owned(), 0)
    } else {
        (picture.epoch.clone(), picture.seen)
    };
    socket.send(&resume(&epoch, since)).await;
    picture.epoch.clone_from(&socket.epoch);
    let resyncs = picture.resyncs;
    for frame in greeted(&mut socket, frames).await {
        picture.apply(app.client(), frame).await;
    }
    picture.resumed += usize::from(picture.resyncs == resyncs);
}

fn resume(epoch: &str, since: Seq) -> Value {
    json!({"action": "subscribe", "topics": ["tasks", "agents", "activity"], "epoch": epoch, "since": since})
}

/// What was missed, in order. Up to the pong, messages that were on their way already may come
/// before what is replayed, and once more within it.
async fn greeted(socket: &mut Socket, most: usize) -> Vec<Frame> {
    let mut frames = socket.until_pong().await;
    let resync = |frame: &Frame| matches!(frame, Frame::Resync { .. });
    if let Some(at) = frames.iter().position(resync) {
        frames.drain(..at);
    }
    frames.sort_by_key(seq_of);
    frames.truncate(most.max(1));
    frames
}

/// Answers the picture that it ended with.
async fn one_story(deeds: Vec<Deed>, visits: Vec<(usize, bool)>) -> Picture {
    let app = TestApp::with(vec![fake("a", 2), fake("b", 1)]).await;
    let client = app.client();
    let mut picture = Picture::default();
    let working = async {
        for pair in deeds.chunks(3) {
            let together = pair.iter().map(|deed| act(client, deed.clone()));
            futures_util::future::join_all(together).await;
        }
    };
    let following = async {
        for (frames, forget) in visits {
            visit(&app, &mut picture, frames, forget).await;
        }
    };
    tokio::join!(working, following);
    // Everybody comes to rest, then both must agree.
    let mut socket = app.socket().await;
    socket.send(&resume(&picture.epoch, picture.seen)).await;
    for frame in greeted(&mut socket, usize::MAX).await {
        picture.apply(client, frame).await;
    }
    let mut truth = Picture::default();
    eventually("everything comes to rest", async || {
        truth.fetch(client, 0).await;
        let running = |task: &Task| task.status == TaskStatus::Running;
        (!truth.tasks.values().any(running)).then_some(())
    })
    .await;
    eventually_equal("the picture equals the truth", async || {
        for frame in socket.until_pong().await {
            picture.apply(client, frame).await;
        }
        truth.fetch(client, 0).await;
        // Only what differs is worth showing.
        let (left, right) = (picture.rows(), truth.rows());
        let different = |(left, right): &(Value, Value)| left != right;
        let same_length = left.len() == right.len();
        let rows: (Vec<_>, Vec<_>) = left.into_iter().zip(right).filter(different).unzip();
        (
            (rows.0, picture.agents(), true),
            (rows.1, truth.agents(), same_length),
        )
    })
    .await;
    picture
}

#[tokio::test]
async fn whoever_comes_and_goes_ends_with_the_true_picture() {
    let mut runner = TestRunner::deterministic();
    let deeds = proptest::collection::vec(deed(), 60..120);
    let visits = proptest::collection::vec((0..40_usize, prop::bool::weighted(0.2)), 5..25);
    let (mut resyncs, mut resumed) = (0, 0);
    for _ in 0..8 {
        let deeds = deeds.new_tree(&mut runner).unwrap().current();
        let visits = visits.new_tree(&mut runner).unwrap().current();
        let picture = Box::pin(one_story(deeds, visits)).await;
        assert!(!picture.tasks.is_empty());
        resyncs += picture.resyncs;
        resumed += picture.resumed;
    }
    // Neither way alone would show the promise.
    assert!(resyncs > 8 && resumed > 20, "{resyncs}, {resumed}");
}
