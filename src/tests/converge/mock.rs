//! The simulated loop of `--mock`.

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::domain::{Finding, FindingState, Session, SessionStatus};
use crate::server::clock::Clock;
use crate::server::converge::simulate;
use crate::tests::support::{Engine, TestApp, eventually};

#[tokio::test]
async fn a_simulated_loop_has_a_past_and_goes_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let stopping = CancellationToken::new();
    let mut playing = JoinSet::new();
    playing.spawn(simulate(listener, Clock::system(), stopping.clone()));
    let app = TestApp::following(Engine::Sqlite, vec![url], 120).await;
    let client = app.client();
    let sessions = eventually("a session runs", async || {
        let sessions: Vec<Session> = client.get("/api/sessions").await.expect(200).to();
        let last = sessions.first()?;
        let running = last.status == SessionStatus::Running && last.iterations > 0;
        (sessions.len() == 6 && running).then_some(sessions)
    })
    .await;
    let count = |status| sessions.iter().filter(|it| it.status == status).count();
    assert_eq!(
        (
            count(SessionStatus::Converged),
            count(SessionStatus::Ended),
            count(SessionStatus::Failed)
        ),
        (3, 1, 1)
    );
    assert!(
        sessions.iter().all(|it| it.name.starts_with("shop #")),
        "{sessions:?}"
    );
    // Whatever a finding can become is there to be seen.
    let mut states = Vec::new();
    for session in &sessions {
        let path = format!("/api/sessions/{}/findings", session.session_id);
        let findings: Vec<Finding> = client.get(&path).await.expect(200).to();
        states.extend(findings.iter().map(|it| it.state));
    }
    for state in [FindingState::Fixed, FindingState::Repeated] {
        assert!(states.contains(&state), "{state:?}: {states:?}");
    }
    let mut regressed = 0;
    for session in &sessions {
        let path = format!("/api/sessions/{}/metrics", session.session_id);
        let rows = client.get(&path).await.expect(200).json();
        let rows = rows.as_array().unwrap().iter();
        regressed += rows
            .filter_map(|row| row["regressed"].as_u64())
            .sum::<u64>();
    }
    assert!(regressed > 0);
    let times: Vec<_> = sessions.iter().map(|it| it.start_time).collect();
    assert!(
        times.is_sorted_by(|later, earlier| later > earlier),
        "{times:?}"
    );
    stopping.cancel();
    playing.join_all().await;
}
