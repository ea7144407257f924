//! What every request passes on its way in, and every answer on its way out. The local user is
//! trusted, other web sites in the same browser are not: requests to another host are refused
//! here, and requests from another site by the layer below, by their `Sec-Fetch-Site` or `Origin`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::host;
use super::known::KnownParameters;
use super::request_id::{self, REQUEST_ID};
use crate::domain::{AppError, Code, LARGEST_BODY};
use crate::server::error::{Asked, told};

/// Methods that some address knows.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Refuses what nobody below has to know of, gives every error its shape, and tells browsers what
/// they must not do with an answer. One layer does it all: a layer of its own for each would
/// cost every request more than what it does.
pub(crate) async fn guard(
    State(known): State<Arc<KnownParameters>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id::of(request.headers());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    if uri.path().starts_with("/rpc/") {
        forget_old_error(request.headers_mut());
    }
    let is_large = is_large(request.headers());
    let mut response = match check(&request, &known) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let asked = Asked {
            id: id.to_str().unwrap_or_default(),
            method: &method,
            uri: &uri,
        };
        response = told(explained(response, &asked), &asked);
    }
    let headers = response.headers_mut();
    if status == StatusCode::PAYLOAD_TOO_LARGE || (is_large && !status.is_success()) {
        // The rest of the body is not read: nobody is to send the next request behind it.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    keep_here(headers);
    say_policies(headers, uri.path());
    headers.insert(REQUEST_ID, id);
    response
}

fn is_large(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
    length.is_some_and(|length| length > LARGEST_BODY)
}

/// What is refused whatever the address.
fn check(request: &Request, known: &KnownParameters) -> Result<(), AppError> {
    if !is_known(request.method()) {
        let detail = "no address of this server knows that method";
        return Err(AppError::new(Code::MethodNotAllowed, detail));
    }
    host::check(request)?;
    if !is_plain(request.headers()) {
        let detail = "the body is transferred in a coding that is not read: send it as it is, or in \
                      chunks";
        return Err(AppError::new(Code::MalformedRequest, detail));
    }
    // A browser would read the beginning as the name of another host.
    let path = request.uri().path();
    if !path.starts_with('/') || leads_away(path) {
        let detail = "there is nothing at this address";
        return Err(AppError::new(Code::NoSuchAddress, detail));
    }
    known.check(request)
}

fn is_known(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET
            | Method::HEAD
            | Method::POST
            | Method::PUT
            | Method::PATCH
            | Method::DELETE
            | Method::OPTIONS
    )
}

/// True when a body comes as it is, or in chunks: another coding was not undone.
fn is_plain(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let chunked = |value: &HeaderValue| {
        let is = |coding: &str| coding.trim().eq_ignore_ascii_case("chunked");
        value.to_str().is_ok_and(|all| all.split(',').all(is))
    };
    codings.all(chunked)
}

/// Browsers read a backslash as a slash, and leave out tabs.
fn leads_away(path: &str) -> bool {
    let mut begin = path.chars().filter(|c| *c != '\t');
    begin.next() == Some('/') && matches!(begin.next(), Some('/' | '\\'))
}

/// Gives a refusal of the layers below that says nothing of its own (wrong method, body too large,
/// cross-site) an error to say.
fn explained(mut response: Response, asked: &Asked<'_>) -> Response {
    let has_words = response.headers().contains_key(header::CONTENT_TYPE)
        && ["json", "html"].iter().any(|kind| is_of(&response, kind));
    let error = response.extensions().get::<AppError>();
    if let Some(error) = error {
        if error.code == Code::MethodNotAllowed {
            let methods = HeaderValue::from_static(METHODS);
            response
                .headers_mut()
                .entry(header::ALLOW)
                .or_insert(methods);
        }
        return response;
    }
    if has_words {
        return response;
    }
    let (code, detail) = match response.status() {
        StatusCode::BAD_REQUEST => (Code::MalformedRequest, "the request cannot be read"),
        StatusCode::FORBIDDEN => (
            Code::ForeignSite,
            "requests from other web sites are refused",
        ),
        StatusCode::NOT_FOUND => (Code::NoSuchAddress, "there is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => (
            Code::MethodNotAllowed,
            "this address does not know that method",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (Code::BodyTooLarge, "the body is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            (Code::MediaTypeNotRead, "this type of body is not read here")
        }
        status if status.is_server_error() => {
            tracing::error!(request_id = asked.id, %status, "an answer has no words");
            (Code::InternalError, "something broke; see the server's log")
        }
        _ => return response,
    };
    let allow = response.headers_mut().remove(header::ALLOW);
    let mut answer = AppError::new(code, detail).into_response();
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

fn is_of(response: &Response, kind: &str) -> bool {
    let value = response.headers().get(header::CONTENT_TYPE);
    value.is_some_and(|value| value.to_str().is_ok_and(|it| it.contains(kind)))
}

/// A form is sent back to the page it came from. The name of an earlier refusal would stay in its
/// address, and the page say it again.
fn forget_old_error(headers: &mut HeaderMap) {
    let page = headers.get(header::REFERER).and_then(|it| it.to_str().ok());
    let Some((path, query)) = page.and_then(|page| page.split_once('?')) else {
        return;
    };
    let kept = query
        .split('&')
        .filter(|pair| !pair.starts_with("refused="));
    let kept: Vec<_> = kept.collect();
    if let Ok(page) = HeaderValue::try_from(format!("{path}?{}", kept.join("&"))) {
        headers.insert(header::REFERER, page);
    }
}

/// Nobody is sent to another site, and no address ends in a bare question mark.
fn keep_here(headers: &mut HeaderMap) {
    let Some(location) = headers.get(header::LOCATION) else {
        return;
    };
    let text = location.to_str().unwrap_or("/");
    let plain = text.strip_suffix('?').unwrap_or(text);
    // What a form without JavaScript is sent back to is the whole address of its page, or what
    // somebody gave for it.
    let whole = plain.split_once("://").filter(|(scheme, _)| {
        ["http", "https"]
            .iter()
            .any(|it| scheme.eq_ignore_ascii_case(it))
    });
    let plain = whole.map_or(plain, |(_, rest)| {
        rest.find(['/', '?', '#']).map_or("", |at| &rest[at..])
    });
    let path = if leads_away(plain) {
        format!("/{}", plain.trim_start_matches(['/', '\\', '\t']))
    } else if plain.starts_with('/') {
        plain.to_owned()
    } else {
        "/".to_owned()
    };
    if path != *location
        && let Ok(path) = HeaderValue::try_from(path)
    {
        headers.insert(header::LOCATION, path);
    }
}

/// Of what is no page: nothing is loaded, whatever a browser takes it for.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";
/// Of the page that shows the document.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                           img-src 'self' data:; font-src 'self' data:; connect-src 'self'; \
                           base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Pages say themselves which scripts may run, and assets how long they are kept.
pub(super) fn say_policies(headers: &mut HeaderMap, path: &str) {
    let docs = path.starts_with("/api/docs");
    let policy = if docs { DOCS_POLICY } else { POLICY };
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (OPENER_POLICY, "same-origin"),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        let value = HeaderValue::from_static(value);
        headers.entry(name).or_insert(value);
    }
}
