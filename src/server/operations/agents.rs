//! Looking at agents, starting and stopping them, registering remote ones.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::{
    ActivityKind, Agent, AgentKind, AppError, FieldError, StopMode, Timestamp, is_agent_name,
};
use crate::server::auth::{Maintainer, Operator, Viewer};
use crate::server::operations::tasks;
use crate::server::state::AppState;
use crate::server::storage::agents::{AgentRecord, SaveAgent, Wanted};

/// The name of the built-in demonstration agent.
const DEMO: &str = "demo";

/// A remote agent on its way in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAgent {
    /// Letters, digits, `-` and `_`; unique.
    name: String,
    /// The name when absent.
    #[serde(default)]
    title: Option<String>,
    /// What it says it can do.
    #[serde(default)]
    capabilities: Vec<String>,
    /// How many tasks it takes at once; 1 when absent, 256 at most.
    #[serde(default)]
    concurrency: Option<u32>,
}

/// All agents, by name.
pub(crate) fn list(app: &AppState, viewer: &Viewer) -> Vec<Agent> {
    app.board.agents(viewer.scope(), app.clock.now())
}

/// One agent.
pub(crate) fn get(app: &AppState, viewer: &Viewer, name: &str) -> Result<Agent, AppError> {
    app.board
        .agent(viewer.scope(), name, app.clock.now())
        .ok_or_else(|| absent(name))
}

/// Registers a remote agent. Registering it again updates it, so that a worker may simply
/// register whenever it starts; the second value is true when it is new.
pub(crate) async fn register(
    app: &AppState,
    who: &Operator,
    new: NewAgent,
) -> Result<(Agent, bool), AppError> {
    let concurrency = new.concurrency.unwrap_or(1);
    let mut problems = Vec::new();
    if !is_agent_name(&new.name) {
        problems.push(FieldError::new(
            "name",
            "letters, digits, \"-\" and \"_\", at most 64",
        ));
    }
    if !(1..=256).contains(&concurrency) {
        problems.push(FieldError::new("concurrency", "must be from 1 to 256"));
    }
    let too_long = |text: &str| text.chars().count() > 200 || text.contains('\0');
    if new.title.as_deref().is_some_and(too_long) {
        problems.push(FieldError::new("title", "must be at most 200 characters"));
    }
    if new.capabilities.len() > 100 || new.capabilities.iter().any(|text| too_long(text)) {
        problems.push(FieldError::new(
            "capabilities",
            "at most 100 of at most 200 characters",
        ));
    }
    if !problems.is_empty() {
        return Err(AppError::invalid(problems));
    }
    let now = app.clock.now();
    let known = app.board.record(&new.name);
    if let Some((record, _)) = known
        .as_ref()
        .filter(|(record, _)| record.kind != AgentKind::Remote)
    {
        let kind = record.kind.as_str();
        return Err(AppError::conflict(format!(
            "{} is a {kind} agent of this server",
            new.name
        )));
    }
    let started_at = known
        .as_ref()
        .and_then(|(record, _)| record.started_at)
        .unwrap_or(now);
    let record = AgentRecord {
        title: new.title.unwrap_or_else(|| new.name.clone()),
        name: new.name,
        kind: AgentKind::Remote,
        capabilities: new.capabilities,
        concurrency,
        wanted: Wanted::On,
        error: None,
        started_at: Some(started_at),
        last_seen: Some(now),
        version: 0,
    };
    let agent = save(app, who, record, Some(ActivityKind::AgentStarted), now).await?;
    Ok((agent, known.is_none()))
}

/// Starts a stopped agent, or tries again after an error.
pub(crate) async fn start(app: &AppState, who: &Maintainer, name: &str) -> Result<Agent, AppError> {
    let (mut record, _) = app.board.record(name).ok_or_else(|| absent(name))?;
    who.check(&record.audience())?;
    let who = who.operator();
    let now = app.clock.now();
    if record.wanted == Wanted::On && record.error.is_none() {
        return get(app, &Viewer::of(who), name);
    }
    record.wanted = Wanted::On;
    record.started_at = Some(now);
    record.error = app.adapters.check(name).err();
    let kind = if record.error.is_some() {
        ActivityKind::AgentError
    } else {
        ActivityKind::AgentStarted
    };
    save(app, who, record, Some(kind), now).await
}

/// Stops an agent: it gets nothing new, and with `kill` what it holds is cancelled.
pub(crate) async fn stop(
    app: &AppState,
    who: &Maintainer,
    name: &str,
    mode: StopMode,
) -> Result<Agent, AppError> {
    let (mut record, _) = app.board.record(name).ok_or_else(|| absent(name))?;
    who.check(&record.audience())?;
    let who = who.operator();
    let now = app.clock.now();
    record.wanted = match mode {
        StopMode::Drain => Wanted::Draining,
        StopMode::Kill => Wanted::Off,
    };
    record.error = None;
    save(app, who, record, Some(ActivityKind::AgentStopped), now).await?;
    if mode == StopMode::Kill {
        // Only now: until the wish was stored, it may have been given another task.
        let held = app.board.record(name).map(|(_, held)| held);
        for number in held.into_iter().flatten() {
            match tasks::cancel(app, who, &number.to_string()).await {
                // It ended by itself in the meantime.
                Err(error) if error.kind == crate::domain::ErrorKind::Conflict => {}
                other => {
                    other?;
                }
            }
            if let Some(run) = app.runs.get(number) {
                run.kill.cancel();
            }
        }
    }
    get(app, &Viewer::of(who), name)
}

/// Enables the built-in demonstration agent.
pub(crate) async fn enable_demo(app: &AppState, who: &Maintainer) -> Result<Agent, AppError> {
    if app.board.record(DEMO).is_some() {
        return start(app, who, DEMO).await;
    }
    let who = who.operator();
    let now = app.clock.now();
    let record = AgentRecord {
        name: DEMO.to_owned(),
        title: "Demo".to_owned(),
        kind: AgentKind::Fake,
        capabilities: Vec::new(),
        concurrency: 2,
        wanted: Wanted::On,
        error: None,
        started_at: Some(now),
        last_seen: None,
        version: 0,
    };
    save(app, who, record, Some(ActivityKind::AgentStarted), now).await
}

async fn save(
    app: &AppState,
    who: &Operator,
    record: AgentRecord,
    kind: Option<ActivityKind>,
    now: Timestamp,
) -> Result<Agent, AppError> {
    let name = record.name.clone();
    let happened = kind.map(|kind| (kind, who.name().to_owned()));
    app.db
        .write(SaveAgent {
            record,
            happened,
            now,
        })
        .await?;
    get(app, &Viewer::of(who), &name)
}

pub(super) fn absent(name: &str) -> AppError {
    AppError::not_found(format!("there is no agent {name:?}"))
}
