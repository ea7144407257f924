//! Reading request bodies: malformed JSON is 400, JSON of the wrong shape 422 with the field.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::domain::{AppError, ErrorKind, IdempotencyKey};

/// Reads a JSON object, whatever the content type says: `curl -d` just works.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, AppError> {
    // serde would take an array for the fields of an object, in order.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(AppError::invalid_field(
            "body",
            "expected an object, not an array",
        ));
    }
    array(body)
}

/// Reads a JSON array.
pub(super) fn array<T: DeserializeOwned>(body: &[u8]) -> Result<T, AppError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        problem(&field, error.inner())
    })?;
    reader.end().map_err(|error| problem(".", &error))?;
    Ok(value)
}

/// Like [`json`], but an empty body stands for `T::default()`.
pub(super) fn json_or_default<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, AppError> {
    if body.is_empty() {
        Ok(T::default())
    } else {
        json(body)
    }
}

pub(super) fn problem(field: &str, error: &serde_json::Error) -> AppError {
    let words = error.to_string();
    if !error.is_data() {
        return AppError::new(
            ErrorKind::Malformed,
            format!("the body is not JSON: {words}"),
        );
    }
    // serde names a missing or unknown field only in its message.
    let quoted = words
        .split('`')
        .nth(1)
        .filter(|_| words.contains(" field `"));
    let field = match (field, quoted) {
        (".", Some(name)) => name,
        (".", None) => "body",
        (path, _) => path,
    };
    AppError::invalid_field(field, words.clone())
}

/// A request that creates something: its body, and what makes a repetition of it recognisable.
pub(super) struct Creating {
    pub(super) body: Bytes,
    pub(super) key: Option<IdempotencyKey>,
}

impl<S: Send + Sync> FromRequest<S> for Creating {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let path = format!("{} {}", parts.method, parts.uri.path());
        let headers = parts.headers.clone();
        let request = Request::from_parts(parts, body);
        let body = Bytes::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let key = idempotency_key(&headers, &path, &body).map_err(IntoResponse::into_response)?;
        Ok(Self { body, key })
    }
}

fn idempotency_key(
    headers: &HeaderMap,
    path: &str,
    body: &[u8],
) -> Result<Option<IdempotencyKey>, AppError> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
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
    let digest = format!(
        "{:x}",
        Sha256::new()
            .chain_update(path)
            .chain_update(body)
            .finalize()
    );
    Ok(Some(IdempotencyKey {
        key: key.to_owned(),
        digest,
    }))
}

/// The `Lease` of a reporting agent.
pub(super) fn lease(headers: &HeaderMap) -> Result<Option<String>, AppError> {
    let Some(value) = headers.get("lease") else {
        return Ok(None);
    };
    let text = value
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|lease| !lease.is_empty());
    text.map(|lease| Some(lease.to_owned()))
        .ok_or_else(|| AppError::invalid_field("Lease", "must be the id of a lease"))
}
