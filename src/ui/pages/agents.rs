//! The agents: what each does now and how it has done so far.

use leptos::either::Either;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;

use super::roster::Roster;
use super::rows::Book;
use crate::domain::{AgentStatus, AgentsView};
use crate::rpc;
use crate::ui::components::{AgentCard, Empty, EnableDemo, Failure, Skeleton, count};
use crate::ui::paths;
use crate::ui::state::{Change, Clock, Live, News, Place};

/// The page's data.
#[derive(Clone, Copy)]
struct Model {
    roster: Roster,
    book: Book,
    place: StoredValue<Place>,
    clock: Clock,
    live: Live,
}

impl Model {
    fn new() -> Self {
        let book = Book::new();
        let model = Self {
            roster: Roster::new(book),
            book,
            place: StoredValue::new(Place::default()),
            clock: Clock::get(),
            live: Live::get(),
        };
        model.place.update_value(Place::begin);
        model.live.listen(move |news| match news {
            News::Messages(messages) => {
                for message in *messages {
                    if model.place.try_update_value(|place| place.accepts(message)) == Some(true) {
                        model.apply(&message.change);
                    }
                }
            }
            News::Resync => model.refetch(),
        });
        model
    }

    fn load(self, view: &AgentsView) {
        self.clock.set(view.now);
        self.live.start_at(&view.feed);
        for task in &view.tasks {
            self.book.note(task);
        }
        self.roster.load(&view.agents);
        let newer = self
            .place
            .try_update_value(|place| place.loaded(&view.feed));
        for message in newer.unwrap_or_default() {
            self.apply(&message.change);
        }
    }

    fn apply(self, change: &Change) {
        match change {
            Change::Task(task) => _ = self.book.note(task),
            Change::Agent(agent) => self.roster.apply(agent),
            Change::Logs(_) | Change::Activity(_) => {}
        }
    }

    fn refetch(self) {
        self.place.update_value(Place::begin);
        spawn_local(async move {
            match rpc::agents::list().await {
                Ok(view) if self.place.try_get_value().is_some() => self.load(&view),
                _ => _ = self.place.try_update_value(Place::failed),
            }
        });
    }
}

/// The page at `/agents`.
#[component]
pub(crate) fn AgentsPage() -> impl IntoView {
    let model = Model::new();
    let first = Resource::new_blocking(|| (), |()| rpc::agents::list());
    let page = move || {
        Suspend::new(async move {
            match first.await {
                Ok(view) => {
                    model.load(&view);
                    Either::Left(view! { <Loaded roster=model.roster/> })
                }
                Err(error) => {
                    let url = paths::AGENTS.to_owned();
                    Either::Right(view! { <Failure error url/> })
                }
            }
        })
    };
    view! {
        <Title text="Agents"/>
        <h1 class="sr-only">"Agents"</h1>
        <Suspense fallback=Skeleton>{page}</Suspense>
    }
    .into_any()
}

#[component]
fn Loaded(
    /// The agents.
    roster: Roster,
) -> impl IntoView {
    let is_empty = Memo::new(move |_| roster.is_empty());
    let empty = move || {
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
    };
    view! {
        <Totals roster/>
        {empty}
        <ul class="cards">
            <For each=move || roster.by_need() key=|member| member.name.clone() let:member>
                {
                    let agent = Signal::from(member.agent);
                    view! { <AgentCard agent current=roster.current(agent)/> }
                }
            </For>
        </ul>
    }
}

/// How many agents are in which state.
#[component]
fn Totals(
    /// The agents.
    roster: Roster,
) -> impl IntoView {
    let words = Memo::new(move |_| {
        let members = roster.members();
        let number = |status: AgentStatus| {
            let of = |agent: &crate::domain::Agent| agent.status == status;
            members
                .iter()
                .filter(|member| member.agent.with(of))
                .count()
        };
        let states = [
            AgentStatus::NeedsInput,
            AgentStatus::Busy,
            AgentStatus::Idle,
            AgentStatus::Draining,
            AgentStatus::Error,
            AgentStatus::Offline,
        ];
        let mut parts = vec![count(u64::try_from(members.len()).unwrap_or(0), "agent")];
        for status in states {
            let number = number(status);
            if number > 0 {
                parts.push(format!("{number} {}", status.label()));
            }
        }
        parts.join(" · ")
    });
    view! { <p class="totals muted figure">{words}</p> }
}
