//! Errors as HTTP: an RFC 9457 problem document with the status of its kind. An error travels in its
//! answer, and is written when the answer leaves: only there is it known which request it was.

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::domain::{AppError, ErrorKind, LONGEST_PARAMETER, Problem, shortened};

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let kind = self.kind();
        let mut response = Response::new(Body::empty());
        *response.status_mut() =
            StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let seconds = match kind {
            ErrorKind::Busy => Some("1"),
            // So often the writer looks whether the trouble is over.
            ErrorKind::NoRoom | ErrorKind::Unreachable => Some("2"),
            _ => None,
        };
        if let Some(seconds) = seconds {
            let seconds = HeaderValue::from_static(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// What was asked, for the log.
pub(crate) struct Asked<'a> {
    pub(crate) id: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
}

/// Writes the error that an answer carries, if it carries one, and tells the log of it.
pub(crate) fn told(mut response: Response, asked: &Asked<'_>) -> Response {
    if let Some(error) = response.extensions_mut().remove::<AppError>() {
        note(&error, asked);
        let kind = HeaderValue::from_static(PROBLEM);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        *response.body_mut() = Body::from(written(&error, asked.id));
    }
    response
}

/// The type of a problem document.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// The problem document of an error.
pub(crate) fn written(error: &AppError, request_id: &str) -> Vec<u8> {
    let mut problem = Problem::from(error);
    problem.request_id = Some(request_id.to_owned());
    serde_json::to_vec(&problem).unwrap_or_default()
}

/// By its path alone: a query may hold what is nobody else's business.
fn note(error: &AppError, asked: &Asked<'_>) {
    let Asked { id, method, uri } = *asked;
    let (status, code) = (error.kind().status(), error.code.as_str());
    let path = shortened(uri.path().to_owned(), LONGEST_PARAMETER);
    let (method, path, detail) = (method.as_str(), &*path, error.detail.as_str());
    if status < 500 {
        tracing::info!(
            request_id = id,
            status,
            code,
            method,
            path,
            detail,
            "refused"
        );
    } else {
        tracing::error!(
            request_id = id,
            status,
            code,
            method,
            path,
            detail,
            "failed"
        );
    }
}
