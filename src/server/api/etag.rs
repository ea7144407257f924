//! `ETag` and `If-Match`: both carry the `edit_version` of a thing.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::body;
use crate::domain::{AppError, Code};

/// Gives an answer the `ETag` of this version.
pub(super) fn tagged(edit_version: i64, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{edit_version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The version that `If-Match` demands; `None` for any.
pub(super) struct IfMatch(pub(super) Option<i64>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AppError> {
        expected(&parts.headers).map(Self)
    }
}

fn expected(headers: &HeaderMap) -> Result<Option<i64>, AppError> {
    let Some(value) = body::once(headers, "if-match", "If-Match")? else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let tag = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    // A tag that this server never gave matches nothing.
    let version = tag.and_then(|tag| tag.parse().ok());
    let detail = "the If-Match header is none of this server's tags: read the thing again";
    version
        .map(Some)
        .ok_or_else(|| AppError::new(Code::ChangedMeanwhile, detail))
}
