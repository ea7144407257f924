//! Agents in storage: what people asked of them, and when they were last heard of.

use sqlx::FromRow;

use super::activity::{Happening, record};
use super::columns::{Origin, json, readable};
use super::database::on_pool;
use super::tx::{Tx, in_tx};
use super::{Answer, Change, Database, StorageError, Thing, Write};
use crate::domain::{ActivityKind, AgentKind, AppError, Audience, Timestamp};

/// An agent as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AgentRecord {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) kind: AgentKind,
    pub(crate) capabilities: Vec<String>,
    pub(crate) concurrency: u32,
    pub(crate) wanted: Wanted,
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
        Audience::Everyone
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

/// Creates or replaces an agent's record.
pub(crate) struct SaveAgent {
    pub(crate) record: AgentRecord,
    /// What the timeline says about it, by whom, if anything.
    pub(crate) happened: Option<(ActivityKind, String)>,
    pub(crate) now: Timestamp,
}

const SAVE: &str = "insert into agents (name, title, kind, capabilities, concurrency, wanted, \
    error, started_at, last_seen) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
    on conflict (name) do update set title = excluded.title, kind = excluded.kind, \
    capabilities = excluded.capabilities, concurrency = excluded.concurrency, \
    wanted = excluded.wanted, error = excluded.error, started_at = excluded.started_at, \
    last_seen = excluded.last_seen, version = agents.version + 1 returning version";

impl Write for SaveAgent {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        let agent = &self.record;
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

#[derive(FromRow)]
struct AgentRow {
    name: String,
    title: String,
    kind: String,
    capabilities: String,
    concurrency: i64,
    wanted: String,
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
        let kinds = [AgentKind::Process, AgentKind::Remote, AgentKind::Fake];
        let kind = kinds.into_iter().find(|kind| kind.as_str() == row.kind);
        let wanted = Wanted::ALL
            .into_iter()
            .find(|wanted| wanted.as_str() == row.wanted);
        Ok(Self {
            name: row.name,
            title: row.title,
            kind: origin.require("kind", kind)?,
            capabilities: origin.json("capabilities", &row.capabilities)?,
            concurrency: origin.number("concurrency", row.concurrency)?,
            wanted: origin.require("wanted", wanted)?,
            error: row.error,
            started_at: row.started_at.map(Timestamp),
            last_seen: row.last_seen.map(Timestamp),
            version: row.version,
        })
    }
}

const WANTED: &str = "select wanted from agents where name = $1";

/// Refuses when a person has stopped the agent.
pub(super) async fn check_wanted(tx: &mut Tx<'_>, name: &str) -> Answer<()> {
    let found: Option<(String,)> =
        in_tx!(tx, conn => sqlx::query_as(WANTED).bind(name).fetch_optional(conn).await?);
    if found.is_some_and(|(wanted,)| wanted != Wanted::On.as_str()) {
        return Err(AppError::conflict(format!("{name} was stopped")).into());
    }
    Ok(())
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
