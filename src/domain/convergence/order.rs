//! In which order the events of one sender happened, where some of them do not say when: such a one
//! came after the one before it, and no later than the one after it.

use super::LoopEvent;
use crate::domain::Timestamp;

/// Sessions that are remembered at most: a sender speaks of one, or of few at once.
const MOST: usize = 8;

/// The last event that told its time, of each session that a sender speaks of.
#[derive(Debug, Default)]
pub struct EventOrder {
    last: Vec<(String, Timestamp)>,
}

impl EventOrder {
    /// Gives a place to each of the next events of this sender that does not say when it happened:
    /// that of the event before it, or else of the one after it. One that stands alone keeps the
    /// time it came.
    pub fn settle(&mut self, events: &mut [LoopEvent]) {
        let mut waiting: Vec<usize> = Vec::new();
        for place in 0..events.len() {
            let event = &mut events[place];
            let known = self.last.iter_mut().find(|it| it.0 == event.session_id);
            if !event.is_dated {
                match known {
                    Some((_, last)) => event.order = *last,
                    None => waiting.push(place),
                }
                continue;
            }
            let at = event.order;
            if let Some((_, last)) = known {
                *last = at;
                continue;
            }
            let session = event.session_id.clone();
            waiting.retain(|before| {
                let is_other = events[*before].session_id != session;
                if !is_other {
                    events[*before].order = at;
                }
                is_other
            });
            if self.last.len() == MOST {
                self.last.remove(0);
            }
            self.last.push((session, at));
        }
    }
}
