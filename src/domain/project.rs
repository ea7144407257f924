//! Projects: what tasks belong to. `default` always exists, so that nobody has to think of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::patch::{given, or_cleared};
use super::{FOLDER, FieldError, LIMITS, LONGEST_NAME, title_or_name};

/// The project of whatever names none.
pub const DEFAULT_PROJECT: &str = "default";

/// A project as everybody sees it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Project {
    /// Lower-case letters, digits and `-`; unique, for ever.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The absolute path of the folder in which its process agents work unless they say otherwise.
    pub folder: Option<String>,
    /// What its tasks are checked for; not there yet, so always `null`.
    #[schema(value_type = Option<Object>)]
    pub checks: Option<serde_json::Value>,
    /// True when it takes no new tasks and appears in no choice.
    pub archived: bool,
    /// Rises with every change.
    pub version: i64,
    /// Rises when people change it; the `ETag` carries it.
    pub edit_version: i64,
}

impl Project {
    /// What people see of its title: its name, where that is nothing.
    #[must_use]
    pub fn shown_title(&self) -> &str {
        title_or_name(&self.title, &self.name)
    }
}

/// A project on its way in. Only `name` is required.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProject {
    /// 1 to 64 lower-case letters, digits and `-`, beginning with a letter or digit.
    pub name: String,
    /// At most 200 characters; the name when absent.
    #[serde(default)]
    pub title: Option<String>,
    /// An absolute path of at most 4096 characters.
    #[serde(default)]
    pub folder: Option<String>,
}

/// A change to a project; what is absent stays, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectChange {
    /// At most 200 characters; the name when cleared.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub title: Option<Option<String>>,
    /// An absolute path.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub folder: Option<Option<String>>,
    /// True to take no new tasks.
    #[serde(deserialize_with = "or_cleared")]
    pub archived: Option<bool>,
}

/// True for what may be the name of a project.
#[must_use]
pub fn is_project_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(is_plain) && !name.starts_with('-')
}

impl NewProject {
    /// Everything that is wrong with it, at once.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        if !is_project_name(&self.name) {
            let message = "must be 1 to 64 lower-case letters, digits and \"-\"";
            found.push(FieldError::new("name", message));
        }
        check_title(&mut found, self.title.as_deref());
        check_folder(&mut found, self.folder.as_deref());
        found
    }
}

impl ProjectChange {
    /// Everything that is wrong with it, at once.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        check_title(
            &mut found,
            self.title.iter().flatten().next().map(String::as_str),
        );
        check_folder(
            &mut found,
            self.folder.iter().flatten().next().map(String::as_str),
        );
        found
    }
}

/// Says what is wrong with the title of a project or an agent.
pub fn check_title(found: &mut Vec<FieldError>, title: Option<&str>) {
    let bad = |text: &str| {
        text.trim().is_empty()
            || text.chars().count() > LIMITS.title
            || text.chars().any(char::is_control)
    };
    if title.is_some_and(bad) {
        let message = "must be 1 to 200 characters on one line";
        found.push(FieldError::new("title", message));
    }
}

fn check_folder(found: &mut Vec<FieldError>, folder: Option<&str>) {
    let bad = |path: &str| {
        !path.starts_with('/')
            || path.chars().count() > FOLDER
            || path.chars().any(char::is_control)
    };
    if folder.is_some_and(bad) {
        let message = "must be an absolute path of at most 4096 characters";
        found.push(FieldError::new("folder", message));
    }
}

#[cfg(test)]
mod tests {
    use super::{ProjectChange, is_project_name};

    #[test]
    fn names_are_plain_enough_for_addresses() {
        for name in ["default", "web-2", "0"] {
            assert!(is_project_name(name), "{name}");
        }
        let long = "a".repeat(65);
        for name in ["", "-a", "Web", "a b", "ä", "a/b", "a.b", &long] {
            assert!(!is_project_name(name), "{name}");
        }
    }

    #[test]
    fn null_clears_a_folder_and_an_absent_one_stays() {
        let read = |text| serde_json::from_str::<ProjectChange>(text).unwrap().folder;
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"folder": null}"#), Some(None));
        assert_eq!(read(r#"{"folder": "/a"}"#), Some(Some("/a".to_owned())));
    }
}
