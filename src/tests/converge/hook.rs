//! Somebody who receives a webhook, and is down, broken, choosy or slow as told.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    /// Takes nothing that has an event of this type in it.
    Loathes(&'static str),
    /// Takes all but events of this type, and says so.
    LeavesOut(&'static str),
    /// Takes no event at all, and says that it is about them.
    LoathesAll,
    /// Is not there any more.
    IsGone,
    /// Does not know who posts.
    Forbids,
    /// Has no time for a second.
    IsBusy,
    /// Answers that it is broken when an event of this session is in the post.
    BreaksFor(&'static str),
    /// Lets nothing in that has an event of this type in it, without a word about which.
    Blocks(&'static str),
    /// The same, and names it.
    Names(&'static str),
    /// Takes all but events of this type, which it names by their ids alone.
    NamesIds(&'static str),
    /// Is elsewhere: there, on another host, or round in circles.
    Moved(&'static str),
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
    logins: Arc<Mutex<Vec<Option<String>>>>,
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
            logins: Arc::default(),
            posts: Arc::new(Semaphore::new(0)),
        };
        let routes = Router::new()
            .route("/events", post(receive))
            .route("/moved", post(take))
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

    /// How many posts have come that nobody waited for.
    pub(super) fn more_posts(&self) -> usize {
        self.shared.posts.available_permits()
    }

    /// Every event that was taken, in order; some may be there twice.
    pub(super) fn taken(&self) -> Vec<Value> {
        self.shared.taken.lock().unwrap().clone()
    }

    /// Who each post said to come from.
    pub(super) fn logins(&self) -> Vec<Option<String>> {
        self.shared.logins.lock().unwrap().clone()
    }
}

/// The events of a post, which are all of one session.
fn events_of(body: &Bytes) -> Vec<Value> {
    let body: Value = serde_json::from_slice(body).unwrap();
    let events = body["events"].as_array().unwrap().clone();
    assert!(
        events
            .iter()
            .all(|it| it["session_id"] == body["session_id"])
    );
    events
}

async fn take(State(shared): State<Shared>, body: Bytes) -> Response {
    shared.posts.add_permits(1);
    shared.taken.lock().unwrap().extend(events_of(&body));
    (StatusCode::ACCEPTED, "{}").into_response()
}

async fn receive(State(mut shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let mut events = events_of(&body);
    let login = headers.get(header::AUTHORIZATION);
    let login = login.map(|it| it.to_str().unwrap().to_owned());
    shared.logins.lock().unwrap().push(login);
    shared.posts.add_permits(1);
    let mood = *shared
        .mood
        .wait_for(|mood| *mood != Mood::Sulks)
        .await
        .unwrap();
    let is = |event: &Value, kind: &str| event["event_type"] == kind;
    let mut answer = (StatusCode::ACCEPTED, json!({}));
    match mood {
        Mood::Breaks => {
            return (StatusCode::INTERNAL_SERVER_ERROR, "out of order").into_response();
        }
        Mood::Narrow if events.len() > 1 => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Mood::Loathes(kind) if events.iter().any(|event| is(event, kind)) => {
            return (StatusCode::UNPROCESSABLE_ENTITY, "not that").into_response();
        }
        Mood::BreaksFor(session) if events.iter().any(|it| it["session_id"] == session) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, "not this one").into_response();
        }
        Mood::Blocks(kind) if events.iter().any(|event| is(event, kind)) => {
            return (StatusCode::FORBIDDEN, "blocked").into_response();
        }
        Mood::Names(kind) if events.iter().any(|event| is(event, kind)) => {
            let place = events.iter().position(|event| is(event, kind)).unwrap();
            let body = json!({"errors": [{"field": format!("events[{place}]")}]});
            return (StatusCode::FORBIDDEN, body.to_string()).into_response();
        }
        Mood::NamesIds(kind) => {
            let refused: Vec<_> = events.iter().filter(|event| is(event, kind)).collect();
            let name = |event: &&Value| json!({"event_id": event["event_id"], "detail": "too odd"});
            let refused: Vec<_> = refused.iter().map(name).collect();
            events.retain(|event| !is(event, kind));
            answer.1 = json!({"refused": refused});
        }
        Mood::LoathesAll => return (StatusCode::BAD_REQUEST, "no such thing").into_response(),
        Mood::IsGone => return (StatusCode::GONE, "moved to the sea").into_response(),
        Mood::Forbids => return (StatusCode::UNAUTHORIZED, "who are you?").into_response(),
        Mood::IsBusy => {
            let wait = [(header::RETRY_AFTER, "1")];
            return (StatusCode::SERVICE_UNAVAILABLE, wait, "busy").into_response();
        }
        Mood::Moved(to) => {
            let to = [(header::LOCATION, to)];
            return (StatusCode::PERMANENT_REDIRECT, to).into_response();
        }
        Mood::LeavesOut(kind) => {
            let refused: Vec<_> = events
                .iter()
                .enumerate()
                .filter(|(_, event)| is(event, kind))
                .map(|(index, event)| {
                    let id = &event["event_id"];
                    json!({"index": index, "event_id": id, "detail": "too odd"})
                })
                .collect();
            events.retain(|event| !is(event, kind));
            answer.1 = json!({"accepted": events.len(), "refused": refused});
        }
        Mood::Lies => answer.0 = StatusCode::BAD_GATEWAY,
        _ => {}
    }
    shared.taken.lock().unwrap().extend(events);
    (answer.0, answer.1.to_string()).into_response()
}

/// Answers each post with the bytes that `answer` makes of its events, whatever they are, and hangs
/// up; answers the address.
pub(super) async fn answering(answer: fn(&[Value]) -> String) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        loop {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut post = Vec::new();
            let events = loop {
                if peer.read_buf(&mut post).await.unwrap_or(0) == 0 {
                    break None;
                }
                let text = String::from_utf8_lossy(&post);
                let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
                if let Some(Ok(body)) = body.map(serde_json::from_str::<Value>) {
                    break body["events"].as_array().cloned();
                }
            };
            if let Some(events) = events {
                let _gone = peer.write_all(answer(&events).as_bytes()).await;
                let _gone = peer.shutdown().await;
            }
        }
    });
    (url, serving)
}
