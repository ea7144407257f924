//! Requests to the server.

use gloo_net::http::Request;

/// Why there is no good answer.
pub(crate) enum Refusal {
    /// The server said so, in this body.
    Answered(Vec<u8>),
    /// It did not answer.
    Unreachable,
}

/// Sends `body` to `url`, and answers the body of the answer.
pub(crate) async fn post(url: &str, kind: &str, body: String) -> Result<Vec<u8>, Refusal> {
    let unreachable = |_| Refusal::Unreachable;
    let request = Request::post(url)
        .header("Content-Type", kind)
        .header("Accept", "application/json")
        .body(body)
        .map_err(unreachable)?;
    let response = request.send().await.map_err(unreachable)?;
    let bytes = response.binary().await.map_err(unreachable)?;
    if response.ok() {
        Ok(bytes)
    } else {
        Err(Refusal::Answered(bytes))
    }
}
