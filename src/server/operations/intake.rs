//! Taking in events that are posted: group by group, so that whoever writes beside a large POST
//! waits for one group and not for all.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{AppError, Code, DEFAULT_PROJECT, Envelope, FieldError, Unreadable};
use crate::server::auth::Operator;
use crate::server::state::AppState;
use crate::server::storage::sessions::{TakeEvents, Taken};

/// What came of a POST of events.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct TakenEvents {
    /// Stored now.
    accepted: usize,
    /// Known already, by session and event id.
    duplicates: usize,
    /// What could not be read, at most the first 1,000.
    #[schema(max_items = 1000)]
    refused: Vec<RefusedEvent>,
    /// How many more could not be read; absent when all of them are named.
    #[serde(skip_serializing_if = "is_none")]
    refused_more: usize,
    /// The same as `refused`, by field; absent when everything could be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    errors: Vec<FieldError>,
}

/// An event that could not be read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusedEvent {
    /// Its place in what was sent, from 0.
    index: usize,
    /// The id that it has nevertheless.
    event_id: Option<String>,
    /// What is wrong with which part of it.
    detail: String,
}

/// What could not be read is named so often; the rest is counted.
const MOST_NAMED: usize = 1000;

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// Takes in what a loop's webhook brought. What can be read is stored even beside what cannot,
/// for the sender would only send the same again; nothing readable at all is an error. When it
/// fails in the middle, what was stored until then is known when the same is sent again.
pub(crate) async fn take(
    app: &AppState,
    who: &Operator,
    mut envelope: Envelope,
) -> Result<TakenEvents, AppError> {
    if !who.author().makes.covers(DEFAULT_PROJECT) {
        let words = "this takes an operator of the project \"default\"";
        return Err(AppError::new(Code::NotAllowed, words));
    }
    let now = app.clock.now();
    let mut taken = TakenEvents::default();
    loop {
        let read = move || {
            let batch = envelope.next(now);
            let group = batch.map(|batch| {
                let take = TakeEvents::new(batch.events, "webhook".to_owned(), now);
                let of = batch.problems.iter();
                let refused = of.filter_map(|problem| problem.session_id.as_deref());
                (take.refusing(refused), batch.problems)
            });
            (envelope, group)
        };
        // Reading JSON is work: elsewhere it would keep a worker from the other requests.
        let read = tokio::task::spawn_blocking(read).await;
        let read = read.map_err(|error| AppError::new(Code::InternalError, error.to_string()))?;
        let Some((take, problems)) = read.1 else {
            break;
        };
        envelope = read.0;
        taken.refuse(problems);
        if take.is_empty() {
            continue;
        }
        match app.db.write(take).await {
            Ok(group) => taken.add(group),
            Err(error) => return Err(taken.broken_off(error.into())),
        }
    }
    if taken.accepted + taken.duplicates == 0 && !taken.errors.is_empty() {
        return Err(AppError::invalid(taken.errors));
    }
    Ok(taken)
}

impl TakenEvents {
    fn add(&mut self, group: Taken) {
        group.count();
        self.accepted += group.accepted;
        self.duplicates += group.duplicates;
    }

    fn refuse(&mut self, problems: Vec<Unreadable>) {
        let count = u64::try_from(problems.len()).unwrap_or(0);
        metrics::counter!("convergence_malformed_total").increment(count);
        for problem in problems {
            if self.refused.len() == MOST_NAMED {
                self.refused_more += 1;
                continue;
            }
            self.refused.push(RefusedEvent {
                index: problem.index,
                event_id: problem.event_id,
                detail: format!("{}: {}", problem.field, problem.message),
            });
            let error = FieldError::new(problem.field, problem.message);
            self.errors.push(error);
        }
    }

    /// `error`, and what became of the events before.
    fn broken_off(&self, mut error: AppError) -> AppError {
        let before = self.accepted + self.duplicates;
        if before > 0 {
            let words = format!(
                "; {before} events of this request are stored: send all of it again, each counts once"
            );
            error.detail.push_str(&words);
        }
        error
    }
}
