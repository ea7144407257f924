//! The URLs of the pages about convergence loops.

use super::{escape, with_query};
use crate::domain::{EventFilter, LoopState, SessionFilter, SessionStatus};

/// The loops and their sessions.
pub(crate) const CONVERGENCE: &str = "/convergence";

/// The page of a session.
pub(crate) fn session(id: &str) -> String {
    format!("{CONVERGENCE}/{}", escape(id))
}

/// The page of a session, from one of its events on.
pub(crate) fn event(session_id: &str, event_id: &str) -> String {
    let pairs = [("event", event_id.to_owned())];
    format!("{}#event", with_query(&session(session_id), &pairs))
}

/// One event as a whole, as JSON.
pub(crate) fn whole_event(session_id: &str, event_id: &str) -> String {
    let (session, event) = (escape(session_id), escape(event_id));
    format!("/api/sessions/{session}/events/{event}")
}

/// One finding as a whole, as JSON.
pub(crate) fn whole_finding(session_id: &str, fingerprint: &str) -> String {
    let (session, finding) = (escape(session_id), escape(fingerprint));
    format!("/api/sessions/{session}/findings/{finding}")
}

/// A session's events as a file.
pub(crate) fn export(session_id: &str, format: &str) -> String {
    let id = escape(session_id);
    format!("/api/sessions/{id}/events/export?format={format}")
}

/// What the URL of the convergence page says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct SessionsQuery {
    /// Which sessions the history lists.
    pub(crate) filter: SessionFilter,
    /// Where the page of the history begins.
    pub(crate) cursor: Option<String>,
    /// Which of the last events are shown: those with this text.
    pub(crate) events: Option<String>,
    /// The sessions that are to be compared.
    pub(crate) with: Vec<String>,
    /// Where the page of their findings begins.
    pub(crate) findings: Option<String>,
}

/// A word of a query; nothing when it is blank.
fn word(text: Option<&str>) -> Option<String> {
    let text = text.map(str::trim);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

impl SessionsQuery {
    /// Reads a query; what makes no sense counts as absent.
    pub(crate) fn read<'a>(get: impl Fn(&str) -> Option<&'a str>, with: Vec<String>) -> Self {
        Self {
            filter: SessionFilter {
                state: get("state")
                    .and_then(LoopState::parse)
                    .into_iter()
                    .collect(),
                status: get("status")
                    .and_then(SessionStatus::parse)
                    .into_iter()
                    .collect(),
                q: word(get("q")),
            },
            cursor: word(get("cursor")),
            events: word(get("events")),
            with,
            findings: word(get("findings")),
        }
    }

    /// The pairs of the query, without what is absent.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let filter = &self.filter;
        let status = filter.status.first().map(|it| it.as_str().to_owned());
        let state = filter.state.first().map(|it| it.as_str().to_owned());
        let pairs = [
            ("status", status),
            ("state", state),
            ("q", filter.q.clone()),
            ("events", self.events.clone()),
            ("cursor", self.cursor.clone()),
            ("findings", self.findings.clone()),
        ];
        let with = self.with.iter().map(|id| ("with", Some(id.clone())));
        let known = pairs.into_iter().chain(with);
        known
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    pub(crate) fn url(&self) -> String {
        with_query(CONVERGENCE, &self.pairs())
    }

    /// The same with another status, from the beginning.
    pub(crate) fn with_status(&self, status: Option<SessionStatus>) -> Self {
        let mut other = self.clone();
        other.filter.status = status.into_iter().collect();
        other.cursor = None;
        other
    }

    /// True when the history is not simply everything from the beginning.
    pub(crate) fn is_narrow(&self) -> bool {
        self.filter != SessionFilter::default() || self.cursor.is_some()
    }
}

/// What the URL of a session's page says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct EventsQuery {
    /// Which of its events are listed.
    pub(crate) filter: EventFilter,
    /// The event that the list begins with.
    pub(crate) at: Option<String>,
    /// The finding after which the list of findings begins.
    pub(crate) findings: Option<String>,
    /// The iteration before which those end that are shown.
    pub(crate) before: Option<u32>,
}

impl EventsQuery {
    /// Reads a query; what makes no sense counts as absent. The newest events come first unless
    /// the list begins at one of them.
    pub(crate) fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let at = word(get("event"));
        let order = get("order");
        Self {
            filter: EventFilter {
                event_type: word(get("type")),
                iteration: get("iteration").and_then(|text| text.trim().parse().ok()),
                q: word(get("q")),
                newest_first: order != Some("asc") && (at.is_none() || order == Some("desc")),
            },
            at,
            findings: word(get("findings")),
            before: get("before").and_then(|text| text.trim().parse().ok()),
        }
    }

    /// The pairs of the query, without what is absent.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let filter = &self.filter;
        let order = if filter.newest_first { "desc" } else { "asc" };
        let usual = filter.newest_first == self.at.is_none();
        let pairs = [
            ("type", filter.event_type.clone()),
            (
                "iteration",
                filter.iteration.map(|number| number.to_string()),
            ),
            ("q", filter.q.clone()),
            ("order", (!usual).then(|| order.to_owned())),
            ("event", self.at.clone()),
            ("findings", self.findings.clone()),
            ("before", self.before.map(|number| number.to_string())),
        ];
        let known = pairs.into_iter();
        known
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// The URL of this list of a session's events.
    pub(crate) fn url(&self, session_id: &str) -> String {
        with_query(&session(session_id), &self.pairs())
    }

    /// True when some events are left out.
    pub(crate) fn is_narrow(&self) -> bool {
        let filter = &self.filter;
        filter.event_type.is_some() || filter.iteration.is_some() || filter.q.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{EventsQuery, SessionsQuery, event, session};
    use crate::domain::SessionStatus;

    #[test]
    fn urls_are_what_people_bookmark() {
        assert_eq!(session("a/b"), "/convergence/a%2Fb");
        assert_eq!(event("s", "e 1"), "/convergence/s?event=e%201#event");
        let failed = SessionsQuery::default().with_status(Some(SessionStatus::Failed));
        assert_eq!(failed.url(), "/convergence?status=failed");
    }

    #[test]
    fn queries_survive_the_round_trip_and_nonsense_is_dropped() {
        let find = |pairs: Vec<(&'static str, String)>| {
            move |name: &str| {
                let pairs: &'static [_] = pairs.clone().leak();
                let pair = pairs.iter().find(|(known, _)| *known == name);
                pair.map(|(_, value)| value.as_str())
            }
        };
        let said = vec![
            ("status", "running".to_owned()),
            ("state", "fixing".to_owned()),
            ("q", " x ".to_owned()),
            ("cursor", "12".to_owned()),
        ];
        let query = SessionsQuery::read(find(said), Vec::new());
        assert_eq!(query.filter.q.as_deref(), Some("x"));
        assert_eq!(SessionsQuery::read(find(query.pairs()), Vec::new()), query);
        let nonsense = vec![("status", "odd".to_owned()), ("state", "7".to_owned())];
        assert!(!SessionsQuery::read(find(nonsense), Vec::new()).is_narrow());

        for said in [
            vec![],
            vec![("event", "e1")],
            vec![("order", "asc"), ("type", "ERROR")],
            vec![("findings", "f1"), ("before", "30")],
        ] {
            let said = said
                .into_iter()
                .map(|(name, value)| (name, value.to_owned()));
            let query = EventsQuery::read(find(said.collect()));
            assert_eq!(EventsQuery::read(find(query.pairs())), query);
        }
        assert!(EventsQuery::read(|_| None).filter.newest_first);
    }
}
