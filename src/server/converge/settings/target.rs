//! The folder or file that a loop works on.

use std::path::{Component, Path, PathBuf};

use super::yaml::{Problems, Section};
use super::{Outside, tools};
use crate::server::converge::step::folder_of;

/// The folder that steps run in, as far as it is known before the target was read.
pub(super) fn place_of(file: &Section<'_>, outside: &Outside<'_>, folder: &Path) -> PathBuf {
    let written = file.peek("target").map(|target| folder.join(target));
    let target = outside.flags.target.clone().or(written);
    folder_of(&target.unwrap_or_else(|| folder.join(".")))
}

/// The target that the flag names, else the file: as it is, and as it is spelled.
pub(super) fn gather_target(
    file: &mut Section<'_>,
    outside: &Outside<'_>,
    folder: &Path,
) -> (PathBuf, PathBuf) {
    let home = (outside.environment)("HOME");
    let (line, is_tilde) = (file.line("target"), file.is_tilde("target"));
    let written = file.text("target");
    let (path, text, line) = if let Some(target) = &outside.flags.target {
        (target.clone(), target.to_string_lossy().into_owned(), 0)
    } else {
        if is_tilde {
            let words = format!("target: {}", tools::lone_tilde(home.as_deref()));
            outside.problems.add(line, words);
        }
        let written = written.unwrap_or_else(|| ".".to_owned());
        (folder.join(&written), written, line)
    };
    let target = read_target(&path, &text, line, home.as_deref(), outside.problems);
    let spelled = spelling(&path, (outside.environment)("PWD").as_deref());
    // What leads elsewhere is no name of it.
    let is_same = |path: &PathBuf| std::fs::canonicalize(path).is_ok_and(|it| it == target);
    let spelled = spelled.filter(is_same).unwrap_or_else(|| target.clone());
    (target, spelled)
}

/// An absolute path in the words of whoever wrote it: from where their shell says that they are.
fn spelling(path: &Path, shell: Option<&str>) -> Option<PathBuf> {
    let here = std::env::current_dir().ok();
    let shell = shell.map(Path::new).filter(|it| it.is_absolute());
    let is_here = |shell: &&Path| std::fs::canonicalize(shell).ok() == here;
    let here = shell.filter(is_here).map(Path::to_owned).or(here)?;
    let whole = here.join(path);
    // This leaves away every `.`; a `..` may lead anywhere.
    let parts = whole.components();
    let is_up = |part| part == Component::ParentDir;
    (!parts.clone().any(is_up)).then(|| parts.collect())
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
