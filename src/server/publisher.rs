//! What follows from a commit: the board, the live feed and the metrics are projections of its
//! changes, told by this one publisher, in commit order.

use super::live::{Bus, Outgoing};
use super::queue::{Board, Following};
use super::storage::agents::AgentRecord;
use super::storage::tasks::StoredTask;
use super::storage::{Change, Thing};
use crate::domain::{Agent, LiveMessage, Timestamp};

/// A cheap handle.
#[derive(Clone)]
pub(crate) struct Publisher {
    board: Board,
    bus: Bus,
}

impl Publisher {
    pub(crate) fn new(board: Board, bus: Bus) -> Self {
        Self { board, bus }
    }

    /// Tells what a commit changed. Only tasks and agents take the board's lock, which is kept until
    /// they are on the feed; logs, activity and events of loops pass by.
    pub(crate) fn publish(&self, changes: Vec<Change>, now: Timestamp) {
        let mut following: Option<Following<'_>> = None;
        let mut messages = Vec::with_capacity(changes.len());
        for change in changes {
            let Change {
                audience, thing, ..
            } = change;
            let message = match thing {
                Thing::Task { before, task } => {
                    match self.board(&mut following, now).task(before, *task) {
                        Some(task) => LiveMessage::Task(task),
                        None => continue,
                    }
                }
                Thing::Agent(record) => {
                    self.board(&mut following, now).agent(record);
                    continue;
                }
                Thing::Logs { task, entries } => LiveMessage::Logs(task, entries),
                Thing::Activity(activity) => LiveMessage::Activity(activity),
                Thing::Events { events, .. } => {
                    let events = events.into_iter().map(LiveMessage::Event);
                    messages.extend(events.map(|event| Outgoing::new(audience.clone(), event)));
                    continue;
                }
                Thing::Project(_) => continue,
            };
            messages.push(Outgoing::new(audience, message));
        }
        self.tell(following, messages);
    }

    /// Tells a pending task again as it is shown now: its position or reasons have changed.
    pub(crate) fn refresh(&self, stored: StoredTask, now: Timestamp) {
        let mut following = self.board.follow(now);
        let audience = stored.audience();
        let task = following.refreshed(stored);
        let messages = task.map(|task| Outgoing::new(audience, LiveMessage::Task(task)));
        self.tell(Some(following), messages.into_iter().collect());
    }

    /// Tells a task of which the board missed something; false when it has missed nothing.
    pub(crate) fn mend(&self, stored: StoredTask, now: Timestamp) -> bool {
        let mut following = self.board.follow(now);
        let audience = stored.audience();
        let task = following.missed(stored);
        let mended = task.is_some();
        let messages = task.map(|task| Outgoing::new(audience, LiveMessage::Task(task)));
        self.tell(Some(following), messages.into_iter().collect());
        mended
    }

    /// Tells an agent that the board has missed; false when it has missed nothing.
    pub(crate) fn mend_agent(&self, record: AgentRecord, now: Timestamp) -> bool {
        let mut following = self.board.follow(now);
        let mended = following.agent(record);
        self.tell(Some(following), Vec::new());
        mended
    }

    /// Tells the agents that look different by time alone.
    pub(crate) fn refresh_agents(&self, differs: impl FnMut(&Agent) -> bool, now: Timestamp) {
        let mut following = self.board.follow(now);
        following.agents_that(differs);
        self.tell(Some(following), Vec::new());
    }

    /// The board, from the first change on that it follows.
    fn board<'f, 's: 'f>(
        &'s self,
        following: &'f mut Option<Following<'s>>,
        now: Timestamp,
    ) -> &'f mut Following<'s> {
        following.get_or_insert_with(|| self.board.follow(now))
    }

    fn tell(&self, mut following: Option<Following<'_>>, mut messages: Vec<Outgoing>) {
        messages.extend(following.iter_mut().flat_map(Following::agents));
        if !messages.is_empty() {
            let count = u64::try_from(messages.len()).unwrap_or(0);
            metrics::counter!("feed_messages_total").increment(count);
            self.bus.publish(messages);
        }
        if let Some(following) = following {
            following.done();
        }
    }
}
