//! Events are never dropped for their time alone; nothing is in the future, and nothing lasts for years.

use serde_json::{Value, json};

use super::{post, session};
use crate::domain::{Session, SessionStatus, Timestamp};
use crate::server::clock::Clock;
use crate::tests::support::{Client, Engine, TestApp, on_each_engine};

on_each_engine!(
    one_event_without_a_time_turns_no_verdict_around,
    an_end_in_the_future_is_when_it_came,
    one_odd_time_costs_no_event_and_makes_no_session_of_years,
    a_clock_that_was_never_set_or_runs_ahead_makes_no_age_in_the_future,
);

const DAY: f64 = 86_400.0;

/// Times of one event among others that happen now: what cannot be read, what cannot be, and what can
/// be but is far away.
fn odd() -> Vec<Value> {
    vec![
        Value::Null,
        json!(""),
        json!("soon"),
        json!(true),
        json!({"at": 1}),
        json!([2026, 11, 26]),
        json!(-1),
        json!(0),
        json!("0"),
        json!(5),
        json!(1e30),
        json!(i64::MAX),
        json!("0001-01-01T00:00:00Z"),
        json!("1969-12-31T23:59:59Z"),
        json!("1970-01-01T00:00:05Z"),
        json!("1971-06-01T00:00:00"),
        json!("2001-01-01"),
        json!("2150-01-01T00:00:00Z"),
        json!("2199-12-31 23:59:59,9"),
        json!(5_680_281_600_i64),
        json!(5_680_281_600_000_i64),
        json!(5_680_281_600_000_000_i64),
        json!(5_680_281_600_000_000_000_i64),
        json!("2200-01-01T00:00:00Z"),
        json!("9999-12-31T23:59:59-12:00"),
        json!("10000-01-01T00:00:00Z"),
    ]
}

async fn one_odd_time_costs_no_event_and_makes_no_session_of_years(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let now = Clock::system().now();
    let kinds = [
        "SESSION_STARTED",
        "ITERATION_STARTED",
        "STEP_STARTED",
        "STEP_COMPLETE",
        "SESSION_ENDED",
    ];
    for (number, odd) in odd().into_iter().enumerate() {
        for place in [0, 2, 3, 4] {
            let id = format!("s{number}-{place}");
            let event = |n: usize| {
                let at = now.plus_seconds(i64::try_from(n).unwrap() - 60);
                let time = if n == place { odd.clone() } else { json!(at) };
                json!({"session_id": id, "event_id": n.to_string(), "event_type": kinds[n],
                    "timestamp": time, "iteration": 1, "data": {"step": "fix"}})
            };
            let events: Vec<_> = (0..kinds.len()).map(event).collect();
            let taken = post(client, &events).await;
            assert_eq!(taken["accepted"], kinds.len(), "{odd}");
            let found = session(client, &id).await.unwrap();
            let what = format!("{odd} at {place}: {found:?}");
            assert!((0.0..DAY).contains(&found.duration_seconds), "{what}");
            let latest = now.plus_seconds(86_400);
            let times = [
                Some(found.start_time),
                Some(found.last_event_at),
                found.end_time,
            ];
            for time in times.into_iter().flatten().chain([found.state_since]) {
                assert!(
                    (now.plus_seconds(-86_400)..latest).contains(&time),
                    "{what}"
                );
            }
            // Where its time is none, it counts with the time it came.
            let told = odd
                .as_str()
                .is_some_and(|text| text.starts_with(['1', '2']));
            let told = told && !["2150", "2199", "2200"].contains(&&odd.as_str().unwrap()[..4]);
            if !told && odd != json!(5) {
                assert_eq!(found.status, SessionStatus::Ended, "{what}");
            }
            let metrics = client.get(&format!("/api/sessions/{id}/metrics")).await;
            let metrics = metrics.expect(200).json();
            let spans = [
                &metrics[0]["duration_seconds"],
                &metrics[0]["steps"][0]["duration_seconds"],
            ];
            for span in spans {
                let seconds = span.as_f64().unwrap_or(0.0);
                assert!((0.0..DAY).contains(&seconds), "{span} {what}");
            }
        }
    }
    let page = client.get("/convergence").await.expect(200).text();
    assert!(!page.contains("days"), "an age of years");
}

