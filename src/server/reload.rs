//! On SIGHUP the configuration is read again. Agents that changed go on with what they hold and
//! take the next task with their new settings; a file with mistakes changes nothing.

use tokio::signal::unix::{SignalKind, signal};

use super::config::{self, AgentConfig};
use super::restore::{configured_record, removed_record, save};
use super::state::AppState;
use super::storage::Answer;
use super::telemetry::chain;
use crate::domain::ActivityKind;

/// Reads the file anew with every SIGHUP.
pub(super) async fn reload_on_hangup(app: AppState) {
    let Ok(mut hangups) = signal(SignalKind::hangup()) else {
        tracing::error!("SIGHUP cannot be heard; the configuration is not read again");
        return;
    };
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            heard = hangups.recv() => if heard.is_none() { return },
        }
        let agents = match config::load(std::env::args_os()) {
            Ok(config) => config.agents,
            Err(exit) => {
                tracing::error!("nothing was changed by SIGHUP: {}", exit.text);
                continue;
            }
        };
        match apply(&app, agents).await {
            Ok(words) => tracing::info!("{} was read again: {words}", app.configuration),
            Err(error) => tracing::error!(
                error = chain(&error),
                "the agents were not all changed as the configuration says; send SIGHUP again"
            ),
        }
    }
}

/// Brings the agents in line with the file; answers what was done, in words.
async fn apply(app: &AppState, agents: Vec<AgentConfig>) -> Answer<String> {
    let present = app.adapters.configs();
    let mut words = Vec::new();
    for old in &present {
        if agents.iter().any(|new| new.name == old.name) {
            continue;
        }
        if let Some((record, _)) = app.board.record(&old.name) {
            let happened = Some(ActivityKind::AgentStopped);
            save(&app.db, removed_record(record), happened, app.clock.now()).await?;
        }
        app.adapters.remove(&old.name);
        words.push(format!("{} is removed", old.name));
    }
    for new in agents {
        let old = present.iter().find(|old| old.name == new.name);
        if old == Some(&new) {
            continue;
        }
        let change = if old.is_some() { "changed" } else { "new" };
        words.push(format!("{} is {change}", new.name));
        app.adapters.replace(new.clone());
        let before = app.board.record(&new.name).map(|(record, _)| record);
        let now = app.clock.now();
        let record = configured_record(&new, before.as_ref(), &app.adapters, now);
        let happened = match (&record.error, old) {
            (Some(_), _) => Some(ActivityKind::AgentError),
            (None, None) => Some(ActivityKind::AgentStarted),
            (None, Some(_)) => None,
        };
        save(&app.db, record, happened, now).await?;
    }
    if words.is_empty() {
        return Ok("no agent changed".to_owned());
    }
    Ok(words.join(", "))
}
