//! A row that cannot be read is shown as such, and hides nothing beside it.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use super::{Running, database_url};
use crate::tests::support::{Engine, Place, on_each_engine};

on_each_engine!(a_damaged_task_is_listed_as_such_among_the_others);

/// Writes into the database as a broken disk would.
async fn damage(place: &Place, sql: &str) {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    if let Some(url) = database_url(place) {
        let mut conn = PgConnection::connect(&url).await.unwrap();
        sql.execute(&mut conn).await.unwrap();
        return;
    }
    let path = place.folder().join("dashboard.db");
    let mut conn = SqliteConnection::connect(&path.display().to_string())
        .await
        .unwrap();
    sql.execute(&mut conn).await.unwrap();
}

async fn a_damaged_task_is_listed_as_such_among_the_others(engine: Engine) {
    let mut wounds = vec![
        ("priority", "update tasks set priority = 9 where number = 2"),
        (
            "status",
            "update tasks set status = 'odd', priority = 1 where number = 2",
        ),
        (
            "attempt",
            "update tasks set status = 'failed', attempt = -1 where number = 2",
        ),
    ];
    if matches!(engine, Engine::Sqlite) {
        wounds.push((
            "created_at",
            "update tasks set attempt = 1, created_at = 'yesterday' where number = 2",
        ));
        wounds.push((
            "title",
            "update tasks set created_at = 1, title = x'ff00' where number = 2",
        ));
    }
    let place = Place::new(engine).await;
    let mut program = Running::start(&place).await;
    for n in 1..=3 {
        let task = json!({"title": format!("task {n}"), "description": "x",
            "start_after": "2099-01-01T00:00:00Z"});
        program.client.create(task).await;
    }
    for (column, sql) in wounds {
        damage(&place, sql).await;
        // A server that starts with it serves as well.
        for round in ["while it runs", "after a start"] {
            let client = &program.client;
            let page: Vec<Value> = client.get("/api/tasks").await.expect(200).to();
            let of = |name: &str| {
                page.iter()
                    .map(|task| task[name].clone())
                    .collect::<Vec<_>>()
            };
            assert_eq!(of("number"), [3, 2, 1], "{column} {round}");
            assert_eq!(of("title"), ["task 3", "cannot be read", "task 1"]);
            assert_eq!(page[1]["status"], "failed");
            let error = page[1]["error"].as_str().unwrap();
            assert!(
                error.contains(&format!("tasks.{column} of row 2")),
                "{error}"
            );
            let one = client.get("/api/tasks/2").await.expect(200).json();
            assert_eq!(one["error"], page[1]["error"], "{column} {round}");
            let problem = client.delete("/api/tasks/2").await;
            let problem = problem.problem(409);
            assert!(
                problem["detail"].as_str().unwrap().contains(column),
                "{problem}"
            );
            client.get("/tasks").await.expect(200);
            client.get("/tasks/2").await.expect(200);
            let told = program.times(&format!("tasks.{column} of row 2"));
            assert_eq!(told, 1, "told once: {}", program.said.lock().unwrap());
            if round == "while it runs" {
                program.stop().await;
                program = Running::start(&place).await;
            }
        }
    }
    let metrics = program.client.get("/metrics").await.expect(200).text();
    let counted = "storage_unreadable_rows_total{table=\"tasks\"}";
    assert!(metrics.contains(counted), "{metrics}");
    program.stop().await;
}
