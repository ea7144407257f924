//! Posts events, a few at a time, until each has arrived. Whoever receives them may see some
//! twice (an answer may be lost on its way); their ids tell.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::outbox::Parcel;
use crate::server::backoff::Backoff;
use crate::server::clock::Clock;
use crate::server::telemetry::chain;

/// How long one post may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of an answer that says why it is a no.
const LONGEST_ANSWER: usize = 16 * 1024;

/// How posts leave.
#[derive(Clone)]
pub(crate) struct Webhook {
    http: Http,
    clock: Clock,
    /// Events gather for so long.
    pub(crate) interval: Duration,
    /// Events in a post at most.
    pub(crate) batch: usize,
}

/// With certificates only where there are any: a local dashboard needs none.
#[derive(Clone)]
enum Http {
    Plain(Client<HttpConnector, Body>),
    Secure(Client<HttpsConnector<HttpConnector>, Body>),
}

/// Why a post did not arrive.
struct Refusal {
    words: String,
    /// Fewer events may fit.
    too_large: bool,
}

impl Webhook {
    pub(crate) fn new(clock: Clock, interval: Duration, batch: usize) -> Self {
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
        }
    }

    /// Posts everything of `parcel`, as it is written. Answers false when `enough` fired before
    /// all had arrived. `complain` is told what is wrong, once for each trouble.
    pub(crate) async fn deliver(
        &self,
        parcel: &mut Parcel,
        enough: &CancellationToken,
        complain: impl Fn(&str),
    ) -> bool {
        let delivering = self.deliver_all(parcel, complain);
        // The first look at an empty rest is not cut off.
        tokio::select! {
            biased;
            () = delivering => true,
            () = enough.cancelled() => false,
        }
    }

    async fn deliver_all(&self, parcel: &mut Parcel, complain: impl Fn(&str)) {
        let mut reader = parcel.reader();
        let mut most = self.batch;
        let mut backoff = Backoff::default();
        let mut trouble = String::new();
        while let Some(first) = reader.peek(most).await {
            if first.len() < most {
                // More may come.
                let _ = timeout(self.interval, reader.closed()).await;
            }
            let Some(lines) = reader.peek(most).await else {
                return;
            };
            match self.post(parcel, &lines).await {
                Ok(()) => {
                    reader.advance(&lines);
                    if let Err(error) = parcel.arrived(reader.at()) {
                        complain(&format!("webhook: cannot note what has arrived: {error}"));
                    }
                    most = self.batch;
                    backoff.reset();
                    trouble.clear();
                }
                Err(refusal) => {
                    if refusal.too_large {
                        most = (lines.len() / 2).max(1);
                    }
                    if refusal.words != trouble {
                        complain(&format!("webhook: {}; trying again", refusal.words));
                        trouble = refusal.words;
                    }
                    sleep(backoff.next(self.clock.chance())).await;
                }
            }
        }
    }

    async fn post(&self, parcel: &Parcel, lines: &[String]) -> Result<(), Refusal> {
        let events = lines.join(",");
        let session = serde_json::Value::from(parcel.session.as_str());
        let body = format!("{{\"session_id\":{session},\"events\":[{events}]}}");
        let refused = |words: String| Refusal {
            words,
            too_large: false,
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(&parcel.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "kimi-converge")
            .body(Body::from(body))
            .map_err(|error| refused(format!("the address cannot be used: {error}")))?;
        let host = request.uri().authority().map(|it| it.host().to_owned());
        let host = host.unwrap_or_default();
        let answer = timeout(PATIENCE, self.send(request)).await;
        let (status, text) = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(words)) => return Err(refused(format!("{host}: {words}"))),
            Err(_) => {
                let seconds = PATIENCE.as_secs();
                return Err(refused(format!("{host} did not answer in {seconds} s")));
            }
        };
        if status.is_success() {
            return Ok(());
        }
        let text: String = text.chars().take(300).collect();
        Err(Refusal {
            words: format!("{host} answered {status}: {}", text.trim()),
            too_large: status == StatusCode::PAYLOAD_TOO_LARGE,
        })
    }

    async fn send(&self, request: Request<Body>) -> Result<(StatusCode, String), String> {
        let answer = match &self.http {
            Http::Plain(_) if request.uri().scheme_str() == Some("https") => {
                return Err("there are no certificates to check it with".to_owned());
            }
            Http::Plain(http) => http.request(request).await,
            Http::Secure(http) => http.request(request).await,
        };
        let answer = answer.map_err(|error| chain(&error))?;
        let status = answer.status();
        // It is read to the end, so that the connection can be used again.
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER);
        let text = match body.collect().await {
            Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
            Err(_) => String::new(),
        };
        Ok((status, text))
    }
}
