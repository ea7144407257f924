//! The agents: what each does now and how it has done so far. Where there are many, a page of
//! them, by name.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::roster::{Member, Roster};
use super::rows::Book;
use crate::domain::{AgentFilter, AgentStatus, AgentsView, LiveMessage};
use crate::rpc::agents::List;
use crate::ui::components::{
    AgentCard, Empty, EnableDemo, Failure, HiddenFields, count, grouped, skeleton,
};
use crate::ui::data::{ask, awaited, data};
use crate::ui::dynamic::{Erase, list, maybe, memo, part, row};
use crate::ui::paths;
use crate::ui::state::PageFeed;

#[derive(Clone, Copy)]
struct Model {
    filter: StoredValue<AgentFilter>,
    roster: Roster,
    /// How many agents there are in each status, when not all of them are shown.
    counts: RwSignal<Option<Vec<(AgentStatus, u64)>>>,
    /// Where the next page is.
    next: RwSignal<Option<String>>,
    book: Book,
    feed: PageFeed,
}

impl Model {
    fn new(filter: AgentFilter) -> Self {
        let book = Book::new();
        let model = Self {
            filter: StoredValue::new(filter),
            counts: RwSignal::new(None),
            next: RwSignal::new(None),
            roster: Roster::new(book),
            book,
            feed: PageFeed::new(),
        };
        model.feed.listen(
            move |message| model.apply(&message.change),
            move || model.refetch(),
        );
        model
    }

    fn load(self, view: &AgentsView) {
        for task in &view.tasks {
            self.book.note(task);
        }
        let shown = u64::try_from(view.agents.len()).unwrap_or(u64::MAX);
        let all: u64 = view.counts.iter().map(|(_, number)| number).sum();
        self.roster.load(&view.agents, all.saturating_sub(shown));
        self.counts.set((all > shown).then(|| view.counts.clone()));
        let next = view.next.clone().map(|after| AgentFilter {
            after: Some(after),
            ..self.filter.get_value()
        });
        self.next.set(next.map(|filter| paths::agents(&filter)));
        for message in self.feed.loaded(&view.feed, view.now) {
            self.apply(&message.change);
        }
    }

    fn apply(self, change: &LiveMessage) {
        match change {
            LiveMessage::Task(task) => _ = self.book.note(task),
            LiveMessage::Agent(agent) => {
                self.roster.apply(agent);
                if self.counts.read_untracked().is_some() {
                    // How many there are of each is known to the server only.
                    self.feed.plan(move || self.refetch());
                }
            }
            LiveMessage::Logs(..) | LiveMessage::Activity(_) | LiveMessage::Event(_) => {}
        }
    }

    fn refetch(self) {
        let filter = self.filter.get_value();
        let show = move |view| self.load(&view);
        self.feed
            .refetch(ask(List { filter }), show, move || self.refetch());
    }
}

/// The page at `/agents`.
#[component]
pub(crate) fn AgentsPage() -> impl IntoView {
    let map = use_query_map();
    let filter = memo(move || {
        let map = map.read();
        paths::read_agents(|name| map.get_str(name))
    });
    // Other agents are another page: nothing of the former ones stays.
    let page = list(
        move || vec![filter.get()],
        paths::agents,
        |filter| view! { <Screen filter/> },
    );
    view! {
        <Title text="Agents"/>
        <h1 class="sr-only">"Agents"</h1>
        {page}
    }
    .any()
}

#[component]
fn Screen(filter: AgentFilter) -> impl IntoView {
    let model = Model::new(filter.clone());
    let first = data(List {
        filter: filter.clone(),
    });
    awaited(first, skeleton, move |view| match view {
        Ok(view) => {
            model.load(&view);
            view! { <Loaded model/> }.any()
        }
        Err(error) => view! { <Failure error url=paths::agents(&filter)/> }.any(),
    })
}

