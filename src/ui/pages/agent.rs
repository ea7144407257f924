//! One agent: what it does, how it has done, and its latest tasks.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::not_found::Missing;
use super::rows::{Book, Row};
use crate::domain::{Agent, AgentStatus, AgentView, ErrorKind, LiveMessage, Task, TaskId};
use crate::rpc::agents::View;
use crate::ui::components::{
    AgentBadge, AgentControls, AgentFigures, Ago, CurrentTasks, Empty, Failure, TaskRow, skeleton,
};
use crate::ui::data::{ask, awaited, data};
use crate::ui::dynamic::{Erase, list, maybe, memo, part, text};
use crate::ui::paths::{self, TasksQuery};
use crate::ui::state::PageFeed;

/// More rows than this are on the tasks page.
const MOST_ROWS: usize = 50;

/// The page at `/agents/:name`.
#[component]
pub(crate) fn AgentPage() -> impl IntoView {
    let params = use_params_map();
    let name = memo(move || params.read().get("name").unwrap_or_default());
    // Another agent is another page: nothing of the former one stays.
    list(
        move || vec![name.get()],
        String::clone,
        |name| view! { <Screen name/> },
    )
}

#[derive(Clone, Copy)]
struct Model {
    name: StoredValue<String>,
    agent: RwSignal<Option<Agent>>,
    rows: RwSignal<Vec<Row>>,
    book: Book,
    feed: PageFeed,
}

impl Model {
    fn new(name: String) -> Self {
        let model = Self {
            name: StoredValue::new(name),
            agent: RwSignal::new(None),
            rows: RwSignal::new(Vec::new()),
            book: Book::new(),
            feed: PageFeed::new(),
        };
        model.feed.listen(
            move |message| model.apply(&message.change),
            move || model.refetch(),
        );
        model
    }

    fn load(self, view: &AgentView) {
        self.show_agent(&view.agent);
        let ids: Vec<_> = view.tasks.items.iter().map(|task| task.id).collect();
        self.rows.write().retain(|row| ids.contains(&row.id));
        for task in &view.held {
            self.book.note(task);
        }
        for task in &view.tasks.items {
            self.show_task(task);
        }
        for message in self.feed.loaded(&view.feed, view.now) {
            self.apply(&message.change);
        }
    }

    fn apply(self, change: &LiveMessage) {
        match change {
            LiveMessage::Task(task) => {
                let holds = |agent: &Agent| task.agent.as_ref() == Some(&agent.name);
                if self.agent.read_untracked().as_ref().is_some_and(holds) {
                    self.show_task(task);
                } else if let Some(row) = self.row(task.id) {
                    row.set(task);
                }
            }
            LiveMessage::Agent(agent) if self.name.with_value(|name| *name == agent.name) => {
                self.show_agent(agent);
            }
            LiveMessage::Activity(activity) => {
                if let Some(row) = activity.task_id.and_then(|id| self.row(id)) {
                    row.happened(activity);
                }
            }
            LiveMessage::Agent(_) | LiveMessage::Logs(..) | LiveMessage::Event(_) => {}
        }
    }

    fn row(self, id: TaskId) -> Option<Row> {
        let rows = self.rows.read_untracked();
        rows.iter().find(|row| row.id == id).cloned()
    }

    fn show_agent(self, agent: &Agent) {
        if self.agent.read_untracked().as_ref() != Some(agent) {
            self.agent.set(Some(agent.clone()));
        }
    }

    fn show_task(self, task: &Task) {
        self.book.note(task);
        if let Some(row) = self.row(task.id) {
            row.set(task);
            return;
        }
        let mut rows = self.rows.write();
        let at = rows.partition_point(|row| row.id > task.id);
        rows.insert(at, Row::new(task));
        rows.truncate(MOST_ROWS);
    }

    fn refetch(self) {
        let name = self.name.get_value();
        let show = move |view| self.load(&view);
        self.feed
            .refetch(ask(View { name }), show, move || self.refetch());
    }
}

#[component]
fn Screen(name: String) -> impl IntoView {
    let model = Model::new(name.clone());
    let first = data(View { name: name.clone() });
    awaited(first, skeleton, move |view| match view {
        Ok(view) => {
            model.load(&view);
            view! { <Loaded model agent=view.agent/> }.any()
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let list = (paths::AGENTS, "agents");
            view! { <Missing detail=error.detail list/> }.any()
        }
        Err(error) => view! { <Failure error url=paths::agent(&name)/> }.any(),
    })
}

