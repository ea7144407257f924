//! Agents in storage: what people asked of them, and when they were last heard of.

use super::activity::{Happening, record};
use super::columns::{Origin, json, readable};
use super::database::on_pool;
use super::keys::{self, Made};
use super::tx::{Tx, in_tx};
use super::{Answer, Change, Database, StorageError, Thing, Write};
use crate::domain::{
    Abilities, ActivityKind, AgentKind, AgentSource, AppError, Audience, Code, IdempotencyKey,
    Takes, Timestamp,
};

/// An agent as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AgentRecord {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) kind: AgentKind,
    pub(crate) source: AgentSource,
    pub(crate) capabilities: Vec<String>,
    pub(crate) concurrency: u32,
    pub(crate) takes: Takes,
    /// Only tasks of these; of all projects when empty.
    pub(crate) projects: Vec<String>,
    pub(crate) abilities: Abilities,
    pub(crate) wanted: Wanted,
    /// Why it takes nothing, whatever people want.
    pub(crate) out: Option<Out>,
    /// Why it cannot work.
    pub(crate) error: Option<String>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) last_seen: Option<Timestamp>,
    /// Rises with every change; storage counts it.
    pub(crate) version: i64,
}

impl AgentRecord {
    /// Whoever may use it may see it.
    pub(crate) fn audience(&self) -> Audience {
        Audience::of_agent(&self.projects)
    }

    /// One that is on, takes any task, and is called by its name.
    pub(crate) fn new(name: &str, kind: AgentKind, source: AgentSource) -> Self {
        Self {
            name: name.to_owned(),
            title: name.to_owned(),
            kind,
            source,
            capabilities: Vec::new(),
            concurrency: 1,
            takes: Takes::Any,
            projects: Vec::new(),
            abilities: Abilities::of(kind),
            wanted: Wanted::On,
            out: None,
            error: None,
            started_at: None,
            last_seen: None,
            version: 0,
        }
    }

    /// True when it would take tasks if it could.
    pub(crate) fn is_on(&self) -> bool {
        self.wanted == Wanted::On && self.out.is_none()
    }
}

/// Why an agent takes nothing, whatever people want.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Out {
    /// It stood in the file, and does so no more.
    Removed,
    /// The file says `enabled = false`.
    Disabled,
}

impl Out {
    const ALL: [Self; 2] = [Self::Removed, Self::Disabled];

    fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Disabled => "disabled",
        }
    }
}

/// What a person last asked of an agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// To take tasks.
    On,
    /// To finish what it holds.
    Draining,
    /// To do nothing.
    Off,
}

impl Wanted {
    const ALL: [Self; 3] = [Self::On, Self::Draining, Self::Off];

    fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Draining => "draining",
            Self::Off => "off",
        }
    }
}

/// Saves the record of an agent that registers, unless an earlier request did.
pub(crate) struct RegisterAgent {
    pub(crate) save: SaveAgent,
    pub(crate) is_new: bool,
    pub(crate) key: IdempotencyKey,
}

impl Write for RegisterAgent {
    /// Whether the agent was new to the earlier request, if there was one.
    type Output = Option<bool>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Option<bool>> {
        let now = self.save.now;
        if let Some(Made::Named { is_new, .. }) = keys::find(tx, &self.key, now).await? {
            return Ok(Some(is_new));
        }
        let (name, is_new) = (self.save.record.name.clone(), self.is_new);
        keys::keep(tx, &self.key, &Made::Named { name, is_new }, now).await?;
        self.save.run(tx).await?;
        Ok(None)
    }
}

/// Creates or replaces an agent's record.
pub(crate) struct SaveAgent {
    pub(crate) record: AgentRecord,
    /// What the timeline says about it, by whom, if anything.
    pub(crate) happened: Option<(ActivityKind, String)>,
    pub(crate) now: Timestamp,
}

const SAVE: &str = "insert into agents (name, title, kind, capabilities, concurrency, wanted, \
    error, started_at, last_seen, source, out_because, takes, projects, abilities) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
    on conflict (name) do update set title = excluded.title, kind = excluded.kind, \
    capabilities = excluded.capabilities, concurrency = excluded.concurrency, \
    wanted = excluded.wanted, error = excluded.error, started_at = excluded.started_at, \
    last_seen = excluded.last_seen, source = excluded.source, \
    out_because = excluded.out_because, takes = excluded.takes, projects = excluded.projects, \
    abilities = excluded.abilities, \
    version = agents.version + 1 returning version";

/// Stores a record and announces it.
async fn save(tx: &mut Tx<'_>, agent: &AgentRecord) -> Answer<()> {
    let version: i64 = in_tx!(tx, conn => sqlx::query_scalar(SAVE)
        .bind(&agent.name)
        .bind(&agent.title)
        .bind(agent.kind.as_str())
        .bind(json(&agent.capabilities))
        .bind(i64::from(agent.concurrency))
        .bind(agent.wanted.as_str())
        .bind(&agent.error)
        .bind(agent.started_at.map(|at| at.0))
        .bind(agent.last_seen.map(|at| at.0))
        .bind(agent.source.as_str())
        .bind(agent.out.map(Out::as_str))
        .bind(agent.takes.as_str())
        .bind(json(&agent.projects))
        .bind(json(&agent.abilities))
        .fetch_one(conn)
        .await?);
    tx.changed(Change {
        version,
        audience: agent.audience(),
        thing: Thing::Agent(AgentRecord {
            version,
            ..agent.clone()
        }),
    });
    Ok(())
}

