//! The body of a request as it comes: of a type that is read, unpacked, and within its limit.

use std::io::Read;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use flate2::bufread::MultiGzDecoder;
use http_body_util::BodyExt;

use crate::domain::{AppError, Code, LARGEST_BATCH, LARGEST_BODY};

/// So many bytes of what is too large are taken all the same, so that its sender hears why.
const MOST_IGNORED: usize = 16 * 1024 * 1024;

/// JSON, or nothing; at most so many bytes, also unpacked.
pub(super) struct Payload<const MOST: usize = LARGEST_BODY>(pub(super) Bytes);

/// JSON, or one JSON value on each line.
pub(super) struct Values {
    pub(super) bytes: Bytes,
    pub(super) is_lines: bool,
}

impl<S: Send + Sync, const MOST: usize> FromRequest<S> for Payload<MOST> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let (kind, bytes) = receive(request, MOST)
            .await
            .map_err(IntoResponse::into_response)?;
        match kind {
            Kind::Json => Ok(Self(bytes)),
            Kind::Lines => Err(unread("one JSON value on each line").into_response()),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Values {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let received = receive(request, LARGEST_BATCH).await;
        let (kind, bytes) = received.map_err(IntoResponse::into_response)?;
        Ok(Self {
            bytes,
            is_lines: kind == Kind::Lines,
        })
    }
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Json,
    Lines,
}

async fn receive(request: Request, most: usize) -> Result<(Kind, Bytes), AppError> {
    let (parts, body) = request.into_parts();
    let packed = is_packed(&parts.headers)?;
    let declared = parts.headers.get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
    let waits = parts.headers.contains_key(header::EXPECT);
    let bound = if waits { most } else { most + MOST_IGNORED };
    if declared.is_some_and(|length| length > bound) {
        return Err(too_large(most));
    }
    let mut bytes = whole(body, most).await?;
    if packed && !bytes.is_empty() {
        let unpack = move || unpacked(&bytes, most);
        let text = tokio::task::spawn_blocking(unpack).await;
        let text = text.map_err(|error| AppError::new(Code::InternalError, error.to_string()))?;
        bytes = text?.into();
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        // A byte order mark.
        bytes = bytes.slice(3..);
    }
    let kind = kind_of(&parts.headers, &bytes)?;
    Ok((kind, bytes))
}

/// Who sends too much hears of it only when most of it was taken.
async fn whole(mut body: Body, most: usize) -> Result<Bytes, AppError> {
    let (mut first, mut all, mut length) = (Bytes::new(), Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            let detail = "the body ended before it was whole, or cannot be read";
            AppError::new(Code::MalformedRequest, detail)
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length > most {
            (first, all) = (Bytes::new(), Vec::new());
            if length > most + MOST_IGNORED {
                break;
            }
        } else if first.is_empty() {
            // Almost always that is all.
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&data);
        }
    }
    match all {
        _ if length > most => Err(too_large(most)),
        all if all.is_empty() => Ok(first),
        all => Ok(all.into()),
    }
}

fn too_large(most: usize) -> AppError {
    let detail = format!("the body is too large: at most {} MiB", most / 1024 / 1024);
    AppError::new(Code::BodyTooLarge, detail)
}

/// True for gzip; another encoding is refused.
fn is_packed(headers: &HeaderMap) -> Result<bool, AppError> {
    let mut named = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(name) = named.next() else {
        return Ok(false);
    };
    let name = name.to_str().unwrap_or("?").trim().to_ascii_lowercase();
    match &*name {
        _ if named.next().is_some() => {}
        "gzip" | "x-gzip" => return Ok(true),
        "identity" | "" => return Ok(false),
        _ => {}
    }
    let detail = "this encoding is not read: send the body as it is, or with gzip";
    Err(AppError::new(Code::EncodingNotRead, detail))
}

/// What a few bytes become may be a thousand times as much: no more than `most` is made of them.
fn unpacked(packed: &[u8], most: usize) -> Result<Vec<u8>, AppError> {
    let mut text = Vec::new();
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(packed)
        .take(bound)
        .read_to_end(&mut text);
    if read.is_err() {
        let detail = "the body says that it is gzip, and is not, or not all of it";
        return Err(AppError::new(Code::MalformedRequest, detail));
    }
    if text.len() > most {
        return Err(too_large(most));
    }
    Ok(text)
}

/// By the `Content-Type`, and by the first byte where that is what `curl -d` says of everything.
fn kind_of(headers: &HeaderMap, body: &[u8]) -> Result<Kind, AppError> {
    let Some(sent) = headers.get(header::CONTENT_TYPE) else {
        return Ok(Kind::Json);
    };
    let sent = sent.to_str().unwrap_or("?");
    let (name, parameters) = sent.split_once(';').unwrap_or((sent, ""));
    let name = name.trim();
    let is = |other: &&str| name.eq_ignore_ascii_case(other);
    let kind = if ["", "application/json", "text/json"].iter().any(&is) || is_json(name) {
        Kind::Json
    } else if LINES.iter().any(&is) {
        Kind::Lines
    } else if body.is_empty()
        || is(&"application/x-www-form-urlencoded")
            && matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
    {
        return Ok(Kind::Json);
    } else {
        return Err(unread(name));
    };
    if is_unicode(parameters) {
        Ok(kind)
    } else {
        Err(unread("another charset than UTF-8"))
    }
}

const LINES: [&str; 4] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
];

/// `application/problem+json` and the like.
fn is_json(name: &str) -> bool {
    let suffix = name
        .len()
        .checked_sub("+json".len())
        .and_then(|at| name.get(at..));
    suffix.is_some_and(|it| it.eq_ignore_ascii_case("+json"))
}

/// True unless a charset is named that is not a part of UTF-8.
fn is_unicode(parameters: &str) -> bool {
    let mut named = parameters.split(';').filter_map(|it| it.split_once('='));
    named.all(|(name, value)| {
        let value = value.trim().trim_matches('"');
        let known = ["utf-8", "utf8", "us-ascii"];
        !name.trim().eq_ignore_ascii_case("charset")
            || known.iter().any(|it| value.eq_ignore_ascii_case(it))
    })
}

fn unread(what: &str) -> AppError {
    let detail = format!("{what:?} is not read here: send application/json");
    AppError::new(Code::MediaTypeNotRead, detail)
}
