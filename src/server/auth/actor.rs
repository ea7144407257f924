//! An actor asks; operations take a proof of permission that only an actor can give, so a
//! door that forgets to ask does not compile. A proof carries its scope, which storage and the feed
//! take in turn.

use std::collections::BTreeMap;

use crate::domain::{AppError, Audience, Author, Code, Role, Scope};

/// Somebody who asks.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    /// For ever the same, also after a change of name; keys of requests belong to it.
    pub(crate) id: String,
    /// The name that the timeline shows.
    pub(crate) name: String,
    pub(crate) roles: Roles,
    pub(crate) door: Door,
}

/// What an actor may do, where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roles {
    /// In every project.
    pub(crate) everywhere: Option<Role>,
    /// In these.
    pub(crate) in_project: BTreeMap<String, Role>,
}

/// How somebody came in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Door {
    /// The REST interface.
    Rest,
    /// The live feed.
    Socket,
    /// A page, or what its script asks.
    Page,
}

/// Proof that somebody may look, and at what.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    scope: Scope,
}

/// Proof that somebody may make things somewhere, and change their own.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    actor: String,
    author: Author,
}

/// Proof that somebody may change everybody's things somewhere, and start and stop agents.
#[derive(Clone, Debug)]
pub(crate) struct Maintainer {
    operator: Operator,
}

/// Proof that somebody may do everything.
#[derive(Clone, Debug)]
pub(crate) struct Admin(());

impl Roles {
    /// The same role in every project there is and will be.
    pub(crate) fn everywhere(role: Role) -> Self {
        Self {
            everywhere: Some(role),
            in_project: BTreeMap::new(),
        }
    }

    /// Where these roles are at least `role`.
    fn scope_of(&self, role: Role) -> Scope {
        if self.everywhere >= Some(role) {
            return Scope::everything();
        }
        let enough = self.in_project.iter().filter(|(_, own)| **own >= role);
        Scope::of(enough.map(|(name, _)| name.clone()))
    }
}

impl Door {
    /// The door that an address belongs to.
    pub(super) fn at(path: &str) -> Self {
        match path {
            "/ws" => Self::Socket,
            api if api.starts_with("/api/") => Self::Rest,
            _ => Self::Page,
        }
    }
}

impl Actor {
    /// The person at this machine, who may do everything. Guarded by the `Host` check of the router.
    pub(super) fn local(door: Door) -> Self {
        Self {
            id: "local".to_owned(),
            name: "local".to_owned(),
            roles: Roles::everywhere(Role::Admin),
            door,
        }
    }

    /// What this actor may look at, which may be nothing.
    pub(crate) fn viewer(&self) -> Viewer {
        Viewer {
            scope: self.roles.scope_of(Role::Viewer),
        }
    }

    /// Refused to those who may only look.
    pub(crate) fn operator(&self) -> Result<Operator, AppError> {
        self.with(Role::Operator, "this takes an operator")
    }

    /// Refused to those who maintain no project.
    pub(crate) fn maintainer(&self) -> Result<Maintainer, AppError> {
        let operator = self.with(Role::Maintainer, "this takes a maintainer")?;
        Ok(Maintainer { operator })
    }

    /// Refused to all who may not do everything everywhere.
    pub(crate) fn admin(&self) -> Result<Admin, AppError> {
        let operator = self.with(Role::Admin, "this takes an admin")?;
        if operator.author.keeps.projects().is_some() {
            return Err(AppError::new(Code::NotAllowed, "this takes an admin"));
        }
        Ok(Admin(()))
    }

    fn with(&self, role: Role, words: &str) -> Result<Operator, AppError> {
        let scope = self.roles.scope_of(role);
        if scope
            .projects()
            .is_some_and(std::collections::BTreeSet::is_empty)
        {
            return Err(AppError::new(Code::NotAllowed, words));
        }
        let door = self.door;
        tracing::trace!(actor = self.name, ?door, ?role, "permitted");
        Ok(Operator {
            actor: self.id.clone(),
            author: Author {
                name: self.name.clone(),
                sees: self.roles.scope_of(Role::Viewer),
                makes: self.roles.scope_of(Role::Operator),
                keeps: self.roles.scope_of(Role::Maintainer),
            },
        })
    }
}

impl Viewer {
    /// Who may act may look.
    pub(crate) fn of(operator: &Operator) -> Self {
        operator.viewer()
    }

    /// What may be seen.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Operator {
    /// The name that the timeline shows.
    pub(crate) fn name(&self) -> &str {
        &self.author.name
    }

    /// Whose keys of requests these are.
    pub(crate) fn actor(&self) -> &str {
        &self.actor
    }

    /// What goes with every write.
    pub(crate) fn author(&self) -> Author {
        self.author.clone()
    }

    /// Who may act may look.
    pub(crate) fn viewer(&self) -> Viewer {
        Viewer {
            scope: self.author.sees.clone(),
        }
    }
}

impl Maintainer {
    /// Who may change everybody's things may change their own.
    pub(crate) fn operator(&self) -> &Operator {
        &self.operator
    }

    /// Refused to those who maintain nothing that `audience` names.
    pub(crate) fn check(&self, audience: &Audience) -> Result<(), AppError> {
        if self.operator.author.keeps.sees(audience) {
            return Ok(());
        }
        let detail = "this takes a maintainer of its project";
        Err(AppError::new(Code::NotAllowed, detail))
    }
}
