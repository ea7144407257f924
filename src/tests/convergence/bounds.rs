//! Pages about loops are bounded, whatever the data: what is more is fetched as one looks.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::post;
use crate::tests::support::{Client, Engine, TestApp, on_each_engine};

on_each_engine!(
    no_page_is_longer_than_it_may_be,
    the_rest_of_a_page_is_reached_by_its_links,
);

/// What everything that is escaped in HTML or JSON is made of.
const ODD: &str = "<\"&'\u{1}>";
const MOST: usize = 300_000;

async fn bounded(client: &Client, path: &str) -> String {
    let page = client.get(path).await.expect(200).text();
    assert!(page.len() <= MOST, "{path} has {} bytes", page.len());
    page
}

/// The path of the first link with these words.
fn link(page: &str, words: &str) -> Option<String> {
    let before = page.split_once(&format!(">{words}"))?.0;
    let (_, tag) = before.rsplit_once("<a ")?;
    let (_, url) = tag.split_once("href=\"")?;
    let url = url.split_once('"')?.0.replace("&amp;", "&");
    Some(url.split('#').next().unwrap_or_default().to_owned())
}

fn found(session: &str, iteration: u32, findings: &[Value]) -> Value {
    json!({"session_id": session, "event_type": "STEP_COMPLETE", "iteration": iteration,
        "event_id": format!("{session}-{iteration}"), "timestamp": 1_795_336_200 + iteration,
        "data": {"step": "diagnose", "success": true, "findings": findings}})
}

async fn no_page_is_longer_than_it_may_be(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    // Findings with long, odd texts; iterations without end; an event as large as one may be.
    for part in 0..10_u32 {
        let findings: Vec<Value> = (0..300)
            .map(|n| json!({"description": format!("{part} {n} {}", ODD.repeat(150)), "file": ODD.repeat(40)}))
            .collect();
        post(client, &[found("long", part + 1, &findings)]).await;
    }
    let rounds: Vec<Value> = (11..4_000)
        .map(|n| found("long", n, &[json!(format!("of round {n}"))]))
        .collect();
    post(client, &rounds).await;
    let numbers: Vec<u32> = (0..150_000).collect();
    let odd = |id: &str, data: Value| {
        json!({"session_id": "long", "event_id": format!("{id}{}", ODD.replace('\u{1}', "").repeat(20)),
            "event_type": "ERROR", "iteration": 4_000, "data": data})
    };
    post(
        client,
        &[odd(
            "large",
            json!({"numbers": numbers, "error": ODD.repeat(100_000)}),
        )],
    )
    .await;
    let small: Vec<Value> = (0..150)
        .map(|n| {
            odd(
                &n.to_string(),
                json!({"a": numbers[..500], "b": {"c": ODD.repeat(300)}}),
            )
        })
        .collect();
    post(client, &small).await;
    // Sessions that run, with ids that are long to write.
    let running: Vec<Value> = (0..200)
        .map(|n| {
            json!({"session_id": format!("{n}{}", "<\"&'>".repeat(39)), "event_type": "ERROR",
            "iteration": 1, "data": {"error": ODD.repeat(300)}})
        })
        .collect();
    post(client, &running).await;
    post(
        client,
        &[found("other", 1, &[json!("of round 20"), json!("its own")])],
    )
    .await;
    let overview = ["", "?status=running", "?q=long", "?state=idle&events=error"];
    for query in overview {
        bounded(client, &format!("/convergence{query}")).await;
    }
    let session = bounded(client, "/convergence/long").await;
    let large = format!("?event=large{}", "%3C%22%26%27%3E".repeat(20));
    for query in [
        "?order=asc",
        "?type=error",
        "?type=step_complete&iteration=20",
        "?q=round&before=2000",
        large.as_str(),
    ] {
        bounded(client, &format!("/convergence/long{query}")).await;
    }
    for words in ["More findings", "Earlier iterations", "More events"] {
        let next = link(&session, words).unwrap_or_else(|| panic!("no link {words}"));
        bounded(client, &next).await;
    }
    let compared = bounded(client, "/convergence?with=long&with=other").await;
    bounded(client, &link(&compared, "More findings").unwrap()).await;
    // So is what a page asks for when it is open already.
    let nothing = json!({});
    for (path, asked) in [
        ("list", json!({"filter": nothing, "cursor": null})),
        (
            "session",
            json!({"id": "long", "filter": {"newest_first": true}}),
        ),
        ("compare", json!({"a": "long", "b": "other"})),
        (
            "events",
            json!({"id": "long", "filter": nothing, "cursor": null}),
        ),
    ] {
        let answer = client
            .post(&format!("/rpc/convergence/{path}"), &asked)
            .await;
        let bytes = answer.expect(200).body.len();
        assert!(bytes <= MOST, "{path} has {bytes} bytes");
    }
}

