//! Where the files of the site are: inside this executable, or beside it.
//!
//! cargo-leptos makes the site and the executable at the same time, unless it compresses the site first
//! (`--precompress`, as `make build` does). Without that, what was embedded may be any half of a site; the whole one lies
//! beside the executable when the build is over, and is read from there.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use axum::body::Bytes;
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/target/site"]
#[allow_missing = true]
struct Site;

/// The program that draws charts, bundled beside the site: cargo-leptos empties its folder.
#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/target/charts"]
#[allow_missing = true]
#[prefix = "pkg/"]
struct Charts;

pub(super) const CHARTS: &str = "pkg/charts.js";
/// What makes a page more than its HTML.
const PROGRAM: &str = "pkg/kimi-dashboard.js";
/// It is there when the site was whole before it was embedded.
const COMPRESSED: &str = "pkg/kimi-dashboard.js.br";

/// The folder to read instead of what was embedded.
static BESIDE: LazyLock<Option<Folder>> = LazyLock::new(|| {
    if cfg!(debug_assertions) || Site::get(COMPRESSED).is_some() {
        return None;
    }
    let executable = std::env::current_exe().ok();
    let beside = executable.and_then(|it| Some(it.parent()?.parent()?.join("site")));
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/site");
    let folders = beside.into_iter().chain([built]).map(Folder);
    folders.into_iter().find(|it| it.read(PROGRAM).is_some())
});

/// A file by its path below the root of the site.
pub(super) fn file(name: &str) -> Option<Bytes> {
    let site = match &*BESIDE {
        Some(folder) => folder.read(name),
        None => Site::get(name).map(content),
    };
    site.or_else(|| Charts::get(name).map(content))
}

/// The files that pages load, in order.
pub(super) fn names() -> Vec<String> {
    let mut names = match &*BESIDE {
        Some(folder) => folder.names("pkg"),
        None => Site::iter().map(Cow::into_owned).collect(),
    };
    names.retain(|name| name.starts_with("pkg/"));
    names.extend(Charts::iter().map(Cow::into_owned));
    names.sort();
    names
}

/// False for a build that was made before the charts were: `npm install` makes them.
pub(in crate::server) fn has_charts() -> bool {
    file(CHARTS).is_some()
}

/// False for an executable without what runs in the browser: its pages only work as they do without
/// JavaScript.
pub(in crate::server) fn has_program() -> bool {
    file(PROGRAM).is_some()
}

fn content(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

/// A site that lies in a folder.
struct Folder(PathBuf);

impl Folder {
    /// Nothing outside the folder is read, whatever the name says.
    fn read(&self, name: &str) -> Option<Bytes> {
        let inside = |part| matches!(part, Component::Normal(_));
        let path = Path::new(name);
        if name.contains('\\') || !path.components().all(inside) {
            return None;
        }
        std::fs::read(self.0.join(path)).ok().map(Bytes::from)
    }

    /// The files of a folder in it.
    fn names(&self, below: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.join(below));
        let names = entries.into_iter().flatten().filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            Some(format!("{below}/{name}"))
        });
        names.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;

    #[test]
    fn a_site_beside_the_executable_is_read_and_nothing_around_it() {
        let place = tempfile::tempdir().unwrap();
        let site = place.path().join("site");
        std::fs::create_dir_all(site.join("pkg")).unwrap();
        std::fs::write(place.path().join("secret"), "s").unwrap();
        std::fs::write(site.join("pkg/a.js"), "a").unwrap();
        let folder = Folder(site.clone());
        assert_eq!(folder.read("pkg/a.js").unwrap(), "a");
        assert_eq!(folder.names("pkg"), ["pkg/a.js"]);
        let absolute = place.path().join("secret");
        for name in [
            "../secret",
            "pkg/../../secret",
            "pkg/..",
            "",
            "pkg",
            "pkg/b.js",
            absolute.to_str().unwrap(),
            "pkg\\..\\..\\secret",
        ] {
            assert!(folder.read(name).is_none(), "{name}");
        }
        std::fs::write(site.join("pkg/a.js"), "another").unwrap();
        assert_eq!(folder.read("pkg/a.js").unwrap(), "another");
    }
}
