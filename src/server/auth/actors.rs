//! The one place where an actor is made, for every door.

use std::convert::Infallible;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use super::Actor;
use super::actor::Door;

/// Tells who asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Actors {
    /// Whom a test has invented, by the token that names them.
    #[cfg(test)]
    pub(crate) invented: std::collections::BTreeMap<String, super::Roles>,
}

impl Actors {
    #[cfg_attr(
        not(test),
        expect(clippy::unused_self, reason = "whoever can log in is known here")
    )]
    /// Who sent this request. Nobody logs in yet: it is the person at this machine.
    pub(crate) fn of(&self, parts: &Parts) -> Actor {
        let door = Door::at(parts.uri.path());
        #[cfg(test)]
        if let Some(actor) = self.invented(parts, door) {
            return actor;
        }
        Actor::local(door)
    }

    #[cfg(test)]
    fn invented(&self, parts: &Parts, door: Door) -> Option<Actor> {
        let header = parts.headers.get(axum::http::header::AUTHORIZATION)?;
        let name = header.to_str().ok()?.strip_prefix("Bearer ")?.to_owned();
        let roles = self.invented.get(&name)?.clone();
        Some(Actor {
            id: format!("id of {name}"),
            name,
            roles,
            door,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor
where
    Actors: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Actors::from_ref(state).of(parts))
    }
}
