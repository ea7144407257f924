//! The sources, as text.

use std::path::Path;

/// One file.
pub(super) struct Source {
    /// From the root of the project.
    pub(super) path: String,
    pub(super) text: String,
    /// The same without comments and inline tests; the lines keep their numbers.
    pub(super) code: String,
    /// Its module, from the crate's root.
    pub(super) module: Vec<String>,
}

impl Source {
    /// The number of the line at this place of `code`.
    pub(super) fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }
}

/// The folder of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under `src`.
pub(super) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join("src"), &mut found);
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path
                .strip_prefix(root())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let code = without_inline_tests(&without_comments(&text));
            found.push(Source {
                module: module(&path),
                path,
                text,
                code,
            });
        }
    }
}

/// `src/server/queue/mod.rs` is `server::queue`, `src/lib.rs` is the root.
fn module(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut names: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if names
        .last()
        .is_some_and(|last| last == "mod" || inner == "lib")
    {
        names.pop();
    }
    names
}

fn without_comments(text: &str) -> String {
    let line = |line: &str| {
        let code = line.trim_start();
        // An address in a text holds two slashes, too.
        let comment = if code.starts_with("//") {
            Some(0)
        } else {
            line.find(" // ")
        };
        comment.map_or_else(|| line.to_owned(), |at| line[..at].to_owned())
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// `#[cfg(test)] mod tests { … }`, which may import whatever it tests with.
fn without_inline_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    let mut marked = false;
    for line in code.lines() {
        inside |= marked && line.starts_with("mod ") && line.ends_with('{');
        if !inside {
            kept.push_str(line);
        }
        kept.push('\n');
        // What begins at the margin ends at the margin.
        inside &= line != "}";
        marked = line == "#[cfg(test)]";
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{module, without_comments, without_inline_tests};

    #[test]
    fn a_file_is_its_module_and_its_code() {
        assert_eq!(module("src/server/queue/mod.rs"), ["server", "queue"]);
        assert_eq!(module("src/domain/task.rs"), ["domain", "task"]);
        assert!(module("src/lib.rs").is_empty());
        let text =
            "//! a\nlet url = \"http://x\"; // crate::b\n#[cfg(test)]\nmod tests {\n    x\n}\nend";
        let code = without_inline_tests(&without_comments(text));
        assert_eq!(code, "\nlet url = \"http://x\";\n#[cfg(test)]\n\n\n\nend\n");
    }
}
