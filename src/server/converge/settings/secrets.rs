//! What only the webhook is to know: what its address says besides where it is.

use std::ffi::OsString;

use percent_encoding::percent_decode_str;

/// It holds an address, whatever is in that.
const ALWAYS: &str = "CONVERGENCE_WEBHOOK_URL";
/// A shorter secret may be part of anything.
const LONG: usize = 8;

/// Those of our variables that no step may see: the webhook's address, and what holds a password or
/// token of it.
pub(in super::super) fn secret_variables(
    url: Option<&str>,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<OsString> {
    let secrets = url.map(secrets).unwrap_or_default();
    let hidden = variables.filter(|(name, value)| {
        let value = value.to_string_lossy();
        let holds = |secret: &String| {
            *value == **secret || (secret.len() >= LONG && value.contains(secret.as_str()))
        };
        let holds_address = || !secrets.is_empty() && url.is_some_and(|url| value.contains(url));
        name == ALWAYS || secrets.iter().any(holds) || holds_address()
    });
    hidden.map(|(name, _)| name).collect()
}

/// Values of a query with such a name are secret however short they are.
const TELLING: [&str; 6] = ["token", "key", "secret", "pass", "auth", "sig"];

/// The password of an address, or the name where there is no password, and what its query holds; as
/// they are written and as they are meant.
fn secrets(url: &str) -> Vec<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or_default();
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or_default();
    let login = authority.rsplit_once('@').map_or("", |(login, _)| login);
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
        .flat_map(|text| {
            let meant = percent_decode_str(text).decode_utf8_lossy().into_owned();
            [text.to_owned(), meant]
        })
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
}
