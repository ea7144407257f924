//! Two sessions side by side.

use leptos::prelude::*;
use leptos_meta::Title;

use super::following::{Following, read};
use super::numbers::{known, validation};
use crate::domain::{
    ComparedFinding, ComparedSession, ComparisonView, Page, Session, SessionNumbers, SessionStatus,
    Timestamp,
};
use crate::rpc::convergence::Compare;
use crate::ui::components::{
    Chart, Failure, FindingBadge, SessionBadge, SeverityChip, duration, grouped, skeleton,
};
use crate::ui::data::awaited;
use crate::ui::dynamic::{Erase, maybe, memo, nothing, part, row, text};
use crate::ui::paths::{self, SessionsQuery};

/// Two sessions side by side.
#[component]
pub(super) fn Comparison(
    /// Their ids.
    pair: [String; 2],
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let asked = StoredValue::new(pair.clone());
    let question = move || {
        let [a, b] = asked.get_value();
        let cursor = query.read().findings.clone();
        Compare { a, b, cursor }
    };
    let (page, first) = Following::new(question, pair.to_vec());
    let content = awaited(first, skeleton, move |view| match view {
        Ok(view) => {
            page.begin(view);
            view! { <Both view=page.view query/> }.any()
        }
        Err(error) => {
            let url = paths::CONVERGENCE.to_owned();
            view! { <Failure error url/> }.any()
        }
    });
    view! {
        <Title text="Two sessions compared"/>
        {content}
    }
    .any()
}

/// What the sessions are called where there is no room for their names.
const SIDES: [&str; 2] = ["A", "B"];

