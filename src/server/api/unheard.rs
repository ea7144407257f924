//! Answers to what is no request: a head that cannot be read, or is too long, never reaches the routes.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::guard::say_policies;
use super::request_id::{self, REQUEST_ID};
use crate::domain::{AppError, Code};
use crate::server::error::{PROBLEM, written};

/// The whole answer, as it goes to the client, instead of a bare one with this status.
pub(crate) fn unheard(status: u16) -> Vec<u8> {
    let (code, detail) = match status {
        414 | 431 => (
            Code::HeadTooLarge,
            "the address and the headers are longer than this server reads",
        ),
        _ => (
            Code::MalformedRequest,
            "this is no HTTP request that can be read",
        ),
    };
    let error = AppError::new(code, detail);
    let mut headers = HeaderMap::new();
    let id = request_id::of(&headers);
    let named = id.to_str().unwrap_or_default();
    tracing::info!(request_id = named, code = code.as_str(), detail, "refused");
    let body = written(&error, named);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(REQUEST_ID, id);
    say_policies(&mut headers, "");
    let status = StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut answer = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in &headers {
        answer.extend_from_slice(name.as_str().as_bytes());
        answer.extend_from_slice(b": ");
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(&body);
    answer
}
