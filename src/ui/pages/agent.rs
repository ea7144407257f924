//! One agent: what it does, how it has done, and its latest tasks.

use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::not_found::Missing;
use super::rows::{Book, Row};
use crate::domain::{ActivityKind, Agent, AgentView, ErrorKind, Task, TaskId};
use crate::rpc;
use crate::ui::components::{
    AgentBadge, AgentControls, AgentFigures, Ago, CurrentTasks, Empty, Failure, Skeleton, TaskRow,
};
use crate::ui::paths::{self, TasksQuery};
use crate::ui::state::{Change, Clock, Live, News, Place};

/// More rows than this are on the tasks page.
const MOST_ROWS: usize = 50;

/// The page at `/agents/:name`.
#[component]
pub(crate) fn AgentPage() -> impl IntoView {
    let params = use_params_map();
    let name = Memo::new(move |_| params.with(|params| params.get("name").unwrap_or_default()));
    // Another agent is another page: nothing of the former one stays.
    view! {
        <For each=move || [name.get()] key=String::clone let:name>
            <Screen name/>
        </For>
    }
    .into_any()
}

/// The page's data.
#[derive(Clone, Copy)]
struct Model {
    name: StoredValue<String>,
    agent: RwSignal<Option<Agent>>,
    rows: RwSignal<Vec<Row>>,
    book: Book,
    place: StoredValue<Place>,
    clock: Clock,
    live: Live,
}

