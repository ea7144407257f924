//! The limits that the document names are those in force: no more, no less.

use serde_json::{Value, json};

use super::contract::document;
use crate::domain::{
    CAPABILITIES, CONCURRENCY, EXCERPT, FOLDER, LARGEST_NUMBER, LIMITS, LONGEST_MESSAGE,
    LONGEST_NAME, LONGEST_PARAMETER, MOST_ITEMS, OPTION_TEXT, Priority, QUESTION_OPTIONS,
    QUESTION_TEXT, TaskStatus, WORD,
};
use crate::tests::support::TestApp;

#[tokio::test]
async fn the_documented_limits_are_those_in_force() {
    let document = document("/api/openapi.json").await;
    let of = |at: &str| document["components"]["schemas"].pointer(at).cloned();
    for (at, limit) in [
        (
            "/NewTask/properties/description/maxLength",
            json!(LIMITS.description),
        ),
        ("/NewTask/properties/title/maxLength", json!(LIMITS.title)),
        ("/NewTask/properties/labels/maxItems", json!(LIMITS.labels)),
        (
            "/NewTask/properties/labels/items/maxLength",
            json!(LIMITS.label),
        ),
        (
            "/NewTask/properties/requires/maxItems",
            json!(LIMITS.requires),
        ),
        ("/NewTask/properties/requires/items/maxLength", json!(WORD)),
        ("/NewTask/properties/after/maxItems", json!(LIMITS.after)),
        (
            "/NewTask/properties/timeout_seconds/maximum",
            json!(LIMITS.timeout_seconds),
        ),
        (
            "/NewTask/properties/max_attempts/maximum",
            json!(LIMITS.max_attempts),
        ),
        (
            "/TaskChange/properties/description/maxLength",
            json!(LIMITS.description),
        ),
        (
            "/TaskChange/properties/title/maxLength",
            json!(LIMITS.title),
        ),
        (
            "/TaskChange/properties/labels/maxItems",
            json!(LIMITS.labels),
        ),
        ("/TaskChange/properties/error/maxLength", json!(LIMITS.said)),
        ("/TaskChange/properties/progress/maximum", json!(1)),
        ("/Task/properties/excerpt/maxLength", json!(EXCERPT)),
        ("/Task/properties/number/maximum", json!(LARGEST_NUMBER)),
        ("/Task/properties/version/maximum", json!(LARGEST_NUMBER)),
        (
            "/WholeQuestion/properties/text/maxLength",
            json!(QUESTION_TEXT),
        ),
        (
            "/WholeQuestion/properties/options/maxItems",
            json!(QUESTION_OPTIONS),
        ),
        ("/NewOption/properties/label/maxLength", json!(OPTION_TEXT)),
        ("/NewAgent/properties/name/maxLength", json!(LONGEST_NAME)),
        (
            "/NewAgent/properties/concurrency/maximum",
            json!(CONCURRENCY),
        ),
        (
            "/NewAgent/properties/capabilities/maxItems",
            json!(CAPABILITIES),
        ),
        ("/NewProject/properties/folder/maxLength", json!(FOLDER)),
        (
            "/NewLog/properties/message/maxLength",
            json!(LONGEST_MESSAGE),
        ),
        (
            "/TaskStatus/enum",
            json!(TaskStatus::ALL.map(TaskStatus::as_str)),
        ),
        ("/Priority/enum", json!(Priority::ALL.map(Priority::as_str))),
    ] {
        assert_eq!(of(at), Some(limit), "{at}");
    }
    let parameters = document["paths"]["/api/tasks"]["get"]["parameters"]
        .as_array()
        .unwrap();
    let parameter = |name| parameters.iter().find(|it| it["name"] == name).unwrap();
    assert_eq!(parameter("limit")["schema"]["maximum"], json!(MOST_ITEMS));
    assert_eq!(
        parameter("q")["schema"]["maxLength"],
        json!(LONGEST_PARAMETER)
    );
}

/// The longest and the largest that is documented is taken, and one more is refused.
#[tokio::test]
async fn what_is_as_long_as_the_document_allows_is_taken_and_what_is_longer_is_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    let long = |length: usize| "ä".repeat(length);
    for (field, longest, longer) in [
        (
            "description",
            json!(long(LIMITS.description)),
            json!(long(LIMITS.description + 1)),
        ),
        (
            "title",
            json!(long(LIMITS.title)),
            json!(long(LIMITS.title + 1)),
        ),
        (
            "labels",
            json!([long(LIMITS.label)]),
            json!([long(LIMITS.label + 1)]),
        ),
        ("requires", json!([long(WORD)]), json!([long(WORD + 1)])),
        (
            "timeout_seconds",
            json!(LIMITS.timeout_seconds),
            json!(LIMITS.timeout_seconds + 1),
        ),
        (
            "max_attempts",
            json!(LIMITS.max_attempts),
            json!(LIMITS.max_attempts + 1),
        ),
    ] {
        let with = |value: &Value| {
            let mut task = json!({"description": "x"});
            task[field] = value.clone();
            task
        };
        client.post("/api/tasks", &with(&longest)).await.expect(201);
        let refused = client
            .post("/api/tasks", &with(&longer))
            .await
            .expect(422)
            .json();
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    let folder = format!("/{}", long(FOLDER - 1));
    let project = json!({"name": "long", "folder": folder});
    client.post("/api/projects", &project).await.expect(201);
    let project = json!({"name": "longer", "folder": folder + "x"});
    client.post("/api/projects", &project).await.expect(422);
    let words = "x".repeat(LONGEST_PARAMETER);
    client
        .get(&format!("/api/tasks?q={words}"))
        .await
        .expect(200);
    client
        .get(&format!("/api/tasks?q={words}x"))
        .await
        .expect(422);
    client
        .get(&format!("/api/tasks?limit={MOST_ITEMS}"))
        .await
        .expect(200);
    client
        .get(&format!("/api/tasks?limit={}", MOST_ITEMS + 1))
        .await
        .expect(422);
}

#[tokio::test]
async fn a_filter_may_be_repeated_as_often_as_the_document_allows() {
    let app = TestApp::start().await;
    let client = app.client();
    for (path, word) in [
        ("/api/tasks", "status=failed"),
        ("/api/sessions", "state=IDLE"),
    ] {
        let words = vec![word; 1000].join("&");
        client.get(&format!("{path}?{words}")).await.expect(200);
    }
    let projects: Vec<String> = (0..1000).map(|n| format!("project=p{n}")).collect();
    let projects = projects.join("&");
    for path in ["/api/tasks", "/api/activity"] {
        let both = format!("{path}?{projects}");
        client.get(&both).await.expect(200);
    }
}
