//! What every door holds: one pointer, cloned for every request and kept by every socket.

use std::ops::Deref;
use std::sync::Arc;

use axum::http::request::Parts;
use leptos::config::LeptosOptions;
use leptos::prelude::use_context;
use tokio_util::sync::CancellationToken;

use super::agents::Adapters;
use super::auth::{Actor, Actors, Admin, Maintainer, Operator, Viewer};
use super::clock::Clock;
use super::drafts::Drafts;
use super::links::Links;
use super::live::Bus;
use super::publisher::Publisher;
use super::queue::{Board, Runs};
use super::storage::Database;
use crate::domain::{AppError, Code};

/// Everything a request may need.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Handles>);

/// What an [`AppState`] points at.
pub(crate) struct Handles {
    pub(crate) db: Database,
    pub(crate) board: Board,
    pub(crate) bus: Bus,
    pub(crate) publisher: Publisher,
    pub(crate) actors: Actors,
    pub(crate) clock: Clock,
    pub(crate) runs: Runs,
    pub(crate) links: Links,
    pub(crate) drafts: Drafts,
    /// Where this server reads, or would read, its configuration.
    pub(crate) configuration: String,
    pub(crate) adapters: Arc<Adapters>,
    /// Fires when the server is to stop.
    pub(crate) stopping: CancellationToken,
    pub(crate) options: LeptosOptions,
}

impl AppState {
    pub(crate) fn new(handles: Handles) -> Self {
        Self(Arc::new(handles))
    }
}

impl Deref for AppState {
    type Target = Handles;

    fn deref(&self) -> &Handles {
        &self.0
    }
}

impl axum::extract::FromRef<AppState> for Actors {
    fn from_ref(app: &AppState) -> Self {
        app.actors.clone()
    }
}

impl axum::extract::FromRef<AppState> for LeptosOptions {
    fn from_ref(app: &AppState) -> Self {
        app.options.clone()
    }
}

/// The state and a looker's proof, inside a server function.
pub(crate) fn viewer() -> Result<(AppState, Viewer), AppError> {
    let (app, actor) = asked()?;
    Ok((app, actor.viewer()))
}

/// The state and an actor's proof, inside a server function.
pub(crate) fn operator() -> Result<(AppState, Operator), AppError> {
    let (app, actor) = asked()?;
    let operator = actor.operator()?;
    Ok((app, operator))
}

/// The state and a maintainer's proof, inside a server function.
pub(crate) fn maintainer() -> Result<(AppState, Maintainer), AppError> {
    let (app, actor) = asked()?;
    let maintainer = actor.maintainer()?;
    Ok((app, maintainer))
}

/// The state and an admin's proof, inside a server function.
pub(crate) fn admin() -> Result<(AppState, Admin), AppError> {
    let (app, actor) = asked()?;
    let admin = actor.admin()?;
    Ok((app, admin))
}

fn asked() -> Result<(AppState, Actor), AppError> {
    let absent = || AppError::new(Code::InternalError, "the server function has no state");
    let app: AppState = use_context().ok_or_else(absent)?;
    let actor = use_context::<Parts>().map(|parts| app.actors.of(&parts));
    Ok((app, actor.ok_or_else(absent)?))
}
