//! What the clients of the program do until it is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use axum::http::Method;
use serde_json::{Value, json};

use super::TIMEOUT_SECONDS;
use super::ledger::Ledger;
use crate::domain::Task;
use crate::server::clock::Clock;
use crate::tests::support::{Answer, Client};

/// The server is gone, or says that it is about to be.
struct Gone;

/// Work, and the file in which the tasks themselves write down when they ran.
pub(super) struct Work {
    runs: PathBuf,
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<Answer, Gone> {
    let answer = client
        .try_send(method, path, headers, body.to_string())
        .await;
    answer.map_err(|_| Gone)
}

impl Work {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            runs: folder.join("runs"),
        }
    }

    /// Everything at once, until all of it has noticed that the server is gone.
    pub(super) async fn go_on(&self, client: &Client, ledger: &Ledger) {
        let _gone = tokio::join!(
            self.create(client, ledger, true),
            self.create(client, ledger, false),
            append(client, ledger),
            work_remotely(client, ledger),
            work_remotely(client, ledger),
        );
    }

    /// Sends again what was never answered.
    pub(super) async fn finish(&self, client: &Client, ledger: &Ledger) {
        let unanswered = std::mem::take(&mut ledger.entries().unanswered);
        for description in unanswered {
            let created = create_with_key(client, ledger, &description, "worker").await;
            assert!(created.is_ok(), "the server is up");
        }
        let unreported = std::mem::take(&mut ledger.entries().unreported);
        for (number, lease) in unreported {
            assert!(
                complete(client, ledger, number, &lease).await.is_ok(),
                "the server is up"
            );
        }
    }

    async fn create(&self, client: &Client, ledger: &Ledger, keyed: bool) -> Result<(), Gone> {
        loop {
            let name = Clock::system().uuid();
            if keyed {
                let description = format!("# {name}");
                ledger.entries().unanswered.insert(description.clone());
                create_with_key(client, ledger, &description, "worker").await?;
            } else {
                let description = self.script(&name.to_string());
                let task = new_task(&description, "shell");
                let answer = send(client, Method::POST, "/api/tasks", &[], &task).await?;
                created(ledger, answer, description);
            }
        }
    }

    /// Writes down its beginning and its end.
    fn script(&self, name: &str) -> String {
        let file = self.runs.display();
        format!(
            "# {name}\necho start $TASK_NUMBER $TASK_ATTEMPT >> '{file}'\nsleep 0.0{}\n\
             echo end $TASK_NUMBER $TASK_ATTEMPT >> '{file}'",
            name.bytes().map(u32::from).sum::<u32>() % 10
        )
    }

    /// Each attempt ran at most once, and none while a later one of the same task did.
    pub(super) fn check_runs(&self) {
        let text = std::fs::read_to_string(&self.runs).unwrap();
        let mut latest: BTreeMap<&str, u32> = BTreeMap::new();
        let mut lines = BTreeSet::new();
        for line in text.lines() {
            assert!(lines.insert(line), "twice: {line}");
            let mut words = line.split(' ');
            let (Some(word), Some(task), Some(attempt)) =
                (words.next(), words.next(), words.next())
            else {
                panic!("{line:?}");
            };
            let attempt = attempt.parse().unwrap();
            let before = latest.insert(task, attempt);
            let in_order = match word {
                "start" => before < Some(attempt),
                _ => before == Some(attempt),
            };
            assert!(in_order, "{line:?} after attempt {before:?}");
        }
        assert!(lines.len() > 10, "only {} lines", lines.len());
    }

    /// Clears what waits for the remote agent.
    pub(super) async fn claim_and_complete(client: &Client, most: usize) {
        for _ in 0..most {
            let claimed = client.post("/api/agents/worker/claim", &json!({})).await;
            if claimed.status != 200 {
                return;
            }
            let (task, lease) = claim_of(&claimed);
            let report = json!({"status": "completed", "result": lease});
            client
                .report(&task.number.to_string(), &lease, &report)
                .await
                .expect(200);
        }
    }
}

