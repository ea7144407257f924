//! The findings of a session, page by page. Groups of which the same became stand on shelves in
//! the order of the list; on a shelf findings are in the order of their fingerprints, so that the
//! last fingerprint of a page leads to the next.

use std::cmp::Reverse;

use crate::domain::{AppError, Finding, FindingState, Page, Severity};
use crate::server::state::AppState;
use crate::server::storage::sessions::{Accounts, Group, StoredSession};

/// The order of a list of findings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// By first iteration, then the gravest first.
    Iteration,
    /// What needs someone first, then the gravest.
    Need,
}

/// Where findings stand that have this in common.
type Shelf = (u32, Reverse<Severity>, u32);

impl Order {
    fn shelf(self, state: FindingState, severity: Severity, first_iteration: u32) -> Shelf {
        match self {
            Self::Iteration => (first_iteration, Reverse(severity), 0),
            Self::Need => (state.need(), Reverse(severity), first_iteration),
        }
    }

    fn of_group(self, group: &Group) -> Shelf {
        self.shelf(group.state, group.severity, group.first_iteration)
    }
}

/// A page of findings, those after the one with the fingerprint `cursor`; without those that the
/// session `except` has too.
pub(crate) async fn page(
    app: &AppState,
    accounts: &Accounts,
    order: Order,
    cursor: Option<&str>,
    limit: usize,
    except: Option<&StoredSession>,
) -> Result<Page<Finding>, AppError> {
    let last = match cursor {
        None => None,
        Some(fingerprint) if fingerprint.contains('\0') => return Err(wrong_cursor()),
        Some(fingerprint) => {
            let finding = app.db.finding(accounts, fingerprint).await;
            Some(finding.map_err(|_| wrong_cursor())?)
        }
    };
    let from = last
        .as_ref()
        .map(|it| order.shelf(it.state, it.severity, it.first_iteration));
    let mut groups: Vec<&Group> = accounts.groups.iter().collect();
    groups.sort_by_key(|group| order.of_group(group));
    let except = except.map(|stored| stored.number);
    let mut items: Vec<Finding> = Vec::new();
    for shelf in groups.chunk_by(|a, b| order.of_group(a) == order.of_group(b)) {
        let here = shelf.first().map(|group| order.of_group(group));
        if here < from {
            continue;
        }
        let after = last.as_ref().filter(|_| here == from);
        let after = after.map_or("", |last| last.fingerprint.as_str());
        let wanted = limit + 1 - items.len();
        items.extend(
            app.db
                .findings_of(accounts, shelf, after, wanted, except)
                .await?,
        );
        if items.len() > limit {
            break;
        }
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more);
    Ok(Page {
        next: next.map(|last| last.fingerprint.clone()),
        items,
    })
}

fn wrong_cursor() -> AppError {
    let message = "not a cursor of this list; take it from the Link header";
    AppError::invalid_field("cursor", message)
}
