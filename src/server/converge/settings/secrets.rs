//! What only the webhook is to know: what its address says besides where it is.

use std::ffi::OsString;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::percent_decode_str;

/// It holds an address, whatever is in that.
const ALWAYS: &str = "CONVERGENCE_WEBHOOK_URL";
/// A shorter secret may be part of anything.
const LONG: usize = 8;
/// No name and password together is so short.
const SHORT: usize = 3;

/// Those of our variables that no step may see: the webhook's address, and what holds a password or
/// token of it.
pub(in super::super) fn secret_variables(
    url: Option<&str>,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<OsString> {
    let secrets = url.map(secrets).unwrap_or_default();
    let parts = url.map(telling_parts).unwrap_or_default();
    let hidden = variables.filter(|(name, value)| {
        let value = value.to_string_lossy();
        let holds = |secret: &String| {
            *value == **secret || (secret.len() >= LONG && value.contains(secret.as_str()))
        };
        name == ALWAYS
            || secrets.iter().any(holds)
            || parts.iter().any(|part| value.contains(part.as_str()))
    });
    hidden.map(|(name, _)| name).collect()
}

/// What tells who posts wherever it stands, however short it is: the address, name and password
/// together, and as they are sent.
fn telling_parts(url: &str) -> Vec<String> {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let bare = place.split(['#', '?']).next().unwrap_or_default();
    let path = bare.split_once('/').map_or("", |(_, path)| path);
    let mut parts = Vec::new();
    let login = login(url);
    // Where there is nothing but a host there is nothing to hide, and many addresses begin so.
    if !path.is_empty() || !login.is_empty() || place.contains('?') {
        parts.push(url.to_owned());
    }
    for login in [login.to_owned(), meant(login)] {
        let (name, password) = login.split_once(':').unwrap_or((&login, ""));
        if login.is_empty() {
            continue;
        }
        // Without padding, which some leave away.
        let sent = STANDARD_NO_PAD.encode(format!("{name}:{password}"));
        parts.extend([sent.replace('+', "-").replace('/', "_"), sent]);
        if !password.is_empty() {
            parts.extend([format!("{name}:{password}"), format!(":{password}@")]);
        }
    }
    // What is shorter may be part of anything.
    parts.retain(|part| part.len() > SHORT);
    parts
}

/// What an address says of who posts.
fn login(url: &str) -> &str {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let authority = place.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or("", |(login, _)| login)
}

fn meant(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Values of a query with such a name are secret however short they are.
const TELLING: [&str; 6] = ["token", "key", "secret", "pass", "auth", "sig"];

/// The password of an address, or the name where there is no password, and what its query holds; as
/// they are written and as they are meant.
fn secrets(url: &str) -> Vec<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or_default();
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let login = login(url);
    let (name, password) = login.split_once(':').unwrap_or((login, ""));
    let values = query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, pair));
        let name = name.to_lowercase();
        let tells = TELLING.iter().any(|word| name.contains(word));
        (tells || value.len() >= LONG).then_some(value)
    });
    // The name of a person is no secret, a token is one.
    let name = (password.is_empty() && name.len() >= LONG).then_some(name);
    let written = values.chain([password]).chain(name);
    written
        .filter(|text| !text.is_empty())
        .flat_map(|text| [text.to_owned(), meant(text)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::secret_variables;

    #[test]
    fn what_holds_a_password_of_the_webhook_is_hidden_and_nothing_else() {
        let variables = [
            ("CONVERGENCE_WEBHOOK_URL", "http://host/events"),
            ("HOOK", "https://me:s%33cret-word@host/events"),
            ("PASSWORD", "s3cret-word"),
            ("WRITTEN", "Bearer s%33cret-word"),
            ("TOKEN", "abc"),
            ("PATH", "/usr/bin:/abc"),
            ("HOME", "/home/me"),
            ("OTHER", "secret"),
        ];
        let hidden = |url: Option<&str>| {
            let variables = variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()));
            let hidden = secret_variables(url, variables);
            hidden
                .into_iter()
                .map(|name| name.into_string().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(hidden(None), ["CONVERGENCE_WEBHOOK_URL"]);
        assert_eq!(
            hidden(Some("http://host/events")),
            ["CONVERGENCE_WEBHOOK_URL"]
        );
        assert_eq!(
            hidden(Some("https://me:s%33cret-word@host/events")),
            ["CONVERGENCE_WEBHOOK_URL", "HOOK", "PASSWORD", "WRITTEN"]
        );
        // A short one hides what is nothing else.
        assert_eq!(
            hidden(Some("http://host/events?token=abc")),
            ["CONVERGENCE_WEBHOOK_URL", "TOKEN"]
        );
        let alone = ["CONVERGENCE_WEBHOOK_URL"];
        assert_eq!(hidden(Some("http://abc@host/?v=abc")), alone);
    }

    /// Whether a step does not see a variable with this value.
    fn hides(url: &str, value: &str) -> bool {
        let variables = std::iter::once(("A".into(), value.into()));
        !secret_variables(Some(url), variables).is_empty()
    }

    #[test]
    fn what_lets_somebody_in_is_hidden_in_every_shape() {
        let url = "http://me:p%40w@host/events";
        for value in [
            url,
            "curl 'http://me:p%40w@host/events'",
            "host=me:p%40w",
            "me:p@w",
            "http://:p@w@other/",
            "p@w",
            "Basic bWU6cEB3",
            "Authorization: Basic bWU6cEB3Cg",
        ] {
            assert!(hides(url, value), "{value}");
        }
        for value in ["me", "http://host/events", "p@wx", "host"] {
            assert!(!hides(url, value), "{value}");
        }
        // The path may be the secret.
        let url = "https://hooks.example.org/services/T0/B0/xyz";
        for value in [url, "to https://hooks.example.org/services/T0/B0/xyz now"] {
            assert!(hides(url, value), "{value}");
        }
        assert!(!hides(url, "https://hooks.example.org/services"));
        assert!(!hides("http://host:8766", "http://host:8766/api"));
        // A name alone is sent, too.
        assert!(hides("http://tok@host/", "Basic dG9rOg=="));
    }
}
