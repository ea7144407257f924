//! Looking at agents, starting and stopping them, registering remote ones.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::{
    ActivityKind, Agent, AgentKind, AgentSource, AppError, CAPABILITIES, CONCURRENCY, Code,
    ErrorKind, FieldError, IdempotencyKey, StopMode, Timestamp, check_title, is_agent_name,
    is_word,
};
use crate::server::auth::{Maintainer, Operator, Viewer};
use crate::server::operations::tasks;
use crate::server::state::AppState;
use crate::server::storage::agents::{AgentRecord, Out, RegisterAgent, SaveAgent, Wanted};

/// The name of the built-in demonstration agent.
const DEMO: &str = "demo";

/// A remote agent on its way in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAgent {
    /// Letters, digits, `.`, `-` and `_`; unique.
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

impl NewAgent {
    /// Everything that is wrong with it.
    fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        if !is_agent_name(&self.name) {
            problems.push(FieldError::new(
                "name",
                "letters, digits, \".\", \"-\" and \"_\", at most 64",
            ));
        }
        if !(1..=CONCURRENCY).contains(&self.concurrency.unwrap_or(1)) {
            problems.push(FieldError::new("concurrency", "must be from 1 to 256"));
        }
        check_title(&mut problems, self.title.as_deref());
        if self.capabilities.len() > CAPABILITIES
            || !self.capabilities.iter().all(|text| is_word(text))
        {
            problems.push(FieldError::new(
                "capabilities",
                "at most 100 of 1 to 200 characters",
            ));
        }
        problems
    }
}

/// All agents, by name.
pub(crate) fn list(app: &AppState, viewer: &Viewer) -> Vec<Agent> {
    app.board.agents(viewer.scope(), app.clock.now())
}

pub(crate) fn get(app: &AppState, viewer: &Viewer, name: &str) -> Result<Agent, AppError> {
    app.board
        .agent(viewer.scope(), name, app.clock.now())
        .ok_or_else(|| absent(name))
}

/// Registers a remote agent. Registering it again updates it, so that a worker may simply
/// register whenever it starts.
pub(crate) async fn register(
    app: &AppState,
    who: &Operator,
    new: NewAgent,
    key: Option<IdempotencyKey>,
) -> Result<Registered, AppError> {
    let concurrency = new.concurrency.unwrap_or(1);
    let problems = new.problems();
    if !problems.is_empty() {
        return Err(AppError::invalid(problems));
    }
    let now = app.clock.now();
    let known = app.board.record(&new.name).map(|(record, _)| record);
    // One that only reported so far may also take tasks from now on.
    let elsewhere = |kind| matches!(kind, AgentKind::Remote | AgentKind::External);
    if let Some(record) = known.as_ref().filter(|record| !elsewhere(record.kind)) {
        let kind = record.kind.as_str();
        return Err(AppError::new(
            Code::AgentNameTaken,
            format!("{} is a {kind} agent of this server", new.name),
        ));
    }
    let before = known.as_ref();
    let mut record = AgentRecord::new(&new.name, AgentKind::Remote, AgentSource::Registered);
    if let Some(before) = before.filter(|record| record.out != Some(Out::Removed)) {
        // It stands in the file, which says more about it than its worker does.
        if before.source == AgentSource::File {
            record.source = before.source;
            record.out = before.out;
            record.takes = before.takes;
            record.projects.clone_from(&before.projects);
        }
    }
    if let Some(title) = new.title {
        record.title = title;
    }
    record.capabilities = new.capabilities;
    record.concurrency = concurrency;
    // A worker that starts again does not undo what a person asked of it.
    record.wanted = before.map_or(Wanted::On, |record| record.wanted);
    record.started_at = before.and_then(|record| record.started_at).or(Some(now));
    record.last_seen = Some(now);
    let happened = record.is_on().then_some(ActivityKind::AgentStarted);
    let is_new = known.is_none();
    let Some(key) = key else {
        let agent = save(app, who, record, happened, now).await?;
        return Ok(Registered {
            agent,
            is_new,
            replayed: false,
        });
    };
    let name = record.name.clone();
    let register = RegisterAgent {
        save: SaveAgent {
            record,
            happened: happened.map(|kind| (kind, who.name().to_owned())),
            now,
        },
        is_new,
        key: IdempotencyKey {
            actor: who.actor().to_owned(),
            ..key
        },
    };
    let earlier = app.db.write(register).await?;
    Ok(Registered {
        agent: get(app, &who.viewer(), &name)?,
        is_new: earlier.unwrap_or(is_new),
        replayed: earlier.is_some(),
    })
}

