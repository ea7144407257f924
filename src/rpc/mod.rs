//! The seam between pages and server: every server function, and nothing else.
//!
//! Signatures exist on both targets, bodies only on the server. A body has at most ten lines:
//! who is asking, one operation, a domain type. Each function is a public HTTP endpoint
//! under `/rpc`, so each begins by obtaining its caller.

use server_fn::codec::JsonEncoding;
use server_fn::error::{FromServerFnError, ServerFnErrorErr};

use crate::domain::{AppError, ErrorKind};

pub mod agents;
pub mod convergence;
pub mod projects;
pub mod tasks;

/// The server did not answer a question.
pub(crate) fn unreachable() -> AppError {
    AppError::new(ErrorKind::Unreachable, "the server did not answer")
}

/// The server did not answer when it was told to do something.
pub(crate) fn uncertain() -> AppError {
    let detail = "the server did not answer; it may or may not have been done";
    AppError::new(ErrorKind::Unreachable, detail)
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match &error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => uncertain(),
            #[cfg(feature = "ssr")]
            error => crate::server::reply::unreadable(error),
            #[cfg(not(feature = "ssr"))]
            error => Self::new(ErrorKind::Internal, error.to_string()),
        }
    }
}
