//! `/ws`: the live feed, and reports of agents over it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{
    CloseFrame, Message as Frame, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code,
};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::SinkExt;
use tokio::time::{Instant, sleep_until, timeout};

use super::frames::client_frame;
use crate::domain::{
    AppError, ClientFrame, Code, Problem, Scope, Seq, ServerFrame, TaskChange, Topic,
};
use crate::server::auth::Actor;
use crate::server::live::{Message, Messages, NoMessage};
use crate::server::operations::{sessions, tasks};
use crate::server::state::AppState;

/// The default read buffer of 128 KiB would be most of a socket's memory.
const READ_BUFFER: usize = 4096;
/// Small messages that wait together are written together. What this once held stays allocated,
/// so it is small too.
const WRITE_BUFFER: usize = 1024;
/// Every so many sockets one stands for all in the metrics.
const MEASURED: usize = 16;
const LARGEST_FRAME: usize = 256 * 1024;
/// A client that takes nothing for this long is cut off.
const PATIENCE: Duration = Duration::from_secs(30);
/// A silent client is asked whether it lives, and given up after twice this long.
const SILENCE: Duration = Duration::from_mins(1);
/// Messages written before they are flushed, at most.
const BURST: usize = 64;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/ws", get(upgrade))
}

async fn upgrade(
    State(app): State<AppState>,
    actor: Actor,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        let detail = "this address speaks WebSocket: connect to it with ws://";
        return AppError::new(Code::WebsocketExpected, detail).into_response();
    };
    // Browsers let any page open a socket anywhere; the origin tells.
    if !same_origin(&headers) {
        let detail = "sockets from other web sites are refused";
        return AppError::new(Code::ForeignSite, detail).into_response();
    }
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(LARGEST_FRAME)
        .on_upgrade(move |socket| {
            // Boxed, for a task holds whatever is moved through it more than once.
            let mut follower = Box::new(Follower::new(app, actor, socket));
            async move {
                // Whatever ends a socket is the client's affair; it resumes where it was.
                let _ended = follower.follow().await;
            }
        })
}

fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, at)| at == host),
        (Some(_), None) => false,
    }
}

/// One socket on the feed.
struct Follower {
    app: AppState,
    actor: Actor,
    scope: Scope,
    socket: WebSocket,
    /// What it follows, each as far as it may see, or chose to.
    topics: Vec<(Topic, Scope)>,
    /// True once the client chose its topics.
    chose: bool,
    lag: Option<metrics::Histogram>,
}

/// The socket is to be closed.
struct Gone;

impl From<axum::Error> for Gone {
    fn from(_: axum::Error) -> Self {
        Self
    }
}

impl Follower {
    fn new(app: AppState, actor: Actor, socket: WebSocket) -> Self {
        let measured = app.bus.followers().is_multiple_of(MEASURED);
        let scope = actor.viewer().scope().clone();
        Self {
            app,
            topics: Topic::DEFAULT.map(|topic| (topic, scope.clone())).to_vec(),
            scope,
            actor,
            socket,
            chose: false,
            lag: measured.then(|| metrics::histogram!("feed_lag_seconds")),
        }
    }

