//! The server's time, as far as the browser knows it: ages and elapsed times are told by one
//! clock on both sides, so that the first paint and hydration agree.

use leptos::prelude::*;

use crate::domain::Timestamp;
use crate::ui::browser;

/// Ticks once a second in the browser; stands still on the server.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    now: RwSignal<Timestamp>,
    /// The server's clock minus the browser's, in microseconds.
    offset: StoredValue<Option<i64>>,
}

impl Clock {
    pub(crate) fn provide() -> Self {
        let clock = Self {
            now: RwSignal::new(Timestamp::default()),
            offset: StoredValue::new(None),
        };
        provide_context(clock);
        clock
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// The time, reactively: to the second.
    pub(crate) fn now(&self) -> Timestamp {
        self.now.get()
    }

    /// The server answered just now that it is `now`.
    pub(crate) fn set(&self, now: Timestamp) {
        let known = self.offset.get_value().is_some();
        // The first answer is the document itself, which is older than the running program.
        let heard = match browser::document_received_at() {
            Some(time) if !known => time,
            _ => browser::now(),
        };
        self.offset.set_value(Some(now.0 - heard));
        self.now.set(now);
    }

    /// Lets it tick.
    pub(crate) fn start(self) {
        browser::every_second(move || {
            let offset = self.offset.get_value().unwrap_or_default();
            self.now.set(Timestamp(browser::now() + offset));
        });
    }
}
