//! An actor asks; operations take a proof of permission that only an actor can give, so a
//! door that forgets to ask does not compile.

use axum::http::request::Parts;

/// Somebody who asks. On a loopback host that is the local user, who may do everything.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    name: &'static str,
}

/// Proof that the actor may look.
#[derive(Clone, Debug)]
pub(crate) struct Viewer(());

/// Proof that the actor may act, and under which name.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    name: &'static str,
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Actor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::local())
    }
}

impl Actor {
    /// The person at this machine. Guarded by the `Host` check of the router.
    pub(crate) fn local() -> Self {
        Self { name: "local" }
    }

    /// The local user may look.
    #[expect(clippy::unused_self, reason = "only an actor gives proofs")]
    pub(crate) fn viewer(&self) -> Viewer {
        Viewer(())
    }

    /// The local user may act.
    pub(crate) fn operator(&self) -> Operator {
        Operator { name: self.name }
    }
}

impl Viewer {
    /// Who may act may look.
    pub(crate) fn of(_: &Operator) -> Self {
        Self(())
    }
}

impl Operator {
    /// The name that the timeline shows.
    pub(crate) fn name(&self) -> &str {
        self.name
    }
}
