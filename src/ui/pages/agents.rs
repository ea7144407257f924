//! The agents: what each does now and how it has done so far.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;

use super::roster::{Member, Roster};
use super::rows::Book;
use crate::domain::{AgentStatus, AgentsView, LiveMessage};
use crate::rpc::agents::List;
use crate::ui::components::{AgentCard, Empty, EnableDemo, Failure, count, skeleton};
use crate::ui::data::{ask, awaited, data};
use crate::ui::dynamic::{Erase, list, maybe, memo, text};
use crate::ui::paths;
use crate::ui::state::{Clock, Live, News, Place};

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

    fn apply(self, change: &LiveMessage) {
        match change {
            LiveMessage::Task(task) => _ = self.book.note(task),
            LiveMessage::Agent(agent) => self.roster.apply(agent),
            LiveMessage::Logs(..) | LiveMessage::Activity(_) | LiveMessage::Event(_) => {}
        }
    }

    fn refetch(self) {
        self.place.update_value(Place::begin);
        spawn_local(async move {
            match ask(List {}).await {
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
    let first = data(|| List {});
    let page = awaited(first, skeleton, move |view| match view {
        Ok(view) => {
            model.load(&view);
            view! { <Loaded roster=model.roster/> }.any()
        }
        Err(error) => view! { <Failure error url=paths::AGENTS.to_owned()/> }.any(),
    });
    view! {
        <Title text="Agents"/>
        <h1 class="sr-only">"Agents"</h1>
        {page}
    }
    .any()
}

#[component]
fn Loaded(roster: Roster) -> impl IntoView {
    let is_empty = memo(move || roster.is_empty());
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
    let cards = list(
        move || roster.by_need(),
        |member| member.name.clone(),
        move |member| {
            let agent = Signal::from(member.agent);
            view! { <AgentCard agent current=roster.current(agent)/> }
        },
    );
    view! {
        <Totals roster/>
        {empty}
        <ul class="cards">{cards}</ul>
    }
    .any()
}

/// How many agents are in which state.
#[component]
fn Totals(roster: Roster) -> impl IntoView {
    let words = text(move || {
        let members = roster.members();
        let number = |status: AgentStatus| {
            let of = |member: &&Member| member.agent.read().status == status;
            members.iter().filter(of).count()
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
            let words = match (status, number) {
                (AgentStatus::NeedsInput, 2..) => "need input",
                _ => status.label(),
            };
            if number > 0 {
                parts.push(format!("{number} {words}"));
            }
        }
        parts.join(" · ")
    });
    view! { <p class="totals muted figure">{words}</p> }
}
