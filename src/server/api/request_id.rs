//! A name for each request, by which an answer is found in the server's log.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Where it stands in a request and in its answer.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// No longer one is kept, in bytes.
const LONGEST: usize = 128;

/// The name that the client gave, or a new one.
pub(super) fn of(headers: &HeaderMap) -> HeaderValue {
    let sent = headers.get(REQUEST_ID);
    match sent.filter(|id| is_plain(id.as_bytes())) {
        Some(sent) => sent.clone(),
        None => new(),
    }
}

/// What may stand in a log and in a document as it is.
fn is_plain(id: &[u8]) -> bool {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-:/+=@".contains(byte);
    (1..=LONGEST).contains(&id.len()) && id.iter().all(legal)
}

/// A number of its own for each run of the server, and the number of the request.
fn new() -> HeaderValue {
    static RUN: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let id = format!("{:08x}-{number:x}", *RUN >> 32);
    HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{REQUEST_ID, of};

    #[test]
    fn a_sane_name_is_kept_and_another_replaced() {
        let named = |id: &[u8]| {
            let value = HeaderValue::from_bytes(id).unwrap();
            of(&HeaderMap::from_iter([(REQUEST_ID, value)]))
        };
        for id in ["a", "0199ab-4:x/y+z=@_.", &"x".repeat(128)] {
            assert_eq!(named(id.as_bytes()), id);
        }
        for id in [
            &b""[..],
            b"a b",
            b"\"",
            b"a\tb",
            b"\xff",
            b"<b>",
            &[b'x'; 129],
        ] {
            let new = named(id);
            assert_ne!(new.as_bytes(), id);
            assert!(new.len() >= 10, "{new:?}");
        }
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
