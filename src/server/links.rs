//! How the server stands with each loop that it follows. In memory: it is about sockets.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::{LoopLink, Timestamp};

/// A cheap handle to all links.
#[derive(Clone, Default)]
pub(crate) struct Links {
    links: Arc<Mutex<Vec<Known>>>,
}

struct Known {
    link: LoopLink,
    /// Sessions heard over the socket that is open now.
    sessions: BTreeSet<String>,
    /// The last of them that was new.
    latest: Option<String>,
}

/// One of the links, for whoever follows that loop.
#[derive(Clone)]
pub(crate) struct Link {
    links: Links,
    place: usize,
}

/// An address as it may be shown: without a password, and without a query, which may hold one.
pub(crate) fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("ws", url));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if path.is_empty() {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{host}/{path}")
    }
}

impl Links {
    /// Adds a loop that is to be followed.
    pub(crate) fn add(&self, url: &str, now: Timestamp) -> Link {
        let mut links = self.links();
        links.push(Known {
            link: LoopLink {
                url: shown(url),
                connected: false,
                since: now,
                last_event_at: None,
                events: 0,
                duplicates: 0,
                malformed: 0,
                connections: 0,
                error: None,
            },
            sessions: BTreeSet::new(),
            latest: None,
        });
        Link {
            links: self.clone(),
            place: links.len() - 1,
        }
    }

    /// All of them, in the order of the configuration.
    pub(crate) fn all(&self) -> Vec<LoopLink> {
        self.links()
            .iter()
            .map(|known| known.link.clone())
            .collect()
    }

    /// The sessions whose loops are connected: the last that began on each socket. One that another
    /// has followed may be over, and nobody said so.
    pub(crate) fn connected_sessions(&self) -> BTreeSet<String> {
        let links = self.links();
        let sessions = links.iter().filter_map(|known| known.latest.clone());
        sessions.collect()
    }

    fn links(&self) -> MutexGuard<'_, Vec<Known>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// The address as it may be shown.
    pub(crate) fn url(&self) -> String {
        self.change(|known| known.link.url.clone())
    }

    /// The socket is open.
    pub(crate) fn connected(&self, now: Timestamp) {
        self.change(|known| {
            known.link.connected = true;
            known.link.since = now;
            known.link.connections += 1;
            known.link.error = None;
        });
    }

    /// The socket is closed, or could not be opened.
    pub(crate) fn disconnected(&self, error: String, now: Timestamp) {
        self.change(|known| {
            if known.link.connected {
                known.link.connected = false;
                known.link.since = now;
            }
            known.link.error = Some(error);
            known.sessions.clear();
            known.latest = None;
        });
    }

    /// Events of these sessions are about to be stored.
    pub(crate) fn hears_of(&self, sessions: impl Iterator<Item = String>) {
        self.change(|known| {
            for session in sessions {
                if known.sessions.insert(session.clone()) {
                    known.latest = Some(session);
                }
            }
        });
    }

    /// Events were stored, or known already.
    pub(crate) fn heard(&self, new: usize, duplicates: usize, now: Timestamp) {
        self.change(|known| {
            known.link.last_event_at = Some(now);
            known.link.events += u64::try_from(new).unwrap_or(0);
            known.link.duplicates += u64::try_from(duplicates).unwrap_or(0);
        });
    }

    /// Something could not be read; answers whether it is the first of its kind.
    pub(crate) fn malformed(&self, parts: usize) -> bool {
        self.change(|known| {
            let first = known.link.malformed == 0;
            known.link.malformed += u64::try_from(parts).unwrap_or(0);
            first
        })
    }

    fn change<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T
    where
        T: Default,
    {
        let mut links = self.links.links();
        links.get_mut(self.place).map(with).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn passwords_are_not_shown() {
        for (url, expected) in [
            ("ws://localhost:8765", "ws://localhost:8765"),
            (
                "ws://me:secret@host:1/events?token=secret",
                "ws://host:1/events",
            ),
            ("ws://host?token=secret", "ws://host"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
