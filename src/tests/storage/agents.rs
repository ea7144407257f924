//! Agents in storage.

use super::{NOW, Store};
use crate::domain::{Abilities, ActivityKind, AgentKind, AgentSource, Takes};
use crate::server::storage::Thing;
use crate::server::storage::agents::{AgentRecord, Out, SaveAgent, Wanted};
use crate::tests::support::{Engine, on_each_engine};

on_each_engine!(an_agent_is_saved_and_replaced);

async fn an_agent_is_saved_and_replaced(engine: Engine) {
    let store = Store::new(engine).await;
    let record = AgentRecord {
        title: "Wörker".to_owned(),
        capabilities: vec!["rust".to_owned(), "\"".to_owned()],
        concurrency: 3,
        started_at: Some(NOW),
        version: 1,
        ..AgentRecord::new("worker", AgentKind::Remote, AgentSource::Registered)
    };
    let happened = Some((ActivityKind::AgentStarted, "me".to_owned()));
    store
        .write(SaveAgent {
            record: record.clone(),
            happened,
            now: NOW,
        })
        .await
        .unwrap();
    let changed = AgentRecord {
        kind: AgentKind::Process,
        source: AgentSource::File,
        takes: Takes::Requested,
        projects: vec!["default".to_owned()],
        abilities: Abilities::default(),
        out: Some(Out::Disabled),
        wanted: Wanted::Draining,
        error: Some("broken".to_owned()),
        started_at: None,
        last_seen: Some(NOW),
        version: 2,
        ..record.clone()
    };
    let other = AgentRecord {
        name: "a".to_owned(),
        ..record.clone()
    };
    for record in [changed.clone(), other.clone()] {
        store
            .write(SaveAgent {
                record,
                happened: None,
                now: NOW,
            })
            .await
            .unwrap();
    }
    assert_eq!(store.db.agents().await.unwrap(), [other, changed]);
    let recent = store.activity(9).await;
    assert_eq!(recent.len(), 1);
    assert_eq!(
        (recent[0].agent.as_deref(), recent[0].task_id),
        (Some("worker"), None)
    );
    let agents = store
        .announced()
        .into_iter()
        .filter(|change| matches!(change.thing, Thing::Agent(_)));
    assert_eq!(agents.count(), 3);
}
