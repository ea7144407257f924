//! Names of sessions: given once, when a session is first known by a folder or by what its loop
//! calls it, and never to another, not even when it is gone.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::QueryBuilder;

use super::row::StoredSession;
use super::take::{KEPT_READY, ROWS};
use crate::domain::session_name;
use crate::server::storage::Answer;
use crate::server::storage::tx::{Tx, in_tx};

impl StoredSession {
    /// What people call it, unless it has no name and a task of which one may know.
    pub(crate) fn name(&self) -> String {
        session_name(self.name.as_deref(), None, self.number)
    }

    /// What its name is to be made of, and whether a number always follows; nothing where it has
    /// one already.
    fn stem(&self) -> Option<(String, bool)> {
        if self.name.is_some() {
            return None;
        }
        let titles = &self.facts.titles.as_ref()?.value;
        let (stem, is_numbered) = titles.stem()?;
        // Not as those are called that have no name.
        let taken = stem.strip_prefix("Session").is_some_and(|rest| {
            let number = rest.strip_prefix(" #");
            rest.is_empty() || number.is_some_and(|it| it.parse::<i64>().is_ok())
        });
        let stem = if taken {
            format!("\u{201c}{stem}\u{201d}")
        } else {
            stem.to_owned()
        };
        Some((stem, is_numbered))
    }
}

/// Names those of the sessions that have no name and now can, in their order. To be saved in the
/// same transaction.
pub(super) async fn give(tx: &mut Tx<'_>, sessions: &mut [StoredSession]) -> Answer<()> {
    let mut nameless: Vec<(usize, String, bool)> = Vec::new();
    for (place, stored) in sessions.iter().enumerate() {
        if let Some((stem, is_numbered)) = stored.stem() {
            nameless.push((place, stem, is_numbered));
        }
    }
    // Again for those whose name another has already: a loop may call a session "web #2".
    while !nameless.is_empty() {
        let stems = nameless.iter().map(|(_, stem, _)| stem.as_str());
        let mut numbers = count(tx, stems).await?;
        let mut given: Vec<String> = Vec::new();
        for (_, stem, is_numbered) in &nameless {
            let number = numbers.entry(stem.clone()).or_default();
            *number += 1;
            given.push(if *is_numbered || *number > 1 {
                format!("{stem} #{number}")
            } else {
                stem.clone()
            });
        }
        let mut taken = taken(tx, &given).await?;
        let wanted = nameless.into_iter().zip(given);
        nameless = Vec::new();
        for ((place, stem, is_numbered), name) in wanted {
            if taken.insert(name.clone()) {
                sessions[place].name = Some(name);
            } else {
                nameless.push((place, stem, is_numbered));
            }
        }
    }
    Ok(())
}

/// Takes a number for each of these, and answers the last one before, by stem.
async fn count<'a>(
    tx: &mut Tx<'_>,
    stems: impl Iterator<Item = &'a str>,
) -> Answer<BTreeMap<String, i64>> {
    let mut wanted: BTreeMap<&str, i64> = BTreeMap::new();
    for stem in stems {
        *wanted.entry(stem).or_default() += 1;
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let mut before = BTreeMap::new();
    for chunk in wanted.chunks(ROWS) {
        let rows: Vec<(String, i64)> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new("insert into session_numbers (stem, last) ");
            query.push_values(chunk, |mut row, (stem, count)| {
                row.push_bind((*stem).to_owned()).push_bind(*count);
            });
            query.push(" on conflict (stem) do update \
                set last = session_numbers.last + excluded.last returning stem, last");
            query.build_query_as().persistent(chunk.len() <= KEPT_READY).fetch_all(conn).await?
        });
        for (stem, last) in rows {
            let taken = chunk.iter().find(|(known, _)| *known == stem);
            before.insert(stem, last - taken.map_or(0, |(_, count)| *count));
        }
    }
    Ok(before)
}

/// Those of these names that some session has.
async fn taken(tx: &mut Tx<'_>, names: &[String]) -> Answer<BTreeSet<String>> {
    let mut taken = BTreeSet::new();
    for chunk in names.chunks(ROWS) {
        let rows: Vec<String> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new("select name from sessions where name in (");
            let mut list = query.separated(", ");
            for name in chunk {
                list.push_bind(name.clone());
            }
            query.push(")");
            query.build_query_scalar().persistent(chunk.len() <= KEPT_READY).fetch_all(conn).await?
        });
        taken.extend(rows);
    }
    Ok(taken)
}
