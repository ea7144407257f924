//! A small HTTP client that says what it expected and what came instead.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{PATIENCE, eventually};
use crate::domain::TaskStatus;
use crate::tests::support::WholeTask;

type Http = hyper_util::client::legacy::Client<HttpConnector, Body>;

/// Talks to one server.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    http: Http,
    token: Option<String>,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What was asked, for messages.
    asked: String,
}

/// What a request carries besides its body.
pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http();
        Self {
            address,
            http,
            token: None,
        }
    }

    /// The same, as the actor with this token.
    pub(crate) fn with_token(self, token: &str) -> Self {
        let token = Some(token.to_owned());
        Self { token, ..self }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Vec::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, &[], body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Vec::new()).await
    }

    pub(crate) async fn report(&self, task: &str, lease: &str, body: &Value) -> Answer {
        let path = format!("/api/tasks/{task}");
        self.send(Method::PATCH, &path, &[("lease", lease)], body.to_string())
            .await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: Headers<'_>,
        body: impl Into<Bytes>,
    ) -> Answer {
        let asked = format!("{method} {path}");
        let answer = self.try_send(method, path, headers, body).await;
        answer.unwrap_or_else(|error| panic!("{asked}: {error}"))
    }

    /// Like [`Client::send`] for a server that may be gone.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: Headers<'_>,
        body: impl Into<Bytes>,
    ) -> Result<Answer, String> {
        let asked = format!("{method} {path}");
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .body(Body::from(body.into()))
            .map_err(|error| error.to_string())?;
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        for (name, value) in headers {
            let name = header::HeaderName::try_from(*name).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let whole = async {
            let response = self
                .http
                .request(request)
                .await
                .map_err(|error| error.to_string())?;
            let (head, body) = response.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| error.to_string())?
                .to_bytes();
            Ok(Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body,
                asked,
            })
        };
        // A claim may wait for 60 s, other requests have no reason to.
        timeout(PATIENCE * 4, whole)
            .await
            .map_err(|_| "no answer in time".to_owned())?
    }

    /// Creates a task from these fields.
    pub(crate) async fn create(&self, task: Value) -> WholeTask {
        self.post("/api/tasks", &task).await.expect(201).to()
    }

    pub(crate) async fn task(&self, number: i64) -> WholeTask {
        self.get(&format!("/api/tasks/{number}"))
            .await
            .expect(200)
            .to()
    }

    /// Waits until the task is in this status.
    pub(crate) async fn until(&self, number: i64, status: TaskStatus) -> WholeTask {
        let mut last = None;
        let what = format!("task #{number} is {}", status.as_str());
        eventually(&what, async || {
            let task = self.task(number).await;
            let there = task.status == status;
            assert!(
                there || !task.status.is_finished(),
                "{what}: it is {}: {:?}",
                task.status.as_str(),
                task.error
            );
            last = Some(task.clone());
            there.then_some(task)
        })
        .await
    }

    /// Waits until the task has ended, however that was.
    pub(crate) async fn until_finished(&self, number: i64) -> WholeTask {
        eventually(&format!("task #{number} ends"), async || {
            Some(self.task(number).await).filter(|task| task.status.is_finished())
        })
        .await
    }

    /// Claims for a remote agent: the task and its lease.
    pub(crate) async fn claim(&self, agent: &str) -> (WholeTask, String) {
        let path = format!("/api/agents/{agent}/claim?wait=10");
        let answer = self.post(&path, &json!({})).await.expect(200).json();
        let task = serde_json::from_value(answer["task"].clone()).unwrap();
        (task, answer["lease"]["id"].as_str().unwrap().to_owned())
    }

    /// Registers a remote agent.
    pub(crate) async fn register(&self, name: &str, concurrency: u32) {
        let agent = json!({"name": name, "concurrency": concurrency});
        self.post("/api/agents", &agent).await.expect(201);
    }
}

impl Answer {
    /// Goes on if this is the status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        let text: String = text.chars().take(2000).collect();
        assert_eq!(self.status, status, "{}: {text}", self.asked);
        self
    }

    /// Goes on if this is a problem document with this status; answers it.
    #[track_caller]
    pub(crate) fn problem(self, status: u16) -> Value {
        let answer = self.expect(status);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{}",
            answer.asked
        );
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{problem}");
        for member in ["type", "title", "detail"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{}: {member} of {problem}", answer.asked);
        }
        problem
    }

    /// Goes on if this says that exactly this field is invalid.
    #[track_caller]
    pub(crate) fn invalid(self, field: &str) {
        let asked = self.asked.clone();
        let problem = self.problem(422);
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let fields: Vec<_> = errors.iter().map(|error| error["field"].clone()).collect();
        assert_eq!(fields, [field], "{asked}: {problem}");
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        self.to()
    }

    #[track_caller]
    pub(crate) fn to<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!(
                "{}: {error}: {}",
                self.asked,
                String::from_utf8_lossy(&self.body)
            )
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Where the `Link` header says that the next page is.
    pub(crate) fn next_page(&self) -> Option<String> {
        let link = self.header("link").strip_prefix('<')?;
        let (path, rest) = link.split_once('>').expect("a link");
        assert_eq!(rest, "; rel=\"next\"");
        Some(path.to_owned())
    }
}