#[component]
fn Loaded(
    model: Model,
    /// The agent as it was first read.
    agent: Agent,
) -> impl IntoView {
    let (name, title) = (agent.name.clone(), agent.shown_title().to_owned());
    let agent = Signal::derive(move || model.agent.get().unwrap_or_else(|| agent.clone()));
    let status = memo(move || agent.read().status);
    let error = memo(move || agent.read().error.clone());
    let error = maybe(move || {
        // That nothing is heard of a worker is no fault of this server.
        let is_fault = status.get() == AgentStatus::Error;
        let class = if is_fault {
            "notice"
        } else {
            "page-line muted"
        };
        let error = error.get();
        error.map(|error| view! { <p class=class>{error}</p> })
    });
    let held = memo(move || agent.read().running.clone());
    let current = memo(move || model.book.current(&held.read()));
    let none = maybe(move || {
        let none = held.read().is_empty();
        none.then(|| view! { <p class="muted">"It holds no task."</p> })
    });
    let mut query = TasksQuery::default();
    query.filter.agent = Some(name.clone());
    view! {
        <Title text=title.clone()/>
        <header class="page-head">
            <h1>
                <bdi>{title}</bdi>
            </h1>
            <AgentBadge status/>
            <div class="page-actions">
                <AgentControls agent/>
            </div>
        </header>
        {error}
        <Facts agent/>
        <AgentFigures agent/>
        <section aria-labelledby="agent-now">
            <h2 id="agent-now">"Now"</h2>
            <CurrentTasks current=current.into() agent=name.clone()/>
            {none}
        </section>
        <section aria-labelledby="agent-tasks">
            <div class="section-head">
                <h2 id="agent-tasks">"Latest tasks"</h2>
                <a href=query.url(paths::TASKS)>"All its tasks"</a>
            </div>
            <Rows rows=model.rows/>
        </section>
    }
    .any()
}

#[component]
fn Rows(
    /// Its latest tasks.
    rows: RwSignal<Vec<Row>>,
) -> impl IntoView {
    let is_empty = memo(move || rows.read().is_empty());
    let lines = list(
        move || rows.get(),
        |row| row.id.to_string(),
        |row| view! { <TaskRow task=row.task.into() stopping=Signal::from(row.stopping)/> },
    );
    let empty = maybe(move || {
        is_empty.get().then(|| {
            view! {
                <Empty title="No tasks yet">
                    <p>"It has not taken a task so far."</p>
                </Empty>
            }
        })
    });
    view! {
        <ol class="rows" aria-label="Latest tasks">
            {lines}
        </ol>
        {empty}
    }
    .any()
}

/// How it is reached, how much it can take, when it was there.
#[component]
fn Facts(agent: Signal<Agent>) -> impl IntoView {
    let (name, kind) = {
        let agent = agent.read_untracked();
        (agent.name.clone(), agent.kind.as_str())
    };
    let slots = text(move || {
        let agent = agent.read();
        format!("{}/{}", agent.running.len(), agent.concurrency)
    });
    let abilities = text(move || {
        let abilities = agent.read().capabilities.join(", ");
        if abilities.is_empty() {
            "—".to_owned()
        } else {
            abilities
        }
    });
    let seen = memo(move || agent.read().last_seen);
    let started = memo(move || agent.read().started_at);
    let moment = |time: Memo<Option<_>>| {
        part(move || match time.get() {
            Some(time) => view! { <Ago time/> }.any(),
            None => "—".into_any(),
        })
    };
    view! {
        <dl class="facts">
            <div>
                <dt>"Name"</dt>
                <dd>
                    <code>{name}</code>
                </dd>
            </div>
            <div>
                <dt>"Kind"</dt>
                <dd>{kind}</dd>
            </div>
            <div>
                <dt>"Slots"</dt>
                <dd class="figure">{slots}</dd>
            </div>
            <div>
                <dt>"Started"</dt>
                <dd>{moment(started)}</dd>
            </div>
            <div>
                <dt>"Last seen"</dt>
                <dd>{moment(seen)}</dd>
            </div>
            <div>
                <dt>"Capabilities"</dt>
                <dd>{abilities}</dd>
            </div>
        </dl>
    }
    .any()
}