impl Write for SaveAgent {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        let agent = &self.record;
        save(tx, agent).await?;
        if let Some((kind, actor)) = &self.happened {
            let happening = Happening {
                kind: *kind,
                task: None,
                agent: Some(&agent.name),
                actor,
                detail: agent.error.as_deref(),
                time: self.now,
            };
            record(tx, happening);
        }
        Ok(())
    }
}

#[derive(sqlx_macros::FromRow)]
struct AgentRow {
    name: String,
    title: String,
    kind: String,
    source: String,
    capabilities: String,
    concurrency: i64,
    takes: String,
    projects: String,
    abilities: Option<String>,
    wanted: String,
    out_because: Option<String>,
    error: Option<String>,
    started_at: Option<i64>,
    last_seen: Option<i64>,
    version: i64,
}

impl TryFrom<AgentRow> for AgentRecord {
    type Error = StorageError;

    fn try_from(row: AgentRow) -> Answer<Self> {
        let name = row.name.clone();
        let origin = Origin {
            table: "agents",
            row: &name,
        };
        let kind = AgentKind::ALL
            .into_iter()
            .find(|it| it.as_str() == row.kind);
        let kind = origin.require("kind", kind)?;
        let source = AgentSource::ALL
            .into_iter()
            .find(|it| it.as_str() == row.source);
        let takes = [Takes::Any, Takes::Requested];
        let takes = takes.into_iter().find(|it| it.as_str() == row.takes);
        let wanted = Wanted::ALL.into_iter().find(|it| it.as_str() == row.wanted);
        let abilities = row.abilities.map(|text| origin.json("abilities", &text));
        let out = row.out_because.map(|word| {
            let known = Out::ALL.into_iter().find(|it| it.as_str() == word);
            origin.require("out_because", known)
        });
        Ok(Self {
            name: row.name,
            title: row.title,
            kind,
            source: origin.require("source", source)?,
            capabilities: origin.json("capabilities", &row.capabilities)?,
            concurrency: origin.number("concurrency", row.concurrency)?,
            takes: origin.require("takes", takes)?,
            projects: origin.json("projects", &row.projects)?,
            abilities: abilities
                .transpose()?
                .unwrap_or_else(|| Abilities::of(kind)),
            wanted: origin.require("wanted", wanted)?,
            out: out.transpose()?,
            error: row.error,
            started_at: row.started_at.map(Timestamp),
            last_seen: row.last_seen.map(Timestamp),
            version: row.version,
        })
    }
}

const BY_NAME: &str = "select * from agents where name = $1";

async fn find(tx: &mut Tx<'_>, name: &str) -> Answer<Option<AgentRecord>> {
    let row: Option<AgentRow> =
        in_tx!(tx, conn => sqlx::query_as(BY_NAME).bind(name).fetch_optional(conn).await?);
    row.map(AgentRecord::try_from).transpose()
}

/// Refuses when a person has stopped the agent, or when it is out.
pub(super) async fn check_wanted(tx: &mut Tx<'_>, name: &str) -> Answer<()> {
    let found = find(tx, name).await?;
    if found.is_some_and(|record| !record.is_on()) {
        return Err(AppError::new(Code::AgentStopped, format!("{name} was stopped")).into());
    }
    Ok(())
}

/// Notes that an agent did not start: it takes nothing until it is tried again.
pub(super) async fn note_error(
    tx: &mut Tx<'_>,
    name: &str,
    reason: &str,
    now: Timestamp,
) -> Answer<()> {
    let Some(mut agent) = find(tx, name).await?.filter(AgentRecord::is_on) else {
        return Ok(());
    };
    agent.error = Some(reason.to_owned());
    save(tx, &agent).await?;
    let happening = Happening {
        kind: ActivityKind::AgentError,
        task: None,
        agent: Some(name),
        actor: "system",
        detail: Some(reason),
        time: now,
    };
    record(tx, happening);
    Ok(())
}

/// Makes an agent known that reports a task from outside, unless one of that name is known.
pub(super) async fn note_reporter(tx: &mut Tx<'_>, name: &str, now: Timestamp) -> Answer<()> {
    if find(tx, name).await?.is_some() {
        return Ok(());
    }
    let mut agent = AgentRecord::new(name, AgentKind::External, AgentSource::Reported);
    agent.started_at = Some(now);
    agent.last_seen = Some(now);
    save(tx, &agent).await
}

/// Has an agent in error tried again.
pub(crate) struct TryAgain {
    pub(crate) name: String,
}

impl Write for TryAgain {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        let found = find(tx, &self.name).await?;
        if let Some(mut agent) = found.filter(|agent| agent.error.is_some()) {
            agent.error = None;
            save(tx, &agent).await?;
        }
        Ok(())
    }
}

const ALL: &str = "select * from agents order by name";

impl Database {
    /// Every agent ever registered, by name.
    pub(crate) async fn agents(&self) -> Answer<Vec<AgentRecord>> {
        Ok(on_pool!(self, pool => {
            let rows = sqlx::query(ALL).fetch_all(pool).await?;
            readable::<_, AgentRow, AgentRecord>("agents", "name", &rows)
        }))
    }
}
