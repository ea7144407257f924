//! What a server does before it serves: ends what an earlier one left running, puts the
//! pending tasks back on the board, and brings the configured agents in.

use std::collections::BTreeSet;

use super::agents::{Adapters, abilities};
use super::clock::Clock;
use super::config::AgentConfig;
use super::queue::{Board, Totals};
use super::storage::agents::{AgentRecord, Out, SaveAgent, Wanted};
use super::storage::tasks::{EndInterrupted, ResumeLeases, StoredTask};
use super::storage::{Answer, Database};
use crate::domain::{ActivityKind, AgentKind, AgentSource, Timestamp};

/// Leaves the board equal to storage. Nothing else writes meanwhile.
pub(super) async fn restore(
    db: &Database,
    board: &Board,
    configured: &[AgentConfig],
    adapters: &Adapters,
    clock: Clock,
    node: &str,
) -> Answer<()> {
    let now = clock.now();
    clock.resume(db.write(ResumeLeases { now }).await?);
    board.pass(clock.running(), false, now);
    let node = node.to_owned();
    for stored in db.write(EndInterrupted { node, now }).await? {
        let task = &stored.task;
        tracing::warn!(
            task.number,
            "task #{} is {} now: {}",
            task.number,
            task.status.label(),
            task.error.as_deref().unwrap_or("cancelled")
        );
    }
    let known = db.agents().await?;
    let configured_names: Vec<_> = configured.iter().map(|config| &config.name).collect();
    let unlisted = known
        .iter()
        .filter(|it| !configured_names.contains(&&it.name));
    let (removed, remembered): (Vec<_>, Vec<_>) =
        unlisted.partition(|record| record.source == AgentSource::File);
    let remembered = remembered.into_iter();
    let remembered = remembered.map(|record| resume(record.clone(), now));
    // Only the board is told: another server on this database may have them in its file.
    let removed = removed.into_iter();
    let removed = removed.map(|record| removed_record(record.clone()));
    board.restore(remembered.chain(removed).collect(), &[], now);
    for config in configured {
        let before = known.iter().find(|record| record.name == config.name);
        let record = configured_record(config, before, adapters, now);
        let happened = record.error.is_some().then_some(ActivityKind::AgentError);
        save(db, record, happened, now).await?;
    }
    // At once, for with a million tasks this is the larger part of a start. What is written below are agents alone.
    let (active, counts, runs) =
        tokio::try_join!(db.active_tasks(), db.task_counts(), db.finished_runs(500))?;
    for record in unknown_reporters(&active, &known, &configured_names) {
        save(db, record, None, now).await?;
    }
    // Agents are known by now, so that the tasks they hold are found with them.
    board.restore(Vec::new(), &active, now);
    board.set_totals(Totals { counts, runs });
    Ok(())
}

/// Stores a record; the board follows.
pub(super) async fn save(
    db: &Database,
    record: AgentRecord,
    happened: Option<ActivityKind>,
    now: Timestamp,
) -> Answer<()> {
    let happened = happened.map(|kind| (kind, "system".to_owned()));
    db.write(SaveAgent {
        record,
        happened,
        now,
    })
    .await
}

/// A person's wish outlives a restart; draining ended with the process.
fn resume(mut record: AgentRecord, now: Timestamp) -> AgentRecord {
    let runs_here = matches!(record.kind, AgentKind::Process | AgentKind::Fake);
    match record.wanted {
        Wanted::On if runs_here => record.started_at = Some(now),
        Wanted::On => {}
        Wanted::Draining | Wanted::Off => record.wanted = Wanted::Off,
    }
    record
}

/// An agent whose entry is gone: what it holds it finishes, and it takes nothing new.
pub(super) fn removed_record(mut record: AgentRecord) -> AgentRecord {
    record.out = Some(Out::Removed);
    record.error = None;
    record
}

/// The record of a configured agent. What a person asked of it, and when it was heard of, are
/// taken from the one `before`.
pub(super) fn configured_record(
    config: &AgentConfig,
    before: Option<&AgentRecord>,
    adapters: &Adapters,
    now: Timestamp,
) -> AgentRecord {
    let stopped = before.is_some_and(|record| record.wanted != Wanted::On);
    let mut record = AgentRecord::new(&config.name, config.kind(), AgentSource::File);
    record.title.clone_from(&config.title);
    record.capabilities.clone_from(&config.capabilities);
    record.concurrency = config.concurrency;
    record.takes = config.takes;
    record.projects.clone_from(&config.projects);
    record.abilities = abilities(config);
    record.wanted = if stopped { Wanted::Off } else { Wanted::On };
    record.out = (!config.enabled).then_some(Out::Disabled);
    if record.is_on() {
        record.error = adapters.check(&config.name).err();
        record.started_at = Some(now);
    }
    record.last_seen = before.and_then(|record| record.last_seen);
    record
}

/// Agents of tasks that were reported from outside before such agents were remembered.
fn unknown_reporters(
    active: &[StoredTask],
    known: &[AgentRecord],
    configured: &[&String],
) -> Vec<AgentRecord> {
    let external = active.iter().filter(|stored| stored.task.external);
    let names: BTreeSet<&String> = external.filter_map(|it| it.task.agent.as_ref()).collect();
    let is_known = |name: &String| {
        known.iter().any(|record| record.name == *name) || configured.contains(&name)
    };
    let unknown = names.into_iter().filter(|name| !is_known(name));
    unknown
        .map(|name| AgentRecord::new(name, AgentKind::External, AgentSource::Reported))
        .collect()
}
