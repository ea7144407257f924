//! What a process inherits of the server's environment: what programs need to run at all, and what
//! its settings name. The server's secrets are none of it.

use std::ffi::OsString;

use crate::server::config::is_passed_on;

/// The variables of the server that an agent sees, `pass_env` among them.
pub(super) fn inherited(
    variables: impl Iterator<Item = (OsString, OsString)>,
    pass_env: &[String],
) -> impl Iterator<Item = (OsString, OsString)> {
    variables.filter(|(name, _)| {
        name.to_str()
            .is_some_and(|name| is_passed_on(name) || pass_env.iter().any(|it| it == name))
    })
}

#[cfg(test)]
mod tests {
    use super::inherited;

    #[test]
    fn only_what_is_listed_or_named_is_inherited() {
        let kept = [
            "PATH",
            "HOME",
            "LANG",
            "LC_ALL",
            "TZ",
            "TMPDIR",
            "TERM",
            "USER",
            "SHELL",
            "XDG_RUNTIME_DIR",
            "http_proxy",
            "HTTPS_PROXY",
            "no_proxy",
            "ANTHROPIC_API_KEY",
        ];
        let lost = [
            "AWS_SECRET_ACCESS_KEY",
            "CONVERGENCE_WS_URL",
            "DATABASE_URL",
            "DASHBOARD_TLS_KEY",
            "OPENAI_API_KEY",
            "LD_PRELOAD",
            "path",
            "LC",
        ];
        let all = kept
            .iter()
            .chain(&lost)
            .map(|name| (name.into(), "x".into()));
        let named = ["ANTHROPIC_API_KEY".to_owned()];
        let seen: Vec<_> = inherited(all, &named).map(|(name, _)| name).collect();
        assert_eq!(seen, kept);
    }
}
