//! The URL of the agents page.

use super::{AGENTS, with_query};
use crate::domain::{AgentFilter, AgentStatus};

/// Reads the query of the agents page; what makes no sense counts as absent.
pub(crate) fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> AgentFilter {
    let words = |name: &str| {
        let text = get(name).map(str::trim).filter(|text| !text.is_empty());
        text.map(str::to_owned)
    };
    AgentFilter {
        status: get("status").and_then(AgentStatus::parse),
        q: words("q"),
        after: words("after"),
    }
}

/// The agents that `filter` names.
pub(crate) fn agents(filter: &AgentFilter) -> String {
    let status = filter.status.map(|status| status.as_str().to_owned());
    let pairs = [
        ("status", status),
        ("q", filter.q.clone()),
        ("after", filter.after.clone()),
    ];
    let pairs = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    with_query(AGENTS, &pairs.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::{agents, read};

    #[test]
    fn a_query_of_agents_survives_the_round_trip() {
        let pairs = [("status", "needs_input"), ("q", " a b "), ("after", "")];
        let find = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
        assert_eq!(agents(&read(find)), "/agents?status=needs_input&q=a%20b");
        assert_eq!(agents(&read(|_| Some("?"))), "/agents?q=%3F&after=%3F");
        assert_eq!(agents(&read(|_| None)), "/agents");
    }
}
