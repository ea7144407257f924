//! Answers in JSON.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::domain::{AppError, Code};

/// Most answers about one thing are shorter, in bytes.
const ROOM: usize = 1024;
/// No answer has more headers.
const HEADERS: usize = 14;

/// A value that is answered. Like axum's own, but for its price: that writes every piece of the
/// text through a buffer which is made for something else, which was a tenth of creating a task.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut text = Vec::with_capacity(ROOM);
        if let Err(error) = serde_json::to_writer(&mut text, &self.0) {
            tracing::error!(error = %error, "an answer could not be written as JSON");
            let detail = "the answer could not be written; the log has the cause";
            return AppError::new(Code::InternalError, detail).into_response();
        }
        let mut headers = HeaderMap::with_capacity(HEADERS);
        let kind = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, kind);
        let mut response = Response::new(Body::from(text));
        *response.headers_mut() = headers;
        response
    }
}
