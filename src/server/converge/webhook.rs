//! How posts leave: one at a time, over a connection that is kept.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use tokio::time::timeout;
use url::Url;

use super::answer::{Answer, Meaning};
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
        let later = |words: String| Meaning::Later { words, wait: None };
        let request = match request(url, session, lines) {
            Ok(request) => request,
            Err(words) => return Some(later(format!("the address cannot be used: {words}"))),
        };
        let answer = timeout(patience, self.send(request)).await.ok()?;
        Some(match answer {
            Ok(answer) => answer.meaning(url, lines.len(), self.clock.now()),
            Err(words) => later(format!("{host}: {words}")),
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
        // It is read to the end, so that the connection can be used again.
        let body = Limited::new(body, LONGEST_ANSWER).collect().await;
        let is_cut = body.is_err();
        let text = body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned());
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            text: text.unwrap_or_default(),
            is_cut,
        })
    }
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
