//! The ledger of findings: what each is, when it was seen, and what became of it.

use leptos::prelude::*;

use super::following::read;
use super::numbers::{ledger_words, nothing_listed};
use crate::domain::{Finding, SessionStatus, SessionView};
use crate::ui::components::{
    ActionForm, Ago, FindingBadge, HiddenFields, Look, SeverityChip, SubmitButton,
};
use crate::ui::dynamic::{Erase, list, maybe, memo, nothing, text};
use crate::ui::paths::{self, EventsQuery};
use crate::ui::state::Action;

/// Everything that a session's loop found.
#[component]
pub(super) fn LedgerOf(
    /// What the page shows.
    view: RwSignal<Option<SessionView>>,
    /// What the URL says.
    query: Memo<EventsQuery>,
    session: String,
) -> impl IntoView {
    let findings = memo(move || read(view, |view| view.findings.page.items.clone()));
    let numbers = memo(move || read(view, |view| view.findings.numbers));
    let is_over = memo(move || read(view, |view| view.session.status != SessionStatus::Running));
    let is_empty = memo(move || numbers.get().listed == 0);
    let none = maybe(move || {
        is_empty.get().then(|| {
            let words = nothing_listed(&numbers.get(), is_over.get());
            view! { <p class="muted">{words}</p> }
        })
    });
    let total = text(move || ledger_words(&numbers.get()));
    let id = session.clone();
    let more = maybe(move || {
        let mut next = query.get();
        next.findings = Some(read(view, |view| view.findings.page.next.clone())?);
        let url = format!("{}#findings", next.url(&id));
        Some(view! { <a class="btn" href=url>"More findings"</a> })
    });
    let id = session.clone();
    let back = maybe(move || {
        let mut first = query.get();
        first.findings.take()?;
        let url = format!("{}#findings", first.url(&id));
        Some(view! { <a class="btn quiet" href=url>"From the first finding"</a> })
    });
    let rows = list(
        move || {
            let entries = findings.get().into_iter();
            entries.map(Entry::new).collect()
        },
        |entry| entry.content.clone(),
        move |entry| line(entry.finding, &session),
    );
    let table = maybe(move || {
        (!is_empty.get()).then(|| {
            view! {
                <thead>
                    <tr>
                        <th scope="col">"State"</th>
                        <th scope="col">"Severity"</th>
                        <th scope="col">"Finding"</th>
                        <th scope="col">"Seen in"</th>
                        <th scope="col"><span class="sr-only">"Accept"</span></th>
                    </tr>
                </thead>
            }
        })
    });
    view! {
        <section aria-labelledby="findings">
            <div class="section-head">
                <h2 id="findings">"Findings"</h2>
                <span class="muted figure">{total}</span>
            </div>
            {none}
            <div class="wide-table" role="region" tabindex="0" aria-labelledby="findings">
                <table class="numbers findings">
                    {table}
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <div class="list-end">
                {back}
                {more}
            </div>
        </section>
    }
    .any()
}

/// A row is made anew when anything in it changed.
struct Entry {
    finding: Finding,
    content: String,
}

impl Entry {
    fn new(finding: Finding) -> Self {
        let content = serde_json::to_string(&finding).unwrap_or_default();
        Self { finding, content }
    }
}

fn line(finding: Finding, session: &str) -> AnyView {
    let (first, last) = (finding.first_iteration, finding.last_iteration);
    let seen = if first == last {
        format!("#{first}")
    } else {
        format!("#{first} to #{last}")
    };
    let accepted = finding.accepted.clone().map(|accepted| {
        view! {
            <p class="muted">
                {format!("Accepted by {}: {} ", accepted.by, accepted.reason)}
                <Ago time=accepted.at/>
            </p>
        }
    });
    let open = finding.state.is_open();
    let short = finding.fingerprint.get(..8).unwrap_or_default().to_owned();
    // A text that was cut ends so.
    let texts = [&finding.description, &finding.area, &finding.kind];
    let whole = texts.iter().any(|text| text.ends_with('…')).then(|| {
        let url = paths::whole_finding(session, &finding.fingerprint);
        view! { <a class="finding-whole" href=url rel="external">"Whole text"</a> }
    });
    let accept =
        open.then(|| view! { <Accept session=session.to_owned() finding=finding.clone()/> });
    view! {
        <tr>
            <td><FindingBadge state=Signal::stored(finding.state)/></td>
            <td><SeverityChip severity=finding.severity/></td>
            <th scope="row">
                {finding.description}
                {whole.map_or_else(nothing, Erase::any)}
                <span class="muted mono finding-area">
                    {[finding.area, finding.kind, short].join(" · ").trim_start_matches(" · ").to_owned()}
                </span>
                {accepted.map_or_else(nothing, Erase::any)}
            </th>
            <td class="figure">{seen}</td>
            <td>{accept.map_or_else(nothing, IntoAny::into_any)}</td>
        </tr>
    }
    .any()
}

/// A person decides to live with a finding, and says why.
#[component]
fn Accept(session: String, finding: Finding) -> impl IntoView {
    let about = finding.fingerprint.clone();
    let fields = vec![
        ("session", session),
        ("fingerprint", finding.fingerprint.clone()),
    ];
    let look = Look {
        label: "Accept it",
        icon: "hand",
        class: "primary",
    };
    let label = format!("Why is it acceptable: {}", finding.description);
    view! {
        <details class="confirm">
            <summary class="btn quiet" aria-label=format!("Accept {}…", finding.description)>
                "Accept…"
            </summary>
            <div class="confirm-body">
                <ActionForm action=Action::Accept about=about.clone() class="accept-form">
                    <HiddenFields fields/>
                    <p>"It counts as open no longer. Say why one can live with it:"</p>
                    <textarea name="reason" class="input" rows="2" required=true aria-label=label></textarea>
                    <SubmitButton action=Action::Accept about look of=""/>
                </ActionForm>
            </div>
        </details>
    }
    .any()
}
