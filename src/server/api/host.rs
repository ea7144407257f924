//! Which machine a request was addressed to. A page elsewhere could reach a loopback server by a
//! name of its own (DNS rebinding); the host that it would name gives it away.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::extract::Request;
use axum::http::{header, uri::Authority};

use crate::domain::{AppError, Code};

/// Refuses a request that was not addressed to this machine's own names, and one that does not say
/// to which.
pub(super) fn check(request: &Request) -> Result<(), AppError> {
    let target = request.uri().authority().map(Authority::as_str);
    let mut headers = request.headers().get_all(header::HOST).iter();
    let named = headers.next();
    if headers.next().is_some() {
        let detail = "the request has two Host headers: send one";
        return Err(AppError::new(Code::HostUnclear, detail));
    }
    // What is no text is no name either.
    let named = named.map(|host| host.to_str().unwrap_or_default());
    if target.is_none() && named.is_none_or(str::is_empty) {
        let detail = "the request names no host: send a Host header";
        return Err(AppError::new(Code::HostUnclear, detail));
    }
    if target.into_iter().chain(named).all(is_local) {
        return Ok(());
    }
    let detail = "this server answers to localhost and loopback addresses only";
    Err(AppError::new(Code::ForeignHost, detail))
}

/// True for `localhost`, names below it, and loopback addresses, with any port.
fn is_local(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']').unwrap_or_default();
        return is_port(port) && address.parse().is_ok_and(is_loopback);
    }
    let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
    is_port(port) && (is_localhost(name) || name.parse().is_ok_and(|it: Ipv4Addr| it.is_loopback()))
}

/// Nothing, or a colon and perhaps a number.
fn is_port(text: &str) -> bool {
    let number = text.strip_prefix(':').unwrap_or(text);
    text.len() <= 6
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && (text.is_empty() || text.starts_with(':'))
}

fn is_loopback(address: Ipv6Addr) -> bool {
    address.is_loopback() || address.to_ipv4_mapped().is_some_and(|it| it.is_loopback())
}

/// The name that is always this machine, and what is below it; a dot at the end is the root.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut labels = name.rsplit('.');
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(legal);
    labels
        .next()
        .is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
        && labels.all(is_label)
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in [
            "localhost",
            "LOCALHOST:8766",
            "localhost:",
            "localhost.",
            "localhost.:8766",
            "kimi.localhost",
            "a.b.LocalHost.:1",
            "127.0.0.1:1",
            "127.3.2.1",
            "[::1]:80",
            "[::1]",
            "[::ffff:127.0.0.1]:80",
            "[::ffff:7f00:1]",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            ":80",
            "evil.example",
            "localhost.evil.example",
            "evillocalhost",
            "evil.example:80@localhost",
            "user@localhost",
            "localhost:80x",
            "localhost:80:80",
            "localhost:1234567",
            "localhost..",
            ".localhost",
            "a..localhost",
            "a/b.localhost",
            "10.0.0.1:8766",
            "0.0.0.0",
            "::1",
            "[::1",
            "[::1]80",
            "[::1].localhost",
            "[127.0.0.1]",
            "[fe80::1]:1",
            "[::ffff:10.0.0.1]",
            "[::]",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
