//! `kimi-dashboard completions SHELL`.

use std::ffi::OsString;

use clap::ValueEnum;
use clap_complete::{Shell, generate};

use super::Exit;
use super::flags;

/// What makes a shell complete the command line; `words` come after `completions`.
pub(crate) fn complete(mut words: impl Iterator<Item = OsString>) -> Exit {
    let named = words.next().filter(|_| words.next().is_none());
    let named = named.map(|word| word.to_string_lossy().into_owned());
    match named.and_then(|word| Shell::from_str(&word, true).ok()) {
        Some(shell) => {
            let mut text = Vec::new();
            generate(shell, &mut flags::whole(), "kimi-dashboard", &mut text);
            let text = String::from_utf8_lossy(&text).trim_end().to_owned();
            Exit { text, code: 0 }
        }
        None => Exit {
            text: "kimi-dashboard: completions: name one shell: bash, zsh, fish, elvish or \
                   powershell"
                .to_owned(),
            code: 2,
        },
    }
}
