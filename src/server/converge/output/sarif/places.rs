//! Where a finding is, as it is the same in another checkout: relative to the target, else to the
//! base that its tool names, else as it is told.

use std::collections::BTreeMap;
use std::path::Path;

use percent_encoding::percent_decode_str;
use serde_sarif::sarif::{ArtifactLocation, Location, LogicalLocation};

use super::super::json::{Members, Problem, is_array, is_object};
use super::super::troubles::Troubles;
use super::{Run, typed};

/// A base may be relative to another, so often.
const LONGEST_CHAIN: usize = 16;

/// The folder that paths are relative to, by each of its names, with `/` at its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Root(Vec<String>);

/// What results refer to.
pub(super) struct Places<'a> {
    root: &'a Root,
    bases: BTreeMap<String, Reference>,
    artifacts: Vec<Reference>,
    logical: Vec<String>,
}

/// An address, and the base that it is relative to.
#[derive(Clone, Debug, Default)]
struct Reference {
    uri: Option<String>,
    base: Option<String>,
}

/// A path, from the outermost base on and from the root of the machine.
#[derive(Debug, Default)]
struct Found {
    relative: String,
    absolute: Option<String>,
}

impl From<&Path> for Root {
    fn from(folder: &Path) -> Self {
        Self::from([folder])
    }
}

impl<const N: usize> From<[&Path; N]> for Root {
    fn from(folders: [&Path; N]) -> Self {
        let names = folders.map(|it| as_folder(&it.to_string_lossy()));
        Self(names.into())
    }
}

impl Root {
    /// The rest of a path that leads into it.
    fn inside<'p>(&self, path: &'p str) -> Option<&'p str> {
        self.0.iter().find_map(|name| path.strip_prefix(name))
    }
}

impl Reference {
    fn of(location: &ArtifactLocation) -> Self {
        Self {
            uri: location.uri.clone().filter(|uri| !uri.is_empty()),
            base: location.uri_base_id.clone(),
        }
    }
}

impl<'a> Places<'a> {
    pub(super) fn new(root: &'a Root) -> Self {
        Self {
            root,
            bases: BTreeMap::new(),
            artifacts: Vec::new(),
            logical: Vec::new(),
        }
    }

    /// The file of a result, and else the part of a program.
    pub(super) fn of(
        &self,
        location: Option<&Location>,
        target: Option<&ArtifactLocation>,
    ) -> Option<String> {
        let physical = location.and_then(|it| it.physical_location.as_ref());
        let artifact = physical.and_then(|it| it.artifact_location.as_ref());
        let file = artifact.and_then(|it| self.file(it));
        file.or_else(|| self.part(location?))
            .or_else(|| self.file(target?))
    }

    fn part(&self, location: &Location) -> Option<String> {
        let part = location.logical_locations.as_ref()?.first()?;
        let index = part.index.and_then(|index| usize::try_from(index).ok());
        let by_index = || self.logical.get(index?).cloned();
        name(part).or_else(by_index)
    }

    fn file(&self, location: &ArtifactLocation) -> Option<String> {
        let own = Reference::of(location);
        let index = location.index.and_then(|index| usize::try_from(index).ok());
        let reference = if own.uri.is_some() {
            own
        } else {
            self.artifacts.get(index?)?.clone()
        };
        reference.uri.as_ref()?;
        let found = self.resolve(&reference, LONGEST_CHAIN);
        let Some(absolute) = found.absolute else {
            return Some(found.relative).filter(|path| !path.is_empty());
        };
        let path = match self.root.inside(&absolute) {
            Some(inside) => inside.to_owned(),
            None if !found.relative.is_empty() => found.relative,
            None => self.inside_base(&absolute).unwrap_or(absolute),
        };
        Some(path).filter(|path| !path.is_empty())
    }

    /// The path below the innermost base that it lies in: that is elsewhere in another checkout.
    fn inside_base(&self, absolute: &str) -> Option<String> {
        let bases = self.bases.values();
        let bases = bases.map(|base| self.resolve(base, LONGEST_CHAIN));
        let within = bases.filter_map(|base| {
            let folder = as_folder(base.absolute.as_deref()?);
            // What is below the root of a machine is nothing of a checkout.
            let is_root = folder == "/" || folder.len() == "C:/".len() && is_drive(&folder);
            let rest = absolute.strip_prefix(&folder)?;
            let is_within = !is_root && !rest.is_empty();
            is_within.then(|| (folder.len(), join(&base.relative, rest)))
        });
        let longest = within.max_by_key(|(length, _)| *length);
        longest.map(|(_, path)| path)
    }

    fn resolve(&self, reference: &Reference, left: usize) -> Found {
        let uri = reference.uri.as_deref().unwrap_or_default();
        if uri.contains("://") && !has_scheme(uri, "file") {
            return Found {
                relative: uri.to_owned(),
                absolute: None,
            };
        }
        let path = path(uri);
        if is_absolute(&path) {
            return Found {
                relative: String::new(),
                absolute: Some(path),
            };
        }
        let base = reference
            .base
            .as_ref()
            .and_then(|base| self.bases.get(base));
        let Some(base) = base.filter(|_| left > 0) else {
            return Found {
                relative: path,
                absolute: None,
            };
        };
        let base = self.resolve(base, left - 1);
        Found {
            relative: join(&base.relative, &path),
            absolute: base.absolute.as_deref().map(|base| match base {
                "/" => format!("/{path}"),
                base => join(base, &path),
            }),
        }
    }
}

