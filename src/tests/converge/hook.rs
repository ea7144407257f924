//! Somebody who receives a webhook, and is down, broken or slow as told.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// What it does with a post.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mood {
    Takes,
    /// Answers that it is broken.
    Breaks,
    /// Takes it, and says that it did not.
    Lies,
    /// Does not answer until its mood is better.
    Sulks,
    /// Takes no more than one event at once.
    Narrow,
}

pub(super) struct Hook {
    pub(super) url: String,
    mood: watch::Sender<Mood>,
    shared: Shared,
    _serving: JoinSet<()>,
}

#[derive(Clone)]
struct Shared {
    mood: watch::Receiver<Mood>,
    taken: Arc<Mutex<Vec<Value>>>,
    posts: Arc<Semaphore>,
}

impl Hook {
    pub(super) async fn start(mood: Mood) -> Self {
        Self::at(0, mood).await
    }

    /// At a port that others know.
    pub(super) async fn at(port: u16, mood: Mood) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mood, felt) = watch::channel(mood);
        let shared = Shared {
            mood: felt,
            taken: Arc::default(),
            posts: Arc::new(Semaphore::new(0)),
        };
        let routes = Router::new()
            .route("/events", post(receive))
            .with_state(shared.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            url: format!("http://{address}/events"),
            mood,
            shared,
            _serving: serving,
        }
    }

    pub(super) fn feels(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Waits until so many more posts have come.
    pub(super) async fn posts(&self, count: u32) {
        self.shared
            .posts
            .acquire_many(count)
            .await
            .unwrap()
            .forget();
    }

    /// Every event that was taken, in order; some may be there twice.
    pub(super) fn taken(&self) -> Vec<Value> {
        self.shared.taken.lock().unwrap().clone()
    }
}

async fn receive(State(mut shared): State<Shared>, body: Bytes) -> (StatusCode, &'static str) {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let events = body["events"].as_array().unwrap().clone();
    assert!(
        events
            .iter()
            .all(|it| it["session_id"] == body["session_id"])
    );
    shared.posts.add_permits(1);
    let mood = *shared
        .mood
        .wait_for(|mood| *mood != Mood::Sulks)
        .await
        .unwrap();
    match mood {
        Mood::Breaks => return (StatusCode::INTERNAL_SERVER_ERROR, "out of order"),
        Mood::Narrow if events.len() > 1 => return (StatusCode::PAYLOAD_TOO_LARGE, ""),
        _ => shared.taken.lock().unwrap().extend(events),
    }
    match mood {
        Mood::Lies => (StatusCode::BAD_GATEWAY, ""),
        _ => (StatusCode::ACCEPTED, "{}"),
    }
}