/// An agent that registered.
pub(crate) struct Registered {
    pub(crate) agent: Agent,
    /// True when it was not known before.
    pub(crate) is_new: bool,
    /// True when an earlier request with the same key registered it.
    pub(crate) replayed: bool,
}

/// Starts a stopped agent, or tries again after an error.
pub(crate) async fn start(app: &AppState, who: &Maintainer, name: &str) -> Result<Agent, AppError> {
    let mut record = controlled(app, name)?;
    who.check(&record.audience())?;
    let who = who.operator();
    let now = app.clock.now();
    if record.is_on() && record.error.is_none() {
        return get(app, &Viewer::of(who), name);
    }
    record.wanted = Wanted::On;
    record.out = None;
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
    let mut record = controlled(app, name)?;
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
            match tasks::cancel(app, who, &number.to_string(), None).await {
                // It ended by itself in the meantime.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
                Ok(cancelled) => {
                    let run = cancelled.lease().and_then(|lease| app.runs.get(lease));
                    run.inspect(|run| run.kill.cancel());
                }
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
        title: "Demo".to_owned(),
        concurrency: 2,
        started_at: Some(now),
        ..AgentRecord::new(DEMO, AgentKind::Fake, AgentSource::Page)
    };
    save(app, who, record, Some(ActivityKind::AgentStarted), now).await
}

/// Refuses a task that asks for an agent which does not exist, with the names of those that do.
pub(super) fn check_request(app: &AppState, viewer: &Viewer, name: &str) -> Result<(), AppError> {
    let known = app.board.record(name).map(|(record, _)| record);
    let seen = |record: &AgentRecord| viewer.scope().sees(&record.audience());
    if known.is_some_and(|record| record.out != Some(Out::Removed) && seen(&record)) {
        return Ok(());
    }
    let agents = app.board.agents(viewer.scope(), app.clock.now());
    let names = agents.into_iter().map(|agent| agent.name);
    let exists = |name: &String| {
        let record = app.board.record(name);
        record.is_some_and(|(record, _)| record.out != Some(Out::Removed))
    };
    let names: Vec<_> = names.filter(exists).collect();
    let known = match &names[..] {
        [] => "there is none yet".to_owned(),
        names => format!("there are {}", names.join(", ")),
    };
    let message = format!("there is no agent {name:?}; {known}; or set agent_may_come");
    Err(AppError::invalid_field("agent", message))
}

/// Notes that an agent which only reports has done so.
pub(super) fn note_report(app: &AppState, agent: &str) {
    app.board.touch(agent, app.clock.now());
}

/// The record of an agent that can be started and stopped from here.
fn controlled(app: &AppState, name: &str) -> Result<AgentRecord, AppError> {
    let (record, _) = app.board.record(name).ok_or_else(|| absent(name))?;
    if record.kind == AgentKind::External {
        return Err(AppError::new(
            Code::AgentNotControlled,
            format!("{name} only reports what it does: it is started and stopped where it runs"),
        ));
    }
    if record.out == Some(Out::Removed) {
        return Err(AppError::new(
            Code::AgentRemoved,
            format!("{name} was removed from dashboard.toml; put it back there"),
        ));
    }
    Ok(record)
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
    AppError::new(Code::AgentNotFound, format!("there is no agent {name:?}"))
}