async fn the_rest_of_a_page_is_reached_by_its_links(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let name = |n: usize| json!(format!("finding {n:03}."));
    let all: Vec<Value> = (0..90).map(name).collect();
    let mut events = vec![found("a", 1, &all), found("a", 2, &all[30..])];
    events.push(found("b", 1, &all[80..]));
    events.push(found(
        "b",
        2,
        &[json!("finding 100."), json!("finding 101.")],
    ));
    events.extend((3..70).map(|n| found("a", n, &all[60..])));
    post(client, &events).await;
    let names = |page: &str| -> BTreeSet<String> {
        let parts = page
            .match_indices("finding ")
            .filter_map(|(at, _)| page.get(at..at + 12));
        parts
            .filter(|part| part.ends_with('.'))
            .map(str::to_owned)
            .collect()
    };
    for (begin, expected) in [("/convergence/a", 90), ("/convergence?with=a&with=b", 92)] {
        let (mut seen, mut next, mut pages) = (BTreeSet::new(), Some(begin.to_owned()), 0);
        while let Some(path) = next {
            let page = client.get(&path).await.expect(200).text();
            // Events have texts of their own.
            let from = page
                .find("id=\"findings\"")
                .or(page.find("id=\"compared-findings\""));
            let table = &page[from.unwrap()..];
            let table = &table[..table.find("</table>").unwrap()];
            let new = names(table);
            assert!(new.is_disjoint(&seen), "{path} repeats {new:?}");
            seen.extend(new);
            next = link(&page, "More findings");
            pages += 1;
        }
        assert_eq!((seen.len(), pages > 3), (expected, true), "{begin}");
    }
    // What needs someone comes first, and the totals are those of all.
    let first = client.get("/convergence/a").await.expect(200).text();
    assert!(first.contains("90 findings · 30 open"));
    let mut rounds = BTreeSet::new();
    let mut next = Some("/convergence/a".to_owned());
    while let Some(path) = next {
        let page = client.get(&path).await.expect(200).text();
        let parts = page.split("<tr id=\"iteration-").skip(1);
        let numbers = parts.filter_map(|part| part.split('"').next()?.parse::<u32>().ok());
        for number in numbers {
            assert!(rounds.insert(number), "{path} repeats iteration {number}");
        }
        next = link(&page, "Earlier iterations");
    }
    assert_eq!(rounds, (1..70).collect());
    let metrics = client
        .get("/api/sessions/a/metrics?limit=50")
        .await
        .expect(200);
    let rest = client.get(&metrics.next_page().unwrap()).await.expect(200);
    assert_eq!(metrics.json()[49]["iteration"], 50);
    assert_eq!(
        (&rest.json()[0]["iteration"], rest.next_page()),
        (&json!(51), None)
    );
    client
        .get("/api/sessions/a/metrics?cursor=x")
        .await
        .invalid("cursor");
    client
        .get("/api/sessions/a/findings?cursor=x")
        .await
        .invalid("cursor");
    client
        .get("/api/sessions/a/findings?limit=0")
        .await
        .invalid("limit");
    let findings = client
        .get("/api/sessions/a/findings?limit=1")
        .await
        .expect(200)
        .json();
    let path = format!(
        "/api/sessions/a/findings/{}",
        findings[0]["fingerprint"].as_str().unwrap()
    );
    assert_eq!(client.get(&path).await.expect(200).json(), findings[0]);
}
