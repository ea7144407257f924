//! What the browser makes of a feed that repeats, mixes, skips and begins anew.

use super::{Feed, MOST_WAITING, pause_before};
use crate::domain::{
    Activity, ActivityKind, ClientFrame, FeedPoint, LiveMessage, ServerFrame, TaskId, Timestamp,
    Topic,
};

fn point(epoch: &str, seq: u64) -> FeedPoint {
    FeedPoint {
        epoch: epoch.into(),
        seq,
    }
}

fn hello(epoch: &str, seq: u64) -> ServerFrame {
    ServerFrame::Hello {
        epoch: epoch.into(),
        seq,
    }
}

fn activity(seq: u64) -> ServerFrame {
    let data = Activity {
        id: i64::try_from(seq).unwrap(),
        time: Timestamp(0),
        kind: ActivityKind::Created,
        task_id: None,
        task_number: None,
        title: None,
        agent: None,
        actor: "local".into(),
        detail: None,
    };
    let message = LiveMessage::Activity(data);
    ServerFrame::Message { seq, message }
}

fn log(seq: u64) -> ServerFrame {
    let message = LiveMessage::Logs(TaskId(uuid::Uuid::nil()), Vec::new());
    ServerFrame::Message { seq, message }
}

fn connected(at: u64) -> Feed {
    let mut feed = Feed::default();
    feed.start_at(&point("a", at));
    feed.receive(hello("a", at));
    feed.receive(ServerFrame::Pong);
    feed
}

fn seqs(feed: &mut Feed) -> (bool, Vec<u64>) {
    let (resync, messages) = feed.drain();
    (resync, messages.iter().map(|message| message.seq).collect())
}

#[test]
fn it_asks_for_everything_since_the_first_part_of_the_page_was_read() {
    for points in [[7, 5], [5, 7]] {
        let mut feed = Feed::default();
        for at in points {
            feed.start_at(&point("a", at));
        }
        let frames = feed.receive(hello("a", 9));
        let since = frames.iter().find_map(|frame| match frame {
            ClientFrame::Subscribe { since, .. } => *since,
            _ => None,
        });
        assert_eq!(since, Some(5));
    }
}

#[test]
fn it_asks_for_everything_since_the_page_was_read() {
    let mut feed = Feed::default();
    feed.start_at(&point("a", 7));
    let frames = feed.receive(hello("a", 9));
    let subscribe = ClientFrame::Subscribe {
        topics: vec![Topic::Tasks, Topic::Agents, Topic::Activity],
        project: None,
        epoch: Some("a".into()),
        since: Some(7),
    };
    assert_eq!(frames[1..], [subscribe, ClientFrame::Ping]);
}

#[test]
fn what_arrives_mixed_and_twice_while_catching_up_is_handed_on_once_in_order() {
    let mut feed = Feed::default();
    feed.start_at(&point("a", 7));
    feed.receive(hello("a", 9));
    for seq in [10, 8, 9, 10, 7] {
        feed.receive(activity(seq));
    }
    assert_eq!(seqs(&mut feed), (false, vec![]));
    feed.receive(ServerFrame::Pong);
    assert_eq!(seqs(&mut feed), (false, vec![8, 9, 10]));
    for seq in [10, 11, 11] {
        feed.receive(activity(seq));
    }
    assert_eq!(seqs(&mut feed), (false, vec![11]));
}

#[test]
fn a_broken_catch_up_starts_over_where_it_began() {
    let mut feed = Feed::default();
    feed.start_at(&point("a", 7));
    feed.receive(hello("a", 9));
    feed.receive(activity(10));
    feed.closed();
    let frames = feed.receive(hello("a", 12));
    assert!(matches!(
        frames[1],
        ClientFrame::Subscribe { since: Some(7), .. }
    ));
}

#[test]
fn a_gap_that_cannot_be_filled_and_a_new_epoch_mean_fetching_again() {
    let mut feed = connected(7);
    feed.receive(activity(8));
    feed.receive(ServerFrame::Resync { seq: 90 });
    feed.receive(activity(60));
    feed.receive(activity(91));
    assert_eq!(seqs(&mut feed), (true, vec![91]));

    feed.closed();
    let frames = feed.receive(hello("b", 3));
    assert!(matches!(
        frames[1],
        ClientFrame::Subscribe { since: Some(3), .. }
    ));
    feed.receive(ServerFrame::Pong);
    feed.receive(activity(4));
    assert_eq!(seqs(&mut feed), (true, vec![4]));
}

#[test]
fn a_log_is_followed_once_from_its_own_point_and_let_go_once() {
    let topic = Topic::LogsOf(TaskId(uuid::Uuid::nil()));
    let mut feed = connected(7);
    feed.receive(activity(20));
    let frames = feed.follow(topic, &point("a", 15));
    assert!(matches!(
        frames[0],
        ClientFrame::Subscribe {
            since: Some(15),
            ..
        }
    ));
    assert!(feed.follow(topic, &point("a", 16)).is_empty());
    feed.receive(log(17));
    feed.receive(activity(20));
    feed.receive(activity(21));
    feed.receive(ServerFrame::Pong);
    assert_eq!(seqs(&mut feed), (false, vec![20, 17, 21]));
    assert!(feed.unfollow(topic).is_empty());
    assert_eq!(feed.unfollow(topic).len(), 1);
    assert!(feed.unfollow(topic).is_empty());
}

#[test]
fn a_tab_that_is_never_seen_holds_only_so_many_messages() {
    let mut feed = connected(0);
    let most = u64::try_from(MOST_WAITING).unwrap();
    for seq in 1..=most + 5 {
        feed.receive(activity(seq));
    }
    let (resync, waiting) = seqs(&mut feed);
    assert!(resync);
    assert_eq!(waiting, [most + 2, most + 3, most + 4, most + 5]);
}

#[test]
fn logs_pass_even_when_repeated() {
    let mut feed = connected(7);
    feed.receive(log(3));
    let (_, messages) = feed.drain();
    assert!(matches!(messages[0].change, LiveMessage::Logs(..)));
}

#[test]
fn attempts_become_rarer_but_never_rare() {
    assert_eq!(pause_before(0, 1.0), 250);
    assert_eq!(pause_before(0, 0.0), 125);
    assert_eq!(pause_before(3, 0.5), 1500);
    assert_eq!(pause_before(400, 1.0), 10_000);
}

#[test]
fn a_page_of_another_life_of_the_feed_is_told_to_fetch_again() {
    let topic = Topic::LogsOf("01890000-0000-7000-8000-000000000000".parse().unwrap());
    let mut feed = connected(5);
    feed.follow(topic, &point("a", 3));
    assert!(!feed.drain().0);
    feed.unfollow(topic);
    feed.follow(topic, &point("b", 3));
    assert!(feed.drain().0);
}
