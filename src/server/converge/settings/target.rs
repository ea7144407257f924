//! The folder or file that a loop works on.

use std::path::{Path, PathBuf};

use super::yaml::{Problems, Section};
use super::{Outside, tools};
use crate::server::converge::step::folder_of;

/// The folder that steps run in, as far as it is known before the target was read.
pub(super) fn place_of(file: &Section<'_>, outside: &Outside<'_>, folder: &Path) -> PathBuf {
    let written = file.peek("target").map(|target| folder.join(target));
    let target = outside.flags.target.clone().or(written);
    folder_of(&target.unwrap_or_else(|| folder.join(".")))
}

/// The target that the flag names, else the file.
pub(super) fn gather_target(
    file: &mut Section<'_>,
    outside: &Outside<'_>,
    folder: &Path,
) -> PathBuf {
    let home = (outside.environment)("HOME");
    let (line, is_tilde) = (file.line("target"), file.is_tilde("target"));
    let written = file.text("target");
    if let Some(target) = &outside.flags.target {
        let text = target.to_string_lossy().into_owned();
        return read_target(target, &text, 0, home.as_deref(), outside.problems);
    }
    if is_tilde {
        let words = format!("target: {}", tools::lone_tilde(home.as_deref()));
        outside.problems.add(line, words);
    }
    let written = written.unwrap_or_else(|| ".".to_owned());
    read_target(
        &folder.join(&written),
        &written,
        line,
        home.as_deref(),
        outside.problems,
    )
}

/// `written` is how somebody wrote it.
fn read_target(
    target: &Path,
    written: &str,
    line: usize,
    home: Option<&str>,
    problems: &Problems,
) -> PathBuf {
    std::fs::canonicalize(target).unwrap_or_else(|error| {
        let words = if written.starts_with('~') {
            tools::tilde(written, home)
        } else if written.contains("://") {
            "expected a folder or a file, not an address".to_owned()
        } else {
            format!("cannot find {}: {error}", target.display())
        };
        problems.add(line, format!("target: {words}"));
        target.to_owned()
    })
}
