//! The built site, inside the executable: hashed, precompressed, served from memory.

mod site;

use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use self::site::file;

pub(super) use self::site::{has_charts, has_program};

/// What a page says where its charts would be.
const NO_CHARTS: &[u8] = include_bytes!("../../ui/charts_missing.js");

/// The folder that the page loads its assets from: its name changes with any of them, so that
/// browsers may keep them for ever. While developing the name stays, so that a reload works.
pub(crate) fn base() -> &'static str {
    static BASE: LazyLock<String> = LazyLock::new(name_of_folder);
    &BASE
}

fn name_of_folder() -> String {
    if cfg!(debug_assertions) {
        return "/pkg".to_owned();
    }
    let mut digest = Sha256::new();
    for name in site::names() {
        if let Some(content) = file(&name) {
            digest.update(Sha256::digest(&content));
        }
    }
    format!("/pkg/{:.16x}", digest.finalize())
}

/// `/pkg/{hash}/{file}`. Another build's file is not to be had: a page that is older than this
/// server would put together what does not fit.
pub(crate) async fn hashed(
    Path((hash, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if base().strip_prefix("/pkg/") != Some(&hash) {
        return StatusCode::NOT_FOUND.into_response();
    }
    serve(
        &format!("pkg/{file}"),
        &headers,
        "public, max-age=31536000, immutable",
    )
}

/// `/pkg/{file}`.
pub(crate) async fn plain(Path(file): Path<String>, headers: HeaderMap) -> Response {
    serve(&format!("pkg/{file}"), &headers, "no-cache")
}

/// A file at the root of the site, such as `/favicon.svg`, if there is one.
pub(crate) fn at_root(path: &str, headers: &HeaderMap) -> Option<Response> {
    let name = path
        .strip_prefix('/')
        .filter(|name| !name.is_empty() && !name.contains('/'))?;
    file(name).map(|_| serve(name, headers, "public, max-age=3600"))
}

fn serve(name: &str, headers: &HeaderMap, cache: &'static str) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let accepts = |coding: &str| accepted.is_some_and(|list| is_accepted(list, coding));
    let found = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter(|(coding, _)| accepts(coding))
        .find_map(|(coding, ending)| Some((file(&format!("{name}.{ending}"))?, Some(coding))))
        .or_else(|| Some((file(name)?, None)));
    let (content, coding) = match found {
        Some((content, coding)) => (content, coding),
        None if name == site::CHARTS => (Bytes::from_static(NO_CHARTS), None),
        None => return StatusCode::NOT_FOUND.into_response(),
    };
    let mut response = Response::new(Body::from(content));
    let answer = response.headers_mut();
    answer.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(media_type(name)),
    );
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

/// True when an `Accept-Encoding` takes `coding`: it is named, or `*` is, and not with `q=0`.
fn is_accepted(list: &str, coding: &str) -> bool {
    let items = list.split(',').map(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let weight = weight.split_once('=').map_or("1", |(_, weight)| weight);
        (
            name.trim(),
            weight.trim().parse::<f32>().unwrap_or(1.0) > 0.0,
        )
    });
    let of = |wanted: &str| {
        let mut items = items.clone();
        items.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    of(coding)
        .or_else(|| of("*"))
        .is_some_and(|(_, welcome)| welcome)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::is_accepted;

    #[test]
    fn a_coding_is_taken_by_whoever_names_it_and_does_not_refuse_it() {
        for (list, gzip, brotli) in [
            ("", false, false),
            ("gzip", true, false),
            ("gzip, deflate, br", true, true),
            ("GZIP;q=0.5 , br;q=1.0", true, true),
            ("gzip;q=0", false, false),
            ("br; q=0.000, gzip", true, false),
            ("br;q = 0, *", true, false),
            ("*", true, true),
            ("*;q=0", false, false),
            ("*;q=0, br", false, true),
            ("gzipped, brotli", false, false),
            ("identity", false, false),
        ] {
            let found = (is_accepted(list, "gzip"), is_accepted(list, "br"));
            assert_eq!(found, (gzip, brotli), "{list}");
        }
    }
}
