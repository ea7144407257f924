//! How many files, sockets and pipes this process may have open: as many as the system lets it.
//! What it starts gets the limit that it was started with itself, since some programs try every
//! descriptor up to the limit, and others know no more than a thousand.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than this is never needed, and a limit may be absent.
const MOST: u64 = 1 << 20;

static ORIGINAL: OnceLock<u64> = OnceLock::new();

/// Raises the limit as far as it goes; answers what it is then.
pub(crate) fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let soft = limit.current.unwrap_or(MOST);
    ORIGINAL.get_or_init(|| soft);
    let most = limit.maximum.unwrap_or(MOST).min(MOST).max(soft);
    if set(most) { most } else { soft }
}

/// The limit for what is started.
pub(super) fn original() -> u64 {
    let now = || getrlimit(Resource::Nofile).current.unwrap_or(MOST);
    ORIGINAL.get().copied().unwrap_or_else(now)
}

/// Sets the limit of this process; false when the system does not let it.
pub(super) fn set(soft: u64) -> bool {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: Some(soft),
        maximum,
    };
    setrlimit(Resource::Nofile, limit).is_ok()
}