/// What is compared: its name, and how it is shown of one side.
type Fact = (&'static str, fn(&ComparedSession, Timestamp) -> AnyView);

#[component]
fn Both(
    /// What is shown.
    view: RwSignal<Option<ComparisonView>>,
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let names = memo(move || {
        let name = |side: &ComparedSession| {
            let session = &side.session;
            (session.session_id.clone(), session.name.clone())
        };
        read(view, |view| view.sides.iter().map(name).collect::<Vec<_>>())
    });
    let title = untrack(move || {
        let names = names.read();
        let names: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
        names.join(" and ")
    });
    let heads = part(move || {
        row(SIDES.into_iter().zip(names.get()), |(side, (id, name))| {
            view! {
                <th scope="col">
                    <span class="muted">{side}" "</span>
                    <a href=paths::session(&id) title=id.clone()>{name}</a>
                </th>
            }
        })
    });
    let facts = part(move || read(view, |view| Some(facts(view))).unwrap_or_else(nothing));
    let chart = memo(move || read(view, |view| view.chart.clone()));
    let has_chart = memo(move || chart.read().is_some());
    let drawing = maybe(move || {
        has_chart.get().then(|| {
            let option = text(move || chart.get().unwrap_or_default());
            let rows = "#iteration-".to_owned();
            view! { <Chart option rows label="Open at the end of each iteration, of both sessions"/> }
        })
    });
    let findings = memo(move || {
        read(view, |view| {
            let lists = view.sides.each_ref().map(|side| side.numbers.lists);
            Some((view.findings.clone(), lists))
        })
    });
    let findings = maybe(move || {
        let (findings, lists) = findings.get()?;
        Some(view! { <Findings findings lists query/> })
    });
    view! {
        <Title text=title/>
        <header class="page-head">
            <h1>"Two sessions compared"</h1>
            <a class="btn quiet" href=paths::CONVERGENCE>"Back to all"</a>
        </header>
        <div class="session">
        <div class="wide-table" role="region" tabindex="0" aria-label="Numbers">
            <table class="numbers compared">
                <thead>
                    <tr>
                        <td></td>
                        {heads}
                    </tr>
                </thead>
                <tbody>{facts}</tbody>
            </table>
        </div>
        <section aria-labelledby="compared-open" class="js-only">
            <h2 id="compared-open">"Open at the end of each iteration"</h2>
            {drawing}
        </section>
        {findings}
        </div>
    }
    .any()
}

/// The lines of the table: of each fact, how it stands on both sides.
fn facts(view: &ComparisonView) -> AnyView {
    let facts: [Fact; 8] = [
        ("Status", |side, _| {
            view! { <SessionBadge status=Signal::stored(side.session.status)/> }.any()
        }),
        ("Verdict", |side, _| match &side.session.verdict {
            Some(verdict) => words(verdict.text.clone()),
            None => nothing(),
        }),
        ("Iterations", |side, _| {
            words(side.session.iterations.to_string())
        }),
        ("Duration", |side, now| words(taken(&side.session, now))),
        ("Findings listed", |side, _| words(listed(&side.numbers))),
        ("Open at the end", |side, _| words(open(&side.numbers))),
        ("Last validation", |side, _| {
            words(validation(side.numbers.validated).to_owned())
        }),
        ("Fixes reported", |side, _| words(known(side.numbers.fixes))),
    ];
    row(facts, |(name, fact)| {
        let cell = |side| view! { <td>{fact(side, view.now)}</td> };
        view! {
            <tr>
                <th scope="row">{name}</th>
                {row(&view.sides, cell)}
            </tr>
        }
    })
}

fn words(text: String) -> AnyView {
    view! { <span class="figure">{text}</span> }.any()
}

fn unknown() -> String {
    known(None)
}

/// How many findings stand in the ledger of a session that lists them.
fn listed(numbers: &SessionNumbers) -> String {
    if numbers.lists {
        grouped(numbers.listed)
    } else {
        unknown()
    }
}

/// What is open at the end, as far as that is known.
fn open(numbers: &SessionNumbers) -> String {
    match numbers.open_at_the_end() {
        Some(open) if numbers.at_least => format!("at least {}", grouped(open)),
        Some(open) => grouped(open),
        None => unknown(),
    }
}

/// How long a session took, takes, or was heard of.
fn taken(session: &Session, now: Timestamp) -> String {
    let heard = duration(session.duration_seconds);
    match (session.status, session.end_time) {
        (SessionStatus::Running, _) => {
            let seconds = now.seconds_since(session.start_time);
            format!("{} so far", duration(seconds))
        }
        (_, Some(_)) => heard,
        (_, None) => format!("{heard} until it fell silent"),
    }
}

#[component]
fn Findings(
    /// What either has.
    findings: Page<ComparedFinding>,
    /// Whether each session lists what it finds.
    lists: [bool; 2],
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let query = query.get_untracked();
    let is_first = query.findings.is_none();
    let none = findings.items.is_empty().then(|| {
        let words = if is_first {
            "No finding is listed in either session."
        } else {
            "There are no more findings."
        };
        view! { <p class="muted">{words}</p> }
    });
    let url = |findings: Option<String>| {
        let query = SessionsQuery {
            findings,
            ..query.clone()
        };
        format!("{}#compared-findings", query.url())
    };
    let more = findings.next.clone().map(|next| {
        view! { <a class="btn" href=url(Some(next))>"More findings"</a> }
    });
    let back = (!is_first).then(|| {
        view! { <a class="btn quiet" href=url(None)>"From the first finding"</a> }
    });
    let lines = row(findings.items, move |compared| {
        let sides = SIDES.into_iter().zip(compared.states).zip(lists);
        let states = row(sides, |((side, state), lists)| {
            let badge = if let Some(state) = state {
                view! { <FindingBadge state=Signal::stored(state)/> }.any()
            } else {
                let words = if lists { "never seen" } else { "not listed" };
                view! { <span class="muted">{words}</span> }.any()
            };
            view! { <td data-side=side>{badge}</td> }
        });
        let finding = compared.finding;
        view! {
            <tr>
                <td><SeverityChip severity=finding.severity/></td>
                <th scope="row">
                    {finding.description}
                    <span class="muted mono finding-area">{finding.area}</span>
                </th>
                {states}
            </tr>
        }
    });
    view! {
        <section aria-labelledby="compared-findings">
            <h2 id="compared-findings">"Findings"</h2>
            {none.map_or_else(nothing, Erase::any)}
            <div class="wide-table" role="region" tabindex="0" aria-labelledby="compared-findings">
                <table class="numbers findings">
                    <thead>
                        <tr>
                            <th scope="col">"Severity"</th>
                            <th scope="col">"Finding"</th>
                            <th scope="col">"A"</th>
                            <th scope="col">"B"</th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
            <div class="list-end">
                {back.map_or_else(nothing, Erase::any)}
                {more.map_or_else(nothing, Erase::any)}
            </div>
        </section>
    }
    .any()
}