impl Model {
    fn new(name: String) -> Self {
        let model = Self {
            name: StoredValue::new(name),
            agent: RwSignal::new(None),
            rows: RwSignal::new(Vec::new()),
            book: Book::new(),
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

    fn load(self, view: &AgentView) {
        self.clock.set(view.now);
        self.live.start_at(&view.feed);
        self.show_agent(&view.agent);
        let ids: Vec<_> = view.tasks.items.iter().map(|task| task.id).collect();
        self.rows
            .update(|rows| rows.retain(|row| ids.contains(&row.id)));
        for task in &view.tasks.items {
            self.show_task(task);
        }
        let newer = self
            .place
            .try_update_value(|place| place.loaded(&view.feed));
        for message in newer.unwrap_or_default() {
            self.apply(&message.change);
        }
    }

    fn apply(self, change: &Change) {
        match change {
            Change::Task(task) => {
                let holds = |agent: &Agent| task.agent.as_ref() == Some(&agent.name);
                if self
                    .agent
                    .with_untracked(|it| it.as_ref().is_some_and(holds))
                {
                    self.show_task(task);
                } else if let Some(row) = self.row(task.id) {
                    row.set(task);
                }
            }
            Change::Agent(agent) if self.name.with_value(|name| *name == agent.name) => {
                self.show_agent(agent);
            }
            Change::Activity(activity) if activity.kind == ActivityKind::CancelRequested => {
                if let Some(row) = activity.task_id.and_then(|id| self.row(id)) {
                    row.stopping.set(true);
                }
            }
            Change::Agent(_) | Change::Activity(_) | Change::Logs(_) => {}
        }
    }

    fn row(self, id: TaskId) -> Option<Row> {
        self.rows
            .with_untracked(|rows| rows.iter().find(|row| row.id == id).cloned())
    }

    fn show_agent(self, agent: &Agent) {
        if self
            .agent
            .with_untracked(|shown| shown.as_ref() != Some(agent))
        {
            self.agent.set(Some(agent.clone()));
        }
    }

    fn show_task(self, task: &Task) {
        self.book.note(task);
        if let Some(row) = self.row(task.id) {
            row.set(task);
            return;
        }
        self.rows.update(|rows| {
            let at = rows.partition_point(|row| row.id > task.id);
            rows.insert(at, Row::new(task));
            rows.truncate(MOST_ROWS);
        });
    }

    fn refetch(self) {
        self.place.update_value(Place::begin);
        let name = self.name.get_value();
        spawn_local(async move {
            match rpc::agents::view(name).await {
                Ok(view) if self.place.try_get_value().is_some() => self.load(&view),
                _ => _ = self.place.try_update_value(Place::failed),
            }
        });
    }
}

#[component]
fn Screen(
    /// The agent's name.
    name: String,
) -> impl IntoView {
    let model = Model::new(name.clone());
    let asked = name.clone();
    let first = Resource::new_blocking(move || asked.clone(), rpc::agents::view);
    let page = move || {
        let url = paths::agent(&name);
        Suspend::new(async move {
            match first.await {
                Ok(view) => {
                    model.load(&view);
                    EitherOf3::A(view! { <Loaded model agent=view.agent/> })
                }
                Err(error) if error.kind == ErrorKind::NotFound => {
                    let list = (paths::AGENTS, "agents");
                    EitherOf3::B(view! { <Missing detail=error.detail list/> })
                }
                Err(error) => EitherOf3::C(view! { <Failure error url/> }),
            }
        })
    };
    view! { <Suspense fallback=Skeleton>{page}</Suspense> }
}

#[component]
fn Loaded(
    /// The page's data.
    model: Model,
    /// The agent as it was first read.
    agent: Agent,
) -> impl IntoView {
    let (name, title) = (agent.name.clone(), agent.title.clone());
    let agent = Signal::derive(move || model.agent.get().unwrap_or_else(|| agent.clone()));
    let status = Memo::new(move |_| agent.with(|agent| agent.status));
    let error = Memo::new(move |_| agent.with(|agent| agent.error.clone()));
    let held = Memo::new(move |_| agent.with(|agent| agent.running.clone()));
    let current = Memo::new(move |_| model.book.current(&held.get()));
    let mut query = TasksQuery::default();
    query.filter.agent = Some(name);
    view! {
        <Title text=title.clone()/>
        <header class="page-head">
            <h1>{title}</h1>
            <AgentBadge status/>
            <div class="page-actions">
                <AgentControls agent/>
            </div>
        </header>
        {move || error.get().map(|error| view! { <p class="notice">{error}</p> })}
        <Facts agent/>
        <AgentFigures agent/>
        <section aria-labelledby="agent-now">
            <h2 id="agent-now">"Now"</h2>
            <CurrentTasks current=current.into()/>
            {move || {
                held.with(Vec::is_empty).then(|| view! { <p class="muted">"It holds no task."</p> })
            }}
        </section>
        <section aria-labelledby="agent-tasks">
            <div class="section-head">
                <h2 id="agent-tasks">"Latest tasks"</h2>
                <a href=query.url(paths::TASKS)>"All its tasks"</a>
            </div>
            <Rows rows=model.rows/>
        </section>
    }
}

#[component]
fn Rows(
    /// Its latest tasks.
    rows: RwSignal<Vec<Row>>,
) -> impl IntoView {
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let empty = move || {
        is_empty.get().then(|| {
            view! {
                <Empty title="No tasks yet">
                    <p>"It has not taken a task so far."</p>
                </Empty>
            }
        })
    };
    view! {
        <ol class="rows" aria-label="Latest tasks">
            <For each=move || rows.get() key=|row| row.id let:row>
                <TaskRow task=row.task.into() stopping=Signal::from(row.stopping)/>
            </For>
        </ol>
        {empty}
    }
}

/// How it is reached, how much it can take, when it was there.
#[component]
fn Facts(
    /// The agent.
    agent: Signal<Agent>,
) -> impl IntoView {
    let (name, kind) = agent.with_untracked(|agent| (agent.name.clone(), agent.kind.as_str()));
    let slots = move || agent.with(|it| format!("{}/{}", it.running.len(), it.concurrency));
    let abilities = Memo::new(move |_| agent.with(|agent| agent.capabilities.join(", ")));
    let seen = Memo::new(move |_| agent.with(|agent| agent.last_seen));
    let started = Memo::new(move |_| agent.with(|agent| agent.started_at));
    let moment = |time: Memo<Option<_>>| {
        move || match time.get() {
            Some(time) => Either::Left(view! { <Ago time/> }),
            None => Either::Right("—"),
        }
    };
    let or_dash = move || {
        Some(abilities.get())
            .filter(|it| !it.is_empty())
            .unwrap_or("—".into())
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
                <dd>{or_dash}</dd>
            </div>
        </dl>
    }
}
