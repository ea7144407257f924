//! Who may see what: a scope is what somebody may see, an audience is who may see something.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody may do, for one project or for all. Each may do what those before it may.
#[derive(
    Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look and download.
    Viewer,
    /// Create tasks; change, cancel, retry and answer one's own.
    Operator,
    /// The same for all tasks of the project; start and stop agents.
    Maintainer,
    /// Everything.
    Admin,
}

/// The projects whose things somebody may see. Reading takes one, so that no reader can forget it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Scope(Option<Arc<BTreeSet<String>>>);

impl Scope {
    /// For the server's own work, and for whoever may see all projects.
    #[must_use]
    pub fn everything() -> Self {
        Self(None)
    }

    /// These projects and no others; nothing at all without one.
    #[must_use]
    pub fn of(projects: impl IntoIterator<Item = String>) -> Self {
        Self(Some(Arc::new(projects.into_iter().collect())))
    }

    /// What both allow. `projects` is what somebody chose to look at: all of them when empty.
    #[must_use]
    pub fn narrowed(&self, projects: &[String]) -> Self {
        if projects.is_empty() {
            return self.clone();
        }
        Self::of(projects.iter().filter(|name| self.covers(name)).cloned())
    }

    /// The projects by name; `None` means all there are.
    #[must_use]
    pub fn projects(&self) -> Option<&BTreeSet<String>> {
        self.0.as_deref()
    }

    /// True for a project whose things may be seen.
    #[must_use]
    pub fn covers(&self, project: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.contains(project))
    }

    /// True when something with this audience may be seen.
    #[must_use]
    pub fn sees(&self, audience: &Audience) -> bool {
        match audience {
            Audience::Everyone => true,
            Audience::Project { project, .. } => self.covers(project),
            Audience::Projects(names) => names.iter().any(|name| self.covers(name)),
        }
    }
}

/// Who changes something: goes with every write that somebody asks for.
#[derive(Clone, Debug)]
pub struct Author {
    /// The name that the timeline shows.
    pub name: String,
    /// What this person may see.
    pub sees: Scope,
    /// Where things can be made, and one's own changed.
    pub makes: Scope,
    /// Where everybody's things can be changed.
    pub keeps: Scope,
}

impl Author {
    /// The server itself, under this name.
    #[must_use]
    pub fn server(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            sees: Scope::everything(),
            makes: Scope::everything(),
            keeps: Scope::everything(),
        }
    }

    /// True when a thing of this project, made by `owner`, may be changed.
    #[must_use]
    pub fn may_change(&self, project: &str, owner: &str) -> bool {
        self.keeps.covers(project) || (self.makes.covers(project) && owner == self.name)
    }
}

/// Who may see something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Audience {
    /// Whoever may look at anything here.
    Everyone,
    /// Whoever may look at this project.
    Project {
        /// Its name.
        project: String,
        /// Who made the thing, and may change it without being a maintainer.
        owner: String,
    },
    /// Whoever may look at any of these.
    Projects(Vec<String>),
}

impl Audience {
    /// The people who may use an agent of these projects: everybody's when empty.
    #[must_use]
    pub fn of_agent(projects: &[String]) -> Self {
        if projects.is_empty() {
            Self::Everyone
        } else {
            Self::Projects(projects.to_vec())
        }
    }

    /// The project, where it is one.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        match self {
            Self::Project { project, .. } => Some(project),
            Self::Everyone | Self::Projects(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Audience, Scope};

    #[test]
    fn what_one_chooses_never_widens_what_one_may_see() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let web = Scope::of(names(&["web"]));
        assert!(web.covers("web") && !web.covers("default"));
        assert_eq!(web.narrowed(&[]), web);
        assert_eq!(web.narrowed(&names(&["web", "default"])), web);
        assert_eq!(web.narrowed(&names(&["default"])), Scope::of([]));
        assert!(!Scope::of([]).covers("default"));
        let all = Scope::everything().narrowed(&names(&["web"]));
        assert_eq!(all, web);
    }

    #[test]
    fn an_agent_is_seen_by_whoever_may_use_it() {
        let web = Scope::of(["web".to_owned()]);
        assert!(web.sees(&Audience::of_agent(&[])));
        assert!(web.sees(&Audience::of_agent(&["web".to_owned(), "api".to_owned()])));
        assert!(!web.sees(&Audience::of_agent(&["api".to_owned()])));
        let task = Audience::Project {
            project: "api".to_owned(),
            owner: "ada".to_owned(),
        };
        assert!(!web.sees(&task) && Scope::everything().sees(&task));
    }
}
