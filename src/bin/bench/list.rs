//! A list of a million tasks: the first page, deep pages, filters, the page people see.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection as Sqlite;

use super::http::Connection;
use super::measure::{Latencies, grouped, ms};
use super::page::repeat;
use super::process::Process;
use super::report::{Row, Verdict};
use super::{Flags, Outcome, bare_sqlite};

/// Most are long done; a few thousand wait or run.
const FILL: &str = "
with recursive n(i) as (select 1 union all select i + 1 from n where i < ?1),
shaped as (select i,
    case when i > ?1 - 20 then 'running'
         when i > ?1 - 2000 then 'pending'
         when i % 25 = 0 then 'failed'
         when i % 70 = 0 then 'cancelled'
         else 'completed' end as status,
    case i % 10 when 0 then 'code-gen' when 1 then 'tests' when 2 then 'review' when 3 then 'docs'
         when 4 then 'deploy' when 5 then 'audit' else 'code-gen' end as agent
    from n)
insert into tasks (number, id, title, description, priority, status, progress, agent,
    requested_agent, assignee, labels, created_by, created_at, started_at, completed_at, order_key,
    result, error, external)
select i, printf('%08x-%04x-7%03x-8%03x-%012x', 26000000 + i / 65536, i % 65536, i % 4096,
    i * 7 % 4096, i * 2654435761 % 281474976710656),
    'Task ' || i || ': update the dependencies of module ' || (i % 997),
    'Bring the dependencies of module ' || (i % 997) || ' up to date, run its tests and report what broke.',
    iif(i % 1000 = 0, 3, i % 3), status, iif(status = 'completed', 1.0, 0.0),
    iif(status = 'pending', null, agent), iif(i % 3 = 0, agent, null),
    iif(status = 'pending', iif(i % 3 = 0, agent, null), agent),
    case when i % 50000 = 0 then '[\"release\"]' when i % 5 = 0 then '[\"nightly\"]' else '[]' end, 'local',
    1790000000000000 + i * 1000000,
    iif(status = 'pending', null, 1790000000000000 + i * 1000000 + 500000),
    iif(status in ('pending', 'running'), null, 1790000000000000 + i * 1000000 + 30000000 + i % 60 * 1000000),
    1790000000000000 + i * 1000000,
    iif(status = 'completed', '{\"files_changed\": 3}', null),
    iif(status = 'failed', 'the tests of the module failed', null),
    status = 'running'
from shaped";

pub(super) async fn measure(flags: &Flags) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    Process::server(flags, folder.path()).await?.stop().await?;
    fill(folder.path(), flags.tasks)?;
    let server = Process::server(flags, folder.path()).await?;
    let bare = Process::bare(folder.path()).await?;
    let mut list = List {
        tasks: grouped(f64::from(flags.tasks)),
        server: Connection::open(server.address).await?,
        bare: Connection::open(bare.address).await?,
        sqlite: bare_sqlite::pages(&folder.path().join("dashboard.db"), flags.tasks, 101)?,
    };
    let mut rows = vec![Row {
        work: format!("start with {} tasks", list.tasks),
        bar: "150 ms".to_owned(),
        measured: ms(server.started_in),
        bare: format!("axum {}", ms(bare.started_in)),
        verdict: Verdict::of(server.started_in.as_millis() < 150),
    }];
    let (middle, first) = (flags.tasks / 2, 200);
    for (what, path) in [
        ("first page", "/api/tasks".to_owned()),
        ("page in the middle", format!("/api/tasks?cursor={middle}")),
        ("last page", format!("/api/tasks?cursor={first}")),
        ("failed", "/api/tasks?status=failed".to_owned()),
        (
            "pending or running, deep",
            format!(
                "/api/tasks?status=pending&status=running&cursor={}",
                flags.tasks - 900
            ),
        ),
        (
            "completed, deep",
            format!("/api/tasks?status=completed&cursor={middle}"),
        ),
        ("of an agent", "/api/tasks?agent=review".to_owned()),
        (
            "failed of an agent, deep",
            format!("/api/tasks?agent=review&status=failed&cursor={middle}"),
        ),
        (
            "cancelled of an agent that has none",
            "/api/tasks?agent=nobody&status=cancelled".to_owned(),
        ),
        (
            "pending of an agent",
            "/api/tasks?agent=deploy&status=pending".to_owned(),
        ),
        ("with a label", "/api/tasks?label=nightly".to_owned()),
        ("with a rare label", "/api/tasks?label=release".to_owned()),
        (
            "failed with a rare label",
            "/api/tasks?label=release&status=failed".to_owned(),
        ),
        ("of high priority", "/api/tasks?priority=high".to_owned()),
        (
            "urgent, which few are, deep",
            format!("/api/tasks?priority=urgent&cursor={middle}"),
        ),
    ] {
        rows.push(list.row(what, &path).await?);
    }
    for path in ["/", "/?status=failed"] {
        rows.push(list.row(&format!("page `{path}`"), path).await?);
    }
    let mut search = list.row("search in vain", "/api/tasks?q=zebra").await?;
    // Nothing is asked of it.
    search.bar.clear();
    search.verdict = Verdict::None;
    rows.push(search);
    server.stop().await?;
    Ok(rows)
}

/// The long list, and what its pages are compared with.
struct List {
    tasks: String,
    server: Connection,
    bare: Connection,
    sqlite: Latencies,
}

impl List {
    async fn row(&mut self, what: &str, path: &str) -> Outcome<Row> {
        let visits = repeat(&mut self.server, path).await?;
        let limit = repeat(&mut self.bare, &format!("/zeros/{}", visits.bytes)).await?;
        Ok(Row {
            work: format!("list of {} tasks: {what}", self.tasks),
            bar: "< 20 ms".to_owned(),
            measured: visits.whole.words(),
            bare: format!(
                "SQLite, 101 rows p99 {}; axum, as many bytes p99 {}",
                ms(self.sqlite.p99()),
                ms(limit.whole.p99())
            ),
            verdict: Verdict::of(visits.whole.p99() < Duration::from_millis(20)),
        })
    }
}

/// Writes the rows straight into the file, which is quicker than asking the server.
fn fill(folder: &Path, tasks: u32) -> Outcome<()> {
    let db = Sqlite::open(folder.join("dashboard.db"))?;
    db.pragma_update(None, "synchronous", "off")?;
    db.pragma_update(None, "cache_size", -400_000)?;
    db.execute(FILL, [tasks])?;
    db.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    Ok(())
}
