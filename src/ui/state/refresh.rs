//! Asks for a page again when something happened: at once, and then not too often.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Clock;
use crate::ui::browser;

/// Between two requests, in milliseconds.
const PAUSE: u64 = 400;
/// What the feed does not tell is asked for so often, in seconds.
const AT_LEAST: f64 = 5.0;

type Ask = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()>>> + Send + Sync>;

/// Ends with the page that made it.
#[derive(Clone, Copy)]
pub(crate) struct Refresh {
    ask: StoredValue<Ask>,
    busy: StoredValue<bool>,
    again: StoredValue<bool>,
}

impl Refresh {
    /// `ask` fetches and shows; it is called now and then even when nothing was heard.
    pub(crate) fn new<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        let ask: Ask = Arc::new(move || Box::pin(ask()));
        let refresh = Self {
            ask: StoredValue::new(ask),
            busy: StoredValue::new(false),
            again: StoredValue::new(false),
        };
        let clock = Clock::get();
        Effect::new(move |asked: Option<_>| {
            let now = clock.now();
            match asked {
                Some(asked) if now.seconds_since(asked) < AT_LEAST => asked,
                Some(_) if !browser::is_hidden() => {
                    refresh.now();
                    now
                }
                _ => now,
            }
        });
        refresh
    }

    /// Something happened.
    pub(crate) fn now(self) {
        let Some(ask) = self.ask.try_get_value() else {
            return;
        };
        if self.busy.get_value() {
            self.again.set_value(true);
            return;
        }
        self.busy.set_value(true);
        spawn_local(async move {
            ask().await;
            browser::pause(PAUSE).await;
            if self.busy.try_set_value(false).is_none() && self.again.try_get_value() == Some(true)
            {
                self.again.set_value(false);
                self.now();
            }
        });
    }
}