fn name(part: &LogicalLocation) -> Option<String> {
    let names = [&part.fully_qualified_name, &part.name];
    names.into_iter().flatten().next().cloned()
}

fn join(base: &str, path: &str) -> String {
    match base {
        "" => path.to_owned(),
        base => tidy(&format!("{}/{path}", base.trim_end_matches('/'))),
    }
}

fn as_folder(path: &str) -> String {
    format!("{}/", path.trim_end_matches('/'))
}

fn has_scheme(uri: &str, scheme: &str) -> bool {
    let start = uri.split_once(':').map(|(start, _)| start);
    start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// The path of an address.
fn path(uri: &str) -> String {
    let mut path = uri;
    let mut host = "";
    if has_scheme(uri, "file") {
        path = &uri["file:".len()..];
        if let Some(rest) = path.strip_prefix("//") {
            let end = rest.find('/').unwrap_or(rest.len());
            (host, path) = rest.split_at(end);
        }
        if host.eq_ignore_ascii_case("localhost") {
            host = "";
        }
    }
    let path = percent_decode_str(path)
        .decode_utf8_lossy()
        .replace('\\', "/");
    // `\\host\repo`, as Windows writes it.
    if uri.starts_with("\\\\") {
        return format!("/{}", tidy(&path));
    }
    // `/C:/repo`, `C:/repo` and `c:/repo` are the same.
    let path = match path.strip_prefix('/') {
        Some(drive) if is_drive(drive) => drive,
        _ => &path,
    };
    let path = if is_drive(path) {
        path[..1].to_uppercase() + &path[1..]
    } else {
        path.to_owned()
    };
    let path = path.as_str();
    match host {
        "" => tidy(path),
        // `file://C:/repo` is not right, but it is written.
        host if is_drive(&format!("{host}/")) => tidy(&format!("{}{path}", host.to_uppercase())),
        host => format!("//{host}{}", tidy(path)),
    }
}

fn is_drive(path: &str) -> bool {
    let mut letters = path.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters.next() == Some(':')
        && letters.next().is_none_or(|next| next == '/')
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || is_drive(path)
}

/// Without `.` and `..`, as far as that can be known.
fn tidy(path: &str) -> String {
    let rest = path.trim_start_matches('/');
    let lead = match path.len() - rest.len() {
        0 => "",
        _ => "/",
    };
    let ends = path.ends_with('/') && !rest.is_empty();
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => _ = parts.pop(),
            ".." if !lead.is_empty() => {}
            part => parts.push(part),
        }
    }
    let end = if ends && !parts.is_empty() { "/" } else { "" };
    format!("{lead}{}{end}", parts.join("/"))
}

impl<'a> Run<'a> {
    /// Reads what results refer to.
    pub(super) fn read_places(
        &mut self,
        run: &Members<'a>,
        troubles: &mut Troubles,
    ) -> Result<(), Problem> {
        let document = self.document;
        if let Some(raw) = run.get("originalUriBaseIds").filter(|raw| is_object(raw)) {
            for (name, raw) in document.members(raw)? {
                let place = format!("{}.originalUriBaseIds.{name}", self.place);
                let tidy = |map: &mut _| typed::keep(map, &["uri", "uriBaseId"]);
                let read = typed::read::<ArtifactLocation>(document, raw, &place, tidy);
                if let Some(base) = troubles.unless(document, read) {
                    self.places.bases.insert(name, Reference::of(&base));
                }
            }
        }
        if let Some(raw) = run.get("artifacts").filter(|raw| is_array(raw)) {
            document.each(raw, |index, raw| {
                let place = || format!("{}.artifacts[{index}]", self.place);
                let members = document.members(raw);
                let Some(members) = troubles.unless(document, members) else {
                    return self.places.artifacts.push(Reference::default());
                };
                let location = members.get("location").filter(|raw| is_object(raw));
                let tidy = |map: &mut _| typed::keep(map, &["uri", "uriBaseId"]);
                let reference = location.and_then(|raw| {
                    let read = typed::read::<ArtifactLocation>(document, raw, &place(), tidy);
                    troubles.unless(document, read).map(|it| Reference::of(&it))
                });
                self.places.artifacts.push(reference.unwrap_or_default());
            })?;
        }
        if let Some(raw) = run.get("logicalLocations").filter(|raw| is_array(raw)) {
            document.each(raw, |index, raw| {
                let place = format!("{}.logicalLocations[{index}]", self.place);
                let tidy = |map: &mut _| typed::keep(map, &["name", "fullyQualifiedName"]);
                let read = typed::read::<LogicalLocation>(document, raw, &place, tidy);
                let part = troubles.unless(document, read).and_then(|part| name(&part));
                self.places.logical.push(part.unwrap_or_default());
            })?;
        }
        Ok(())
    }
}
