//! A request that creates something, and what makes a repetition of it recognisable.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::body;
use super::payload::Payload;
use crate::domain::{AppError, IdempotencyKey, LARGEST_BODY};

/// The body, and the `Idempotency-Key`.
pub(super) struct Creating {
    pub(super) body: Bytes,
    pub(super) key: Option<IdempotencyKey>,
}

impl<S: Send + Sync> FromRequest<S> for Creating {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let sent = body::once(request.headers(), "idempotency-key", "Idempotency-Key");
        let sent = sent.map_err(IntoResponse::into_response)?.cloned();
        let sent = sent.map(|key| {
            let route = format!("{} {}", request.method(), request.uri().path());
            (key, route)
        });
        let Payload(body) = Payload::<LARGEST_BODY>::from_request(request, state).await?;
        let key = sent.map(|(key, route)| idempotency_key(&key, route, &body));
        let key = key.transpose().map_err(IntoResponse::into_response)?;
        Ok(Self { body, key })
    }
}

/// What was created, at this address; by an earlier request with the same key where it is `replayed`.
pub(super) fn created(location: &str, replayed: bool, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(location) {
        headers.insert(header::LOCATION, location);
    }
    if replayed {
        let name = HeaderName::from_static("idempotency-replayed");
        headers.insert(name, HeaderValue::from_static("true"));
    }
    response
}

fn idempotency_key(
    value: &HeaderValue,
    route: String,
    body: &[u8],
) -> Result<IdempotencyKey, AppError> {
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or_else(|| {
        AppError::invalid_field(
            "Idempotency-Key",
            "must be 1 to 255 visible ASCII characters",
        )
    })?;
    Ok(IdempotencyKey {
        key: key.to_owned(),
        // Known to whoever permits the request.
        actor: String::new(),
        route,
        digest: digest(body),
    })
}

/// Of the JSON, not of how it is written; what is not JSON will be refused anyway.
fn digest(body: &[u8]) -> String {
    let body = if body.trim_ascii().is_empty() {
        b"{}"
    } else {
        body
    };
    // Fields of an object come out in the order of their names.
    let value = serde_json::from_slice(body).map(|value: serde_json::Value| value.to_string());
    let text = value.map_or_else(|_| body.to_vec(), String::into_bytes);
    format!("{:x}", Sha256::digest(text))
}
