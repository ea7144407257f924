//! What is in a database, compared with what our migrations make.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::migrate::Migrator;
use sqlx::{PgConnection, SqliteConnection};

use super::{Answer, StorageError};

pub(super) static SQLITE: Migrator = sqlx_macros::migrate!("migrations/sqlite");
pub(super) static POSTGRES: Migrator = sqlx_macros::migrate!("migrations/postgres");

/// A migration that a database has seen: its version and its digest.
pub(super) type Applied = (i64, Vec<u8>);

const NEWER: &str = "is written by a newer version of this program: update, or name another \
    database";

/// Why a database with these migrations cannot be used by us, if so.
pub(super) fn not_ours(ours: &Migrator, applied: &[Applied]) -> Option<String> {
    let newest = ours.iter().map(|it| it.version).max().unwrap_or(0);
    let known = |version: i64| ours.iter().find(|it| it.version == version);
    let first = applied.iter().min_by_key(|(version, _)| *version)?;
    let begins = known(first.0).is_some_and(|it| *it.checksum == first.1[..]);
    if !begins {
        return Some("belongs to another program; name another database".to_owned());
    }
    if applied.iter().any(|(version, _)| *version > newest) {
        return Some(NEWER.to_owned());
    }
    let differs =
        |(version, digest): &&Applied| known(*version).is_none_or(|it| *it.checksum != digest[..]);
    let (version, _) = applied.iter().find(differs)?;
    Some(format!(
        "was changed by another build of this program (its migration {version} differs); use that \
         build, or name another database"
    ))
}

const APPLIED: &str = "select version, checksum from _sqlx_migrations order by version";

/// The migrations that a PostgreSQL database has seen; none when it is new.
pub(super) async fn applied_on_postgres(conn: &mut PgConnection) -> Answer<Vec<Applied>> {
    let table: Option<String> = sqlx::query_scalar("select to_regclass('_sqlx_migrations')::text")
        .fetch_one(&mut *conn)
        .await?;
    if table.is_none() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(APPLIED).fetch_all(conn).await?)
}

/// The migrations that a SQLite database has seen, which has the table of them.
pub(super) async fn applied_on_sqlite(conn: &mut SqliteConnection) -> Answer<Vec<Applied>> {
    Ok(sqlx::query_as(APPLIED).fetch_all(conn).await?)
}

const COLUMNS: &str = "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c \
    where m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\' \
    and m.name <> '_sqlx_migrations' and m.sql not like 'create virtual%'";
const TRIGGERS: &str = "select name, '' from sqlite_master where type = 'trigger'";

/// The tables of SQLite with their columns.
pub(super) async fn columns(conn: &mut SqliteConnection) -> Answer<Vec<(String, String)>> {
    Ok(sqlx::query_as(COLUMNS).fetch_all(conn).await?)
}

/// The triggers of SQLite, as if they were tables.
pub(super) async fn triggers(conn: &mut SqliteConnection) -> Answer<Vec<(String, String)>> {
    Ok(sqlx::query_as(TRIGGERS).fetch_all(conn).await?)
}

/// What our migrations make: a line for each table with its columns, and one for the triggers of
/// SQLite. To run them on a database in memory at every start would take longer than all else.
const MADE: &str = include_str!("schema.txt");
const TRIGGERS_MADE: &str = "triggers";

/// The tables that our migrations make on either engine, with their columns.
pub(super) fn made_columns() -> Vec<(String, String)> {
    made(|table| table != TRIGGERS_MADE)
}

/// The triggers that they make on SQLite, as if they were tables.
pub(super) fn made_triggers() -> Vec<(String, String)> {
    let triggers = made(|table| table == TRIGGERS_MADE).into_iter();
    triggers.map(|(_, name)| (name, String::new())).collect()
}

fn made(wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let lines = MADE.lines().filter_map(|line| line.split_once(": "));
    let wanted = lines.filter(|(table, _)| wanted(table));
    let pairs = wanted.flat_map(|(table, names)| {
        let names = names.split(' ');
        names.map(move |name| (table.to_owned(), name.to_owned()))
    });
    pairs.collect()
}

/// Passes when all that is `expected` is `found`.
pub(super) fn lacks_nothing(
    expected: Vec<(String, String)>,
    found: Vec<(String, String)>,
) -> Answer<()> {
    let (expected, found) = (by_table(expected), by_table(found));
    let mut missing = Vec::new();
    for (table, columns) in expected {
        match found.get(&table) {
            None => missing.push(table),
            Some(there) => missing.extend(
                columns
                    .difference(there)
                    .map(|column| format!("{table}.{column}")),
            ),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(StorageError::Unusable(format!(
        "lacks {}; restore a backup, or name another database",
        missing.join(", ")
    )))
}

fn by_table(pairs: Vec<(String, String)>) -> BTreeMap<String, BTreeSet<String>> {
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (table, column) in pairs {
        tables.entry(table).or_default().insert(column);
    }
    tables
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sqlx::{Connection, SqliteConnection};

    use super::{MADE, SQLITE, by_table, columns, triggers};

    /// Sessions of today's databases: what their loops last said decides, and each can be found by
    /// its number.
    #[tokio::test]
    async fn sessions_that_ran_out_of_iterations_did_not_fail() {
        let mut old = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let (before, rest): (Vec<_>, Vec<_>) = SQLITE.iter().partition(|it| it.version < 9);
        for migration in before {
            sqlx::raw_sql(migration.sql.clone())
                .execute(&mut old)
                .await
                .unwrap();
        }
        let insert = "insert into sessions \
            (id, source, facts, state, status, iterations, events, words, heard_at) \
            values ($1, 'w', '{}', 'FAILED', $2, 1, 1, $3, 1)";
        for (id, status, error) in [
            ("a", "failed", "Max iterations (2) reached"),
            ("b", "failed", "Timeout (3 min 0 s) reached"),
            ("c", "failed", "fix: no such tool"),
            ("d", "converged", "Max iterations (2) reached"),
        ] {
            let words = format!("{id} w {error}").to_lowercase();
            let query = sqlx::query(insert).bind(id).bind(status).bind(words);
            query.execute(&mut old).await.unwrap();
        }
        for migration in rest {
            sqlx::raw_sql(migration.sql.clone())
                .execute(&mut old)
                .await
                .unwrap();
        }
        let look = "select id, status, name, words from sessions order by number";
        let rows: Vec<(String, String, Option<String>, String)> =
            sqlx::query_as(look).fetch_all(&mut old).await.unwrap();
        let status: Vec<_> = rows.iter().map(|(_, status, ..)| status.as_str()).collect();
        assert_eq!(status, ["ended", "ended", "failed", "converged"]);
        assert!(rows.iter().all(|(_, _, name, _)| name.is_none()));
        assert_eq!(rows[2].3, "c w fix: no such tool session #3");
    }

    #[tokio::test]
    async fn the_list_of_tables_is_what_the_migrations_make() {
        let mut model = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        SQLITE.run_direct(None, &mut model, false).await.unwrap();
        let tables = by_table(columns(&mut model).await.unwrap());
        let triggers = triggers(&mut model).await.unwrap();
        let triggers = triggers.into_iter().map(|(name, _)| name).collect();
        let last = [("triggers".to_owned(), triggers)];
        let line = |(table, names): (String, BTreeSet<String>)| {
            let names: Vec<_> = names.into_iter().collect();
            format!("{table}: {}\n", names.join(" "))
        };
        let expected: String = tables.into_iter().chain(last).map(line).collect();
        assert_eq!(
            MADE, expected,
            "schema.txt is not what the migrations make:\n{expected}"
        );
    }
}