#[component]
fn Loaded(
    /// The page's data.
    model: Model,
) -> impl IntoView {
    let roster = model.roster;
    let is_empty = memo(move || roster.is_empty() && model.counts.read().is_none());
    let no_match = memo(move || roster.is_empty() && model.counts.read().is_some());
    let empty = maybe(move || {
        is_empty.get().then(|| {
            view! {
                <Empty title="No agent is configured yet" icon="bot">
                    <p>
                        "Describe one in " <code>"dashboard.toml"</code>
                        ", or look around with an agent that only pretends to work."
                    </p>
                    <EnableDemo/>
                    <a href=paths::TASKS>"See how to configure one"</a>
                </Empty>
            }
        })
    });
    let nobody = maybe(move || {
        no_match.get().then(|| {
            view! {
                <Empty title="No agent matches" icon="search">
                    <a class="btn" href=paths::AGENTS>
                        "Show all agents"
                    </a>
                </Empty>
            }
        })
    });
    let cards = list(
        move || roster.by_need(),
        |member| member.name.clone(),
        move |member| {
            let agent = Signal::from(member.agent);
            view! { <AgentCard agent current=roster.current(agent)/> }
        },
    );
    let next = maybe(move || {
        let next = model.next.get();
        next.map(|url| view! { <a class="btn" href=url>"More agents"</a> })
    });
    view! {
        <Totals model/>
        <Find model/>
        {empty}
        {nobody}
        <ul class="cards">{cards}</ul>
        <div class="list-end">{next}</div>
    }
    .any()
}

/// How many agents are in which state; where not all are shown, a way to each.
#[component]
fn Totals(
    /// The page's data.
    model: Model,
) -> impl IntoView {
    let shown = memo(move || {
        let members = model.roster.members();
        let number = |status: AgentStatus| {
            let of = |member: &&Member| member.agent.read().status == status;
            u64::try_from(members.iter().filter(of).count()).unwrap_or(0)
        };
        AgentStatus::ALL
            .map(|status| (status, number(status)))
            .to_vec()
    });
    let states = part(move || {
        let all = model.counts.get();
        let is_part = all.is_some();
        let counts = all.unwrap_or_else(|| shown.get());
        let total = counts.iter().map(|(_, number)| number).sum();
        let states = counts.into_iter().filter(|(_, number)| *number > 0);
        let states = row(states, move |(status, number)| {
            let words = match (status, number) {
                (AgentStatus::NeedsInput, 2..) => "need input",
                _ => status.label(),
            };
            let words = format!("{} {words}", grouped(number));
            let filter = AgentFilter {
                status: Some(status),
                ..AgentFilter::default()
            };
            let words = if is_part {
                view! { <a href=paths::agents(&filter)>{words}</a> }.any()
            } else {
                words.into_any()
            };
            view! { " · " {words} }
        });
        view! { {count(total, "agent")} {states} }.any()
    });
    view! { <p class="totals muted figure">{states}</p> }
}

/// A search, where not all agents are shown.
#[component]
fn Find(
    /// The page's data.
    model: Model,
) -> impl IntoView {
    let is_part = memo(move || model.counts.read().is_some());
    let filter = model.filter.get_value();
    maybe(move || {
        let filter = filter.clone();
        is_part.get().then(|| {
            let clear = (filter != AgentFilter::default()).then(|| {
                view! {
                    <a class="btn quiet" href=paths::AGENTS>
                        "Show all"
                    </a>
                }
            });
            let status = filter
                .status
                .map(|status| ("status", status.as_str().into()));
            let kept = status.into_iter().collect::<Vec<_>>();
            view! {
                <form class="filters" method="get" action=paths::AGENTS role="search">
                    <input
                        type="search"
                        name="q"
                        class="input"
                        placeholder="Name or title"
                        aria-label="Name or title"
                        value=filter.q
                    />
                    <HiddenFields fields=kept/>
                    <button type="submit" class="btn">
                        "Find"
                    </button>
                    {clear}
                </form>
            }
        })
    })
}