fn new_task(description: &str, agent: &str) -> Value {
    json!({"description": description, "agent": agent, "max_attempts": 20,
        "timeout_seconds": TIMEOUT_SECONDS})
}

fn created(ledger: &Ledger, answer: Answer, description: String) -> i64 {
    let task: Task = answer.expect(201).to();
    let before = ledger
        .entries()
        .created
        .insert(task.number, description.clone());
    assert!(
        before.is_none_or(|before| before == description),
        "a number given twice"
    );
    task.number
}

async fn create_with_key(
    client: &Client,
    ledger: &Ledger,
    description: &str,
    agent: &str,
) -> Result<(), Gone> {
    let key = [("idempotency-key", description)];
    let task = new_task(description, agent);
    let answer = send(client, Method::POST, "/api/tasks", &key, &task).await?;
    created(ledger, answer, description.to_owned());
    ledger.entries().unanswered.remove(description);
    Ok(())
}

async fn append(client: &Client, ledger: &Ledger) -> Result<(), Gone> {
    loop {
        let known: Vec<i64> = ledger.entries().created.keys().copied().collect();
        let Some(number) = known.get(known.len() / 2).copied() else {
            // Any request will do while there is nothing to write to.
            send(client, Method::GET, "/healthz", &[], &json!({})).await?;
            continue;
        };
        let messages: Vec<String> = (0..3).map(|_| Clock::system().uuid().to_string()).collect();
        let entries: Value = messages
            .iter()
            .map(|message| json!({"message": message}))
            .collect();
        let path = format!("/api/tasks/{number}/logs");
        send(client, Method::POST, &path, &[], &entries)
            .await?
            .expect(202);
        let said = messages.into_iter().map(|message| (number, message));
        ledger.entries().logs.extend(said);
    }
}

async fn work_remotely(client: &Client, ledger: &Ledger) -> Result<(), Gone> {
    loop {
        // What an earlier server left unanswered is reported first, late as it may be.
        let late = ledger.entries().unreported.pop();
        if let Some((number, lease)) = late {
            complete(client, ledger, number, &lease).await?;
            continue;
        }
        let path = "/api/agents/worker/claim?wait=1";
        let claimed = send(client, Method::POST, path, &[], &json!({})).await?;
        if claimed.status == 204 {
            continue;
        }
        let claimed = claimed.expect(200);
        let (task, lease) = claim_of(&claimed);
        ledger.entries().hold(&task, &lease);
        ledger
            .entries()
            .unreported
            .push((task.number, lease.clone()));
        let path = format!("/api/tasks/{}", task.number);
        let headers = [("lease", lease.as_str())];
        let progress = json!({"progress": 0.5});
        send(client, Method::PATCH, &path, &headers, &progress).await?;
        ledger
            .entries()
            .unreported
            .retain(|(_, other)| *other != lease);
        complete(client, ledger, task.number, &lease).await?;
    }
}

fn claim_of(answer: &Answer) -> (Task, String) {
    let claim = answer.json();
    let task = serde_json::from_value(claim["task"].clone()).unwrap();
    (task, claim["lease"]["id"].as_str().unwrap().to_owned())
}

/// Reports the end; a refusal means that the lease is over, or that this was heard before.
async fn complete(client: &Client, ledger: &Ledger, number: i64, lease: &str) -> Result<(), Gone> {
    let report = json!({"status": "completed", "result": lease});
    let path = format!("/api/tasks/{number}");
    ledger.entries().unreported.push((number, lease.to_owned()));
    let answer = send(client, Method::PATCH, &path, &[("lease", lease)], &report).await?;
    let mut entries = ledger.entries();
    entries.unreported.retain(|(_, other)| other != lease);
    match answer.status {
        200 => entries.complete(number, lease.to_owned()),
        409 => {}
        _ => panic!("{answer:?}"),
    }
    Ok(())
}
