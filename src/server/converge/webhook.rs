//! How posts leave: one at a time, over a connection that is kept.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use tokio::time::timeout;
use url::Url;

use super::answer::{Answer, End, Meaning, Trouble};
use super::journal::Line;
use crate::server::clock::Clock;
use crate::server::telemetry::chain;

/// Of an answer, which may name many events.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// How posts leave.
#[derive(Clone)]
pub(crate) struct Webhook {
    http: Http,
    pub(crate) clock: Clock,
    /// Events gather for so long.
    pub(crate) interval: Duration,
    /// Events in a post at most.
    pub(crate) batch: usize,
    /// How long a post may take. Who needs longer is given more the next time.
    pub(crate) patience: Duration,
}

/// With certificates only where there are any: a local dashboard needs none.
#[derive(Clone)]
enum Http {
    Plain(Client<HttpConnector, Body>),
    Secure(Client<HttpsConnector<HttpConnector>, Body>),
}

impl Webhook {
    pub(crate) fn new(clock: Clock, interval: Duration, batch: usize, patience: Duration) -> Self {
        let builder = Client::builder(TokioExecutor::new());
        let http = match HttpsConnectorBuilder::new().with_native_roots() {
            Ok(roots) => Http::Secure(builder.build(roots.https_or_http().enable_http1().build())),
            Err(_) => Http::Plain(builder.build_http()),
        };
        Self {
            http,
            clock,
            interval,
            batch,
            patience,
        }
    }

    /// Posts these events of a session and answers what came of it; nothing when there was no answer
    /// in time.
    pub(crate) async fn post(
        &self,
        url: &Url,
        session: &str,
        lines: &[Line],
        patience: Duration,
    ) -> Option<Meaning> {
        let host = url.host_str().unwrap_or_default();
        let request = match request(url, session, lines) {
            Ok(request) => request,
            Err(words) => {
                let words = format!("the address cannot be used: {words}");
                return Some(Meaning::Later(Trouble::dead(words)));
            }
        };
        let answer = timeout(patience, self.send(request)).await.ok()?;
        Some(match answer {
            Ok(answer) => answer.meaning(url, lines, self.clock.now()),
            Err(words) => Meaning::Later(Trouble::dead(format!("{host}: {words}"))),
        })
    }

    async fn send(&self, request: Request<Body>) -> Result<Answer, String> {
        let answer = match &self.http {
            Http::Plain(_) if request.uri().scheme_str() == Some("https") => {
                return Err("there are no certificates to check it with".to_owned());
            }
            Http::Plain(http) => http.request(request).await,
            Http::Secure(http) => http.request(request).await,
        };
        let (head, body) = answer.map_err(|error| chain(&error))?.into_parts();
        let (text, end) = read(body).await;
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            text,
            end,
        })
    }
}

/// The text of an answer as far as it came. It is read to the end, so that the connection can be
/// used again.
async fn read(body: Incoming) -> (String, End) {
    let mut body = Limited::new(body, LONGEST_ANSWER);
    let (mut text, mut end) = (Vec::new(), End::Whole);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => text.extend(frame.into_data().unwrap_or_default()),
            Err(error) if error.is::<LengthLimitError>() => end = End::TooLong,
            Err(_) => end = End::Broken,
        }
        if end != End::Whole {
            break;
        }
    }
    (String::from_utf8_lossy(&text).into_owned(), end)
}

/// The error is in words, without the address.
fn request(url: &Url, session: &str, lines: &[Line]) -> Result<Request<Body>, String> {
    let events: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let session = serde_json::Value::from(session);
    let body = format!(
        "{{\"session_id\":{session},\"events\":[{}]}}",
        events.join(",")
    );
    let mut bare = url.clone();
    let _bare = bare.set_username("");
    let _bare = bare.set_password(None);
    bare.set_fragment(None);
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(bare.as_str())
        .header(header::CONTENT_TYPE, "application/json")
        // What is packed is not unpacked here.
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::USER_AGENT, "kimi-converge");
    if let Some(login) = login(url) {
        request = request.header(header::AUTHORIZATION, login);
    }
    let request = request.body(Body::from(body));
    request.map_err(|error| error.to_string())
}

/// What an address says of who posts, as a header.
fn login(url: &Url) -> Option<HeaderValue> {
    let (name, password) = (url.username(), url.password().unwrap_or_default());
    if name.is_empty() && password.is_empty() {
        return None;
    }
    let mut login: Vec<u8> = percent_decode_str(name).collect();
    login.push(b':');
    login.extend(percent_decode_str(password));
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(login))).ok()?;
    value.set_sensitive(true);
    Some(value)
}