async fn a_clock_that_was_never_set_or_runs_ahead_makes_no_age_in_the_future(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let now = Clock::system().now();
    for (id, base) in [
        ("never-set", Timestamp(3_600_000_000)),
        ("ahead", now.plus_seconds(40_000)),
        ("far-ahead", now.plus_seconds(4_000_000_000)),
        ("behind", now.plus_seconds(-4_000_000_000 / 10)),
    ] {
        let event = |n: i64, kind: &str| {
            json!({"session_id": id, "event_id": n.to_string(), "event_type": kind,
                "timestamp": base.plus_seconds(n), "iteration": 1})
        };
        let events = [event(1, "SESSION_STARTED"), event(31, "ITERATION_STARTED")];
        let events = [&events[..], &[event(61, "SESSION_ENDED")]].concat();
        assert_eq!(post(client, &events).await["accepted"], 3);
        let found = session(client, id).await.unwrap();
        let what = format!("{id}: {found:?}");
        // By its own clock it lasted a minute; by ours no longer than a moment.
        let took = if id.ends_with("ahead") { 0.0 } else { 60.0 };
        assert!((found.duration_seconds - took).abs() < 1.0, "{what}");
        let age = now.plus_seconds(60);
        assert!(
            found.last_event_at < age && found.start_time < age,
            "{what}"
        );
        for path in [format!("/convergence/{id}"), "/convergence".to_owned()] {
            let page = client.get(&path).await.expect(200).text();
            for words in ["in 1", "in 2", "-1", "from now"] {
                let ages = page.split("<time ").skip(1);
                let ages = ages.filter_map(|rest| rest.split("</time>").next()?.rsplit('>').next());
                let odd: Vec<_> = ages.filter(|age| age.contains(words)).collect();
                assert_eq!(odd, Vec::<&str>::new(), "{path}");
            }
        }
    }
}

/// Posts events of a type, a time in seconds from now, and an iteration; answers how they end.
async fn ends(client: &Client, id: &str, events: &[(&str, Option<i64>, u32, Value)]) -> Session {
    let now = Clock::system().now();
    let numbered = events.iter().zip(0..);
    let events = numbered.map(|((kind, at, iteration, data), number): (_, i32)| {
        let time = at.map_or_else(|| json!(""), |at| json!(now.plus_seconds(at)));
        json!({"session_id": id, "event_id": number.to_string(), "event_type": kind,
            "timestamp": time, "iteration": iteration, "data": data})
    });
    post(client, &events.collect::<Vec<_>>()).await;
    session(client, id).await.unwrap()
}

async fn one_event_without_a_time_turns_no_verdict_around(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    // It went on after it had converged, and crashed.
    let found = json!({"step": "diagnose", "success": true,
        "findings": [{"description": "hole", "severity": "critical"}]});
    let crashed = json!({"error": "crashed"});
    for (id, first) in [("crashed", None), ("crashed-dated", Some(-300))] {
        let events = [
            ("CONVERGENCE_REACHED", first, 1, json!({})),
            ("ITERATION_STARTED", Some(-200), 2, json!({})),
            ("STEP_COMPLETE", Some(-190), 2, found.clone()),
            ("ERROR", Some(-100), 2, crashed.clone()),
            ("SESSION_ENDED", Some(-90), 2, json!({})),
        ];
        let end = ends(client, id, &events).await;
        assert_eq!(end.status, SessionStatus::Failed, "{end:?}");
        assert_eq!(end.verdict.unwrap().text, "failed: crashed");
    }
    // A step that began before it converged.
    for (id, second) in [("converged", None), ("converged-dated", Some(-290))] {
        let events = [
            ("SESSION_STARTED", Some(-300), 0, json!({})),
            ("STEP_STARTED", second, 1, json!({"step": "diagnose"})),
            ("CONVERGENCE_REACHED", Some(-200), 1, json!({})),
            ("SESSION_ENDED", Some(-199), 1, json!({})),
        ];
        let end = ends(client, id, &events).await;
        assert_eq!(end.status, SessionStatus::Converged, "{end:?}");
    }
}

async fn an_end_in_the_future_is_when_it_came(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    // A clock that is a little ahead, one of another zone, and one that is wrong.
    for (id, ahead) in [("little", 60), ("zone", 9 * 3600), ("wrong", 20 * 3600)] {
        let events = [
            ("SESSION_STARTED", Some(-60), 0, json!({})),
            ("STEP_STARTED", Some(-50), 1, json!({"step": "fix"})),
            ("SESSION_ENDED", Some(ahead), 1, json!({})),
        ];
        let end = ends(client, id, &events).await;
        let latest = Clock::system().now().plus_seconds(1);
        assert!(end.end_time.unwrap() < latest, "{end:?}");
        assert!(end.last_event_at < latest, "{end:?}");
        assert!(end.duration_seconds < 90.0, "{end:?}");
        assert_eq!(end.status, SessionStatus::Ended);
        // What its sender wrote is shown as it is.
        let path = format!("/api/sessions/{id}/events");
        let listed = client.get(&path).await.expect(200).json();
        assert!(listed[2]["timestamp"].as_str() > Some(latest.to_string().as_str()));
    }
}
