//! The local user is trusted, other web sites in the same browser are not. A page elsewhere
//! could reach a loopback server by a name of its own (DNS rebinding); the `Host` it would
//! send gives it away. Cross-site requests are refused by their `Sec-Fetch-Site` or `Origin`.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::json::Json;
use crate::domain::{AppError, ErrorKind, Problem};

/// Refuses requests that were not addressed to this machine's own names, and tells browsers
/// what they must not do with an answer. One layer does it all: a layer of its own for each
/// would cost every request more than what it does.
pub(crate) async fn guard(mut request: Request, next: Next) -> Response {
    let mut response = if is_addressed_to_us(&request) {
        let path = request.uri().path();
        let is_api = path.starts_with("/api/");
        if path.starts_with("/rpc/") {
            forget_old_error(request.headers_mut());
            with_plain_location(next.run(request).await)
        } else {
            shaped(next.run(request).await, is_api)
        }
    } else {
        let detail = "this server answers to localhost and loopback addresses only";
        AppError::new(ErrorKind::Forbidden, detail).into_response()
    };
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// A form is sent back to the page it came from, with its error in the query. An error of an
/// earlier attempt that is still there would stay, and the next would come beside it.
fn forget_old_error(headers: &mut HeaderMap) {
    let Some(page) = headers.get(header::REFERER).and_then(|it| it.to_str().ok()) else {
        return;
    };
    if let Some((path, query)) = page.split_once('?') {
        let old = |pair: &&str| pair.starts_with("__path=") || pair.starts_with("__err=");
        let kept: Vec<_> = query.split('&').filter(|pair| !old(pair)).collect();
        let page = if kept.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", kept.join("&"))
        };
        if let Ok(page) = HeaderValue::from_str(&page) {
            headers.insert(header::REFERER, page);
        }
    }
}

/// Refusals have the shape of all errors, and no address ends in a bare question mark.
fn with_plain_location(response: Response) -> Response {
    let mut response = shaped(response, false);
    let headers = response.headers_mut();
    let location = headers
        .get(header::LOCATION)
        .and_then(|it| it.to_str().ok());
    let plain = location.and_then(|it| HeaderValue::from_str(it.strip_suffix('?')?).ok());
    if let Some(plain) = plain {
        headers.insert(header::LOCATION, plain);
    }
    response
}

fn is_addressed_to_us(request: &Request) -> bool {
    let header = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let host = header.or_else(|| {
        request
            .uri()
            .authority()
            .map(axum::http::uri::Authority::as_str)
    });
    host.is_some_and(is_local)
}

/// True for `localhost` and loopback addresses, with any port.
fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Gives refusals of the layers below (wrong method, body too large, cross-site) the shape of
/// all other errors.
fn shaped(response: Response, is_api: bool) -> Response {
    let typed = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| {
            value
                .to_str()
                .is_ok_and(|kind| kind.contains("json") || kind.contains("html"))
        });
    let error = match response.status() {
        _ if typed => return response,
        StatusCode::PAYLOAD_TOO_LARGE => {
            AppError::new(ErrorKind::TooLarge, "the body is too large")
        }
        StatusCode::FORBIDDEN => AppError::new(
            ErrorKind::Forbidden,
            "requests from other web sites are refused",
        ),
        StatusCode::METHOD_NOT_ALLOWED if is_api => {
            let detail = "this address does not know that method";
            let mut problem = Problem::from(&AppError::new(ErrorKind::Malformed, detail));
            problem.status = response.status().as_u16();
            "Method not allowed".clone_into(&mut problem.title);
            let kind = [(header::CONTENT_TYPE, "application/problem+json")];
            let mut answer = (response.status(), kind, Json(problem)).into_response();
            if let Some(allow) = response.headers().get(header::ALLOW) {
                answer.headers_mut().insert(header::ALLOW, allow.clone());
            }
            return answer;
        }
        StatusCode::BAD_REQUEST => {
            AppError::new(ErrorKind::Malformed, "the request cannot be read")
        }
        _ => return response,
    };
    error.into_response()
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in [
            "localhost",
            "LOCALHOST:8766",
            "127.0.0.1:1",
            "127.3.2.1",
            "[::1]:80",
            "[::1]",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1:8766",
            "[fe80::1]:1",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
