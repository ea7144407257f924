//! Time and identity come from here, so that tests can own both.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::domain::{TaskId, Timestamp};

/// The server's clock. Ids are minted from it, so they sort by time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock;

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system"
    )]
    #[expect(clippy::unused_self, reason = "a caller without a clock has no time")]
    pub(crate) fn now(self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    pub(crate) fn task_id(self) -> TaskId {
        TaskId(self.uuid())
    }

    /// A number from 0 to 1 that nobody can foresee, for pauses that are not to coincide.
    pub(crate) fn chance(self) -> f64 {
        let [.., high, low] = self.uuid().into_bytes();
        f64::from(u16::from_be_bytes([high, low])) / f64::from(u16::MAX)
    }

    /// A new id for a lease, an epoch or a request.
    #[expect(clippy::disallowed_methods, reason = "the one place that mints ids")]
    #[expect(clippy::unused_self, reason = "ids hold the time")]
    pub(crate) fn uuid(self) -> Uuid {
        Uuid::now_v7()
    }
}
