//! Two sessions side by side.

use leptos::prelude::*;
use leptos_meta::Title;

use super::numbers::known;
use crate::domain::{ComparedFinding, ComparedSession, ComparisonView, Page, Session, Timestamp};
use crate::rpc::convergence::Compare;
use crate::ui::components::{
    Chart, Failure, FindingBadge, SessionBadge, SeverityChip, VerdictBadge, duration, skeleton,
};
use crate::ui::data::{awaited, data};
use crate::ui::dynamic::{Erase, memo, nothing, part, row, text};
use crate::ui::paths::{self, SessionsQuery};

/// Two sessions side by side.
#[component]
pub(super) fn Comparison(
    /// Their ids.
    pair: [String; 2],
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let cursor = memo(move || query.read().findings.clone());
    // Another page of their findings is asked for anew.
    let content = part(move || {
        let ([a, b], cursor) = (pair.clone(), cursor.get());
        let first = data(Compare { a, b, cursor });
        awaited(first, skeleton, move |view| match view {
            Ok(view) => view! { <Both view query/> }.any(),
            Err(error) => {
                let url = paths::CONVERGENCE.to_owned();
                view! { <Failure error url/> }.any()
            }
        })
    });
    view! {
        <Title text="Two sessions compared"/>
        {content}
    }
    .any()
}

/// What is compared: its name, and how it is shown of one side.
type Fact = (&'static str, fn(&ComparedSession, Timestamp) -> AnyView);

#[component]
fn Both(
    /// What the server answered.
    view: ComparisonView,
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let now = view.now;
    let heads = row(
        view.sides.clone().into_iter().zip(["A", "B"]),
        |(side, name)| {
            let id = side.session.session_id;
            view! {
                <th scope="col">
                    <span class="muted">{name}" "</span>
                    <a href=paths::session(&id)>{id.clone()}</a>
                </th>
            }
        },
    );
    let facts: [Fact; 7] = [
        ("Status", |side, _| {
            view! { <SessionBadge status=Signal::stored(side.session.status)/> }.any()
        }),
        ("Verdict", |side, _| match &side.session.verdict {
            Some(verdict) => view! { <VerdictBadge kind=Signal::stored(verdict.kind)/> }.any(),
            None => nothing(),
        }),
        ("Iterations", |side, _| {
            words(side.session.iterations.to_string())
        }),
        ("Duration", |side, now| words(taken(&side.session, now))),
        ("Open at the end", |side, _| words(known(side.open))),
        ("Findings in all", |side, _| words(known(side.findings))),
        ("Fixes in all", |side, _| words(known(side.fixes))),
    ];
    let sides = view.sides;
    let lines = row(facts, move |(name, fact)| {
        let cells = row(sides.iter(), |side| view! { <td>{fact(side, now)}</td> });
        view! {
            <tr>
                <th scope="row">{name}</th>
                {cells}
            </tr>
        }
    });
    let chart = view.chart.map(|option| {
        let option = text(move || option.clone());
        let rows = "#iteration-".to_owned();
        view! { <Chart option rows label="Open at the end of each iteration, of both sessions"/> }
    });
    view! {
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
                <tbody>{lines}</tbody>
            </table>
        </div>
        <section aria-labelledby="compared-open" class="js-only">
            <h2 id="compared-open">"Open at the end of each iteration"</h2>
            {chart.map_or_else(nothing, Erase::any)}
        </section>
        <Findings findings=view.findings query/>
        </div>
    }
    .any()
}

fn words(text: String) -> AnyView {
    view! { <span class="figure">{text}</span> }.any()
}

/// How long a session took, or takes.
fn taken(session: &Session, now: Timestamp) -> String {
    if session.end_time.is_some() {
        duration(session.duration_seconds)
    } else {
        let seconds = now.seconds_since(session.start_time);
        format!("{} so far", duration(seconds))
    }
}

#[component]
fn Findings(
    /// What either has.
    findings: Page<ComparedFinding>,
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let query = query.get_untracked();
    let is_first = query.findings.is_none();
    let none = findings.items.is_empty().then(|| {
        let words = if is_first {
            "Neither session listed its findings."
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
    let lines = row(findings.items, |compared| {
        let states = row(compared.states, |state| {
            let badge = match state {
                Some(state) => view! { <FindingBadge state=Signal::stored(state)/> }.any(),
                None => view! { <span class="muted">"never seen"</span> }.any(),
            };
            view! { <td>{badge}</td> }
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
