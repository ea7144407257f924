//! Convergence loops: what they do now, and what became of their sessions.

mod compare;
mod events;
mod facts;
mod following;
mod history;
mod ledger;
mod links;
mod live;
mod numbers;
mod rounds;
mod session;
mod tree;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::compare::Comparison;
use self::following::Following;
use self::history::History;
use self::links::Links;
use self::live::{LastEvents, LiveSessions};
use self::numbers::Tiles;
use crate::domain::ConvergenceView;
use crate::rpc::convergence::List;
use crate::ui::components::{Empty, Failure, Snippet, skeleton};
use crate::ui::data::awaited;
use crate::ui::dynamic::{Erase, maybe, memo, part};
use crate::ui::paths::SessionsQuery;

pub(crate) use self::session::SessionPage;

/// A loop of one's own, in the shortest way.
const COMMANDS: &str = "kimi-converge config init
kimi-converge run --config convergence.yaml --websocket
";

/// The page at `/convergence`.
#[component]
pub(crate) fn ConvergencePage() -> impl IntoView {
    let map = use_query_map();
    let query = memo(move || {
        let map = map.read();
        let with = map.get_all("with").unwrap_or_default();
        SessionsQuery::read(|name| map.get_str(name), with)
    });
    let pair = memo(move || <[String; 2]>::try_from(query.read().with.clone()).ok());
    part(move || match pair.get() {
        Some(pair) => view! { <Comparison pair query/> }.any(),
        None => view! { <Overview query/> }.any(),
    })
}

#[component]
fn Overview(
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let question = move || {
        let query = query.get();
        List {
            filter: query.filter,
            cursor: query.cursor,
        }
    };
    let (page, first) = Following::new(question, Vec::new());
    let content = awaited(first, skeleton, move |view| match view {
        Ok(view) => {
            page.begin(view);
            view! { <Loaded page query/> }.any()
        }
        Err(error) => {
            let url = query.read_untracked().url();
            view! { <Failure error url/> }.any()
        }
    });
    view! {
        <Title text="Convergence"/>
        <h1 class="sr-only">"Convergence"</h1>
        {content}
    }
    .any()
}

#[component]
fn Loaded(
    /// The page's data.
    page: Following<ConvergenceView>,
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let view = page.view;
    let is_new = memo(move || following::read(view, |view| view.stats.total_sessions == 0));
    let teach = maybe(move || {
        is_new.get().then(|| {
            view! {
                <Empty title="No loop was heard of yet" icon="repeat">
                    <p>
                        "A loop diagnoses, fixes, attacks and validates until nothing is left to do. Start one, and it appears here:"
                    </p>
                    <Snippet name="a shell" code=COMMANDS/>
                    <p>
                        "Any loop that speaks the same events is followed too: name its address with "
                        <code>"--convergence-url"</code> ", or let it POST to "
                        <code>"/api/events"</code> "."
                    </p>
                </Empty>
            }
        })
    });
    let rest = maybe(move || {
        (!is_new.get()).then(|| {
            view! {
                <Tiles view/>
                <div class="split">
                    <div class="split-main">
                        <LiveSessions view/>
                        <History page query/>
                    </div>
                    <div class="split-side">
                        <Links view/>
                        <LastEvents view query/>
                    </div>
                </div>
            }
        })
    });
    let links = maybe(move || is_new.get().then(|| view! { <Links view/> }));
    view! {
        {teach}
        {rest}
        {links}
    }
    .any()
}
