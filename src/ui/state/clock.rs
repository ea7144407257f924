//! The server's time, as far as the browser knows it: ages and elapsed times are told by one
//! clock on both sides, so that the first paint and hydration agree.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use leptos::prelude::*;

use crate::domain::Timestamp;
use crate::ui::browser;

/// Ticks once a second in the browser; stands still on the server.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    /// No signal: on the server every part of a page sets it, on several threads at once, and a
    /// signal that is being written cannot be read.
    hands: StoredValue<Arc<Hands>>,
    moved: Trigger,
}

/// Microseconds each.
struct Hands {
    now: AtomicI64,
    /// The server's clock minus the browser's; [`UNKNOWN`] before the server answered.
    offset: AtomicI64,
}

const UNKNOWN: i64 = i64::MIN;

impl Clock {
    pub(crate) fn provide() -> Self {
        let hands = Hands {
            now: AtomicI64::new(0),
            offset: AtomicI64::new(UNKNOWN),
        };
        let clock = Self {
            hands: StoredValue::new(Arc::new(hands)),
            moved: Trigger::new(),
        };
        provide_context(clock);
        clock
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// The time, reactively: to the second.
    pub(crate) fn now(&self) -> Timestamp {
        self.moved.track();
        let hands = self.hands.get_value();
        Timestamp(hands.now.load(Ordering::Relaxed))
    }

    /// The server answered just now that it is `now`.
    pub(crate) fn set(&self, now: Timestamp) {
        let hands = self.hands.get_value();
        let known = hands.offset.load(Ordering::Relaxed) != UNKNOWN;
        // The first answer is the document itself, which is older than the running program.
        let heard = match browser::document_received_at() {
            Some(time) if !known => time,
            _ => browser::now(),
        };
        hands.offset.store(now.0 - heard, Ordering::Relaxed);
        hands.now.store(now.0, Ordering::Relaxed);
        self.moved.notify();
    }

    /// Lets it tick.
    pub(crate) fn start(self) {
        browser::every_second(move || {
            let Some(hands) = self.hands.try_get_value() else {
                return;
            };
            let offset = match hands.offset.load(Ordering::Relaxed) {
                UNKNOWN => 0,
                offset => offset,
            };
            hands.now.store(browser::now() + offset, Ordering::Relaxed);
            self.moved.notify();
        });
    }
}
