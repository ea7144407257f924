//! What a server does before it serves: ends what an earlier one left running, puts the
//! pending tasks back on the board, and brings the configured agents in.

use super::agents::Adapters;
use super::clock::Clock;
use super::config::AgentConfig;
use super::queue::{Board, Totals};
use super::storage::agents::{AgentRecord, SaveAgent, Wanted};
use super::storage::tasks::{EndInterrupted, ResumeLeases};
use super::storage::{Answer, Database};
use crate::domain::{ActivityKind, AgentKind, Timestamp};

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
    let remembered = known.iter().filter(|record| {
        record.kind != AgentKind::Process && configured.iter().all(|c| c.name != record.name)
    });
    let remembered = remembered
        .map(|record| resume(record.clone(), now))
        .collect();
    board.restore(remembered, &[], now);
    for config in configured {
        let before = known.iter().find(|record| record.name == config.name);
        let record = configured_record(config, before, adapters, now);
        let failed = record.error.is_some();
        let happened = failed.then(|| (ActivityKind::AgentError, "system".to_owned()));
        db.write(SaveAgent {
            record,
            happened,
            now,
        })
        .await?;
    }
    // Agents are known by now, so that the tasks they hold are found with them.
    board.restore(Vec::new(), &db.active_tasks().await?, now);
    board.set_totals(Totals {
        counts: db.task_counts().await?,
        runs: db.finished_runs(500).await?,
    });
    Ok(())
}

/// A person's wish outlives a restart; draining ended with the process.
fn resume(mut record: AgentRecord, now: Timestamp) -> AgentRecord {
    match record.wanted {
        Wanted::On if record.kind != AgentKind::Remote => record.started_at = Some(now),
        Wanted::On => {}
        Wanted::Draining | Wanted::Off => record.wanted = Wanted::Off,
    }
    record
}

fn configured_record(
    config: &AgentConfig,
    before: Option<&AgentRecord>,
    adapters: &Adapters,
    now: Timestamp,
) -> AgentRecord {
    let stopped = before.is_some_and(|record| record.wanted != Wanted::On);
    let on = config.enabled && !stopped;
    AgentRecord {
        name: config.name.clone(),
        title: config.title.clone(),
        kind: config.kind,
        capabilities: config.capabilities.clone(),
        concurrency: config.concurrency,
        wanted: if on { Wanted::On } else { Wanted::Off },
        error: if on {
            adapters.check(&config.name).err()
        } else {
            None
        },
        started_at: on.then_some(now),
        last_seen: before.and_then(|record| record.last_seen),
        version: 0,
    }
}