    async fn follow(&mut self) -> Result<(), Gone> {
        let subscription = self.app.bus.join();
        let (epoch, seq) = (self.app.bus.point().epoch, subscription.seq);
        let mut messages = subscription.messages;
        let state = Box::pin(sessions::state(&self.app, &self.actor.viewer())).await;
        match state {
            Ok(data) => self.send(&ServerFrame::State { data }).await?,
            Err(error) => {
                let data = Problem::from(&error);
                self.send(&ServerFrame::Error { data }).await?;
            }
        }
        self.send(&ServerFrame::Hello { epoch, seq }).await?;
        let mut heard = Instant::now();
        let mut asked = false;
        // Made once and not for every message: each enters a list that all sockets share.
        let stopping = self.app.stopping.clone();
        let mut stopped = pin!(stopping.cancelled());
        let mut silent = pin!(sleep_until(heard + SILENCE));
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Ok(message) => self.pass_on(message, &mut messages).await?,
                    Err(NoMessage::Lagged) => messages = Box::pin(self.resync()).await?,
                    Err(NoMessage::Closed | NoMessage::Yet) => return Err(Gone),
                },
                frame = self.socket.recv() => {
                    let frame = match frame.ok_or(Gone)? {
                        Ok(frame) => frame,
                        Err(error) => return Box::pin(self.give_up(&error)).await,
                    };
                    heard = Instant::now();
                    asked = false;
                    if let Frame::Text(text) = frame {
                        Box::pin(self.answer(&text, &mut messages)).await?;
                    } else if let Frame::Binary(_) = frame {
                        Box::pin(self.refuse("frames are text")).await?;
                    }
                }
                () = silent.as_mut() => {
                    let patience = if asked { SILENCE * 2 } else { SILENCE };
                    if heard + patience > Instant::now() {
                        silent.as_mut().reset(heard + patience);
                    } else if asked {
                        return Err(Gone);
                    } else {
                        asked = true;
                        silent.as_mut().reset(heard + SILENCE * 2);
                        Box::pin(self.write(Frame::Ping(axum::body::Bytes::new()))).await?;
                    }
                }
                () = stopped.as_mut() => {
                    let frame = CloseFrame { code: close_code::AWAY, reason: Utf8Bytes::from_static("the server is stopping") };
                    return Box::pin(self.write(Frame::Close(Some(frame)))).await;
                }
            }
        }
    }

    /// Sends a message and whatever else waits already, in one write.
    async fn pass_on(&mut self, first: Arc<Message>, messages: &mut Messages) -> Result<(), Gone> {
        let mut next = Some(first);
        let mut fed = 0;
        let mut lagged = false;
        while let Some(message) = next.take() {
            if message.is_for(&self.topics) {
                timeout(PATIENCE, self.socket.feed(Frame::Text(self.text(&message))))
                    .await
                    .map_err(|_| Gone)??;
                if let Some(lag) = self.lag.as_ref().filter(|_| fed == 0) {
                    lag.record(message.age());
                }
                fed += 1;
            }
            if fed < BURST {
                next = match messages.next_now() {
                    Ok(message) => Some(message),
                    Err(NoMessage::Lagged) => {
                        lagged = true;
                        None
                    }
                    Err(_) => None,
                };
            }
        }
        if fed > 0 {
            timeout(PATIENCE, self.socket.flush())
                .await
                .map_err(|_| Gone)??;
        }
        if lagged {
            *messages = Box::pin(self.resync()).await?;
        }
        Ok(())
    }

    /// The frame of a message, as this client may see it.
    fn text(&self, message: &Message) -> Utf8Bytes {
        let app = &self.app;
        message.text(&self.scope, |task| {
            app.board.reshown(&self.scope, task, app.clock.now())
        })
    }

    /// The client fell behind what is buffered for it: it is told, and goes on from now.
    async fn resync(&mut self) -> Result<Messages, Gone> {
        let subscription = self.app.bus.join();
        self.say_resync(subscription.seq).await?;
        Ok(subscription.messages)
    }

    async fn say_resync(&mut self, seq: Seq) -> Result<(), Gone> {
        metrics::counter!("feed_resyncs_total").increment(1);
        self.send(&ServerFrame::Resync { seq }).await
    }

    async fn answer(&mut self, text: &str, messages: &mut Messages) -> Result<(), Gone> {
        match client_frame(text) {
            Ok(ClientFrame::Ping) => self.send(&ServerFrame::Pong).await,
            Ok(ClientFrame::Subscribe {
                topics,
                project,
                epoch,
                since,
            }) => {
                let scope = self.scope.narrowed(project.as_slice());
                let topics = topics.into_iter().map(|topic| (topic, scope.clone()));
                self.subscribe(topics.collect(), epoch, since, messages)
                    .await
            }
            Ok(ClientFrame::Unsubscribe { topics }) => {
                self.topics.retain(|(topic, _)| !topics.contains(topic));
                self.chose = true;
                Ok(())
            }
            Ok(ClientFrame::Progress {
                task_id,
                progress,
                message,
                lease,
            }) => self.report(&task_id, progress, message, lease).await,
            Err(words) => self.refuse(&words).await,
        }
    }

    /// Adds topics. With `since`, what was missed on them is sent first, so that each topic
    /// arrives in order; the other topics' backlog is sent before that. A topic that is followed
    /// already is followed as it is asked for now.
    async fn subscribe(
        &mut self,
        topics: Vec<(Topic, Scope)>,
        epoch: Option<String>,
        since: Option<Seq>,
        messages: &mut Messages,
    ) -> Result<(), Gone> {
        if topics.len() > 100 || self.topics.len() > 200 {
            return self
                .refuse("at most 100 topics at once and 200 in all")
                .await;
        }
        if !std::mem::replace(&mut self.chose, true) {
            self.topics.clear();
        }
        self.topics
            .retain(|(topic, _)| topics.iter().all(|(new, _)| new != topic));
        let Some(since) = since else {
            self.topics.extend(topics);
            return Ok(());
        };
        let subscription = self.app.bus.resume(epoch.as_ref(), since);
        let lagged = loop {
            match messages.next_now() {
                Ok(message) if message.seq() > subscription.seq => break false,
                Ok(message) if message.is_for(&self.topics) => {
                    self.write(Frame::Text(self.text(&message))).await?;
                }
                Ok(_) => {}
                Err(error) => break error == NoMessage::Lagged,
            }
        };
        *messages = subscription.messages;
        // Who fell behind on the other topics has to fetch anyway.
        let Some(missed) = subscription.missed.filter(|_| !lagged) else {
            self.topics.extend(topics);
            return self.say_resync(subscription.seq).await;
        };
        for message in &missed {
            if message.is_for(&topics) {
                self.write(Frame::Text(self.text(message))).await?;
            }
        }
        self.topics.extend(topics);
        Ok(())
    }

    async fn report(
        &mut self,
        task: &str,
        progress: Option<f64>,
        message: Option<String>,
        lease: Option<String>,
    ) -> Result<(), Gone> {
        let change = TaskChange {
            progress,
            message,
            ..TaskChange::default()
        };
        let who = match self.actor.operator() {
            Ok(who) => who,
            Err(error) => {
                let data = Problem::from(&error);
                return self.send(&ServerFrame::Error { data }).await;
            }
        };
        match tasks::change(&self.app, &who, task, change, None, lease).await {
            Ok(_) => self.send(&ServerFrame::Ack).await,
            Err(error) => {
                self.send(&ServerFrame::Error {
                    data: Problem::from(&error),
                })
                .await
            }
        }
    }

    /// Says so to a client that sent more than is read; any other error has ended the socket.
    async fn give_up(&mut self, error: &axum::Error) -> Result<(), Gone> {
        // The error's own type is that of a crate that axum does not name.
        if error.to_string().contains("too long") {
            let reason = Utf8Bytes::from_static("a frame may have at most 256 KiB");
            let code = close_code::SIZE;
            self.write(Frame::Close(Some(CloseFrame { code, reason })))
                .await?;
        }
        Err(Gone)
    }

    async fn refuse(&mut self, detail: &str) -> Result<(), Gone> {
        let error = AppError::new(Code::MalformedFrame, detail);
        self.send(&ServerFrame::Error {
            data: Problem::from(&error),
        })
        .await
    }

    async fn send(&mut self, frame: &ServerFrame) -> Result<(), Gone> {
        let text = serde_json::to_string(frame).map_err(|_| Gone)?;
        self.write(Frame::Text(text.into())).await
    }

    async fn write(&mut self, frame: Frame) -> Result<(), Gone> {
        Ok(timeout(PATIENCE, self.socket.send(frame))
            .await
            .map_err(|_| Gone)??)
    }
}
