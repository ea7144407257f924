//! The tasks: what waits, what runs, what became of the rest.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_query_map};

use super::tasks_filters::{ClearFilters, Filters, StatusTabs};
use super::tasks_model::TasksModel;
use crate::rpc;
use crate::ui::components::{
    ActivityLine, AgentLine, Empty, EnableDemo, Failure, Mention, Skeleton, Snippet, TaskRow, count,
};
use crate::ui::paths::{self, TasksQuery};

/// The shortest configuration that works.
const CONFIGURATION: &str = "[[agent]]
name = \"shell\"
kind = \"process\"
command = [\"bash\", \"-c\", \"{description}\"]
";

/// The page at `/` and `/tasks`.
#[component]
pub(crate) fn TasksPage() -> impl IntoView {
    let map = use_query_map();
    let query = Memo::new(move |_| map.with(|map| TasksQuery::read(|name| map.get_str(name))));
    let model = TasksModel::new(query);
    let first = Resource::new_blocking(
        || (),
        move |()| {
            let query = query.get_untracked();
            rpc::tasks::list(query.filter, query.cursor)
        },
    );
    Effect::new(move |former: Option<TasksQuery>| {
        let now = query.get();
        if former.is_some_and(|former| former != now) {
            model.ask();
        }
        now
    });
    let page = move || {
        Suspend::new(async move {
            match first.await {
                Ok(view) => {
                    model.load(&view);
                    Either::Left(view! { <Loaded model/> })
                }
                Err(error) => {
                    let url = query.get_untracked().url(paths::TASKS);
                    Either::Right(view! { <Failure error url/> })
                }
            }
        })
    };
    view! {
        <Title text="Tasks"/>
        <h1 class="sr-only">"Tasks"</h1>
        <Suspense fallback=Skeleton>{page}</Suspense>
    }
    .into_any()
}

#[component]
fn Loaded(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let teach = Memo::new(move |_| model.roster.is_empty());
    view! {
        {move || teach.get().then(|| view! { <Teach/> })}
        <div class="split">
            <section class="split-main" aria-label="Tasks">
                <StatusTabs model/>
                <Filters model/>
                <List model/>
            </section>
            <aside class="split-side">
                <section aria-labelledby="side-agents">
                    <h2 id="side-agents">"Agents"</h2>
                    <Strip model/>
                </section>
                <section aria-labelledby="side-activity">
                    <h2 id="side-activity">"Recent activity"</h2>
                    <Recent model/>
                </section>
            </aside>
        </div>
    }
}

/// No agent yet: how to get one.
#[component]
fn Teach() -> impl IntoView {
    view! {
        <Empty title="No agent is configured yet" icon="bot">
            <p>
                "Agents do the tasks. Put this beside the program, start it again, and every task runs as a command."
            </p>
            <Snippet name="dashboard.toml" text=CONFIGURATION/>
            <p>"Or look around first, with an agent that only pretends to work:"</p>
            <EnableDemo/>
        </Empty>
    }
}

#[component]
fn List(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let is_empty = Memo::new(move |_| model.rows.with(Vec::is_empty));
    let busy = move || model.loading.get().to_string();
    let error = move || {
        model.error.get().map(|error| {
            view! {
                <p class="notice" role="alert">
                    {error.detail}
                </p>
            }
        })
    };
    view! {
        {error}
        <Arrived model/>
        <ol
            class="rows"
            node_ref=model.list
            aria-label="Tasks"
            aria-busy=busy
            on:pointermove=move |_| model.touch()
        >
            <For each=move || model.rows.get() key=|row| row.id let:row>
                <TaskRow task=row.task.into() stopping=Signal::from(row.stopping)/>
            </For>
        </ol>
        {move || {
            // Without agents the page teaches that first.
            let is_taught = model.roster.is_empty() && !model.query.with(TasksQuery::is_narrow);
            (is_empty.get() && !is_taught).then(|| view! { <Nothing model/> })
        }}
        <More model/>
    }
}

/// How many new rows wait above, when showing them would move what one reads.
#[component]
fn Arrived(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let number = Memo::new(move |_| {
        let number = model.arrived.with(Vec::len);
        u64::try_from(number).unwrap_or(u64::MAX)
    });
    let pill = move || {
        let number = number.get();
        (number > 0).then(|| {
            view! {
                <button type="button" class="news" on:click=move |_| model.show_arrived()>
                    {format!("{number} new")}
                </button>
            }
        })
    };
    view! {
        <div class="news-slot" aria-live="polite">
            {pill}
        </div>
    }
}

/// No row: none at all, or none that matches.
#[component]
fn Nothing(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let is_filtered = move || model.query.with(TasksQuery::is_narrow);
    let path = use_location().pathname;
    move || {
        if is_filtered() {
            let url = path.get();
            Either::Left(view! {
                <Empty title="No task matches" icon="search">
                    <p>"Other words or fewer filters may find it."</p>
                    <div class="actions">
                        <a class="btn" href=url>
                            "Show all tasks"
                        </a>
                        <ClearFilters model/>
                    </div>
                </Empty>
            })
        } else {
            Either::Right(view! {
                <Empty title="No tasks yet">
                    <p>"Say what is to be done, and an agent does it."</p>
                    <a class="btn primary" href="/tasks?new=1" data-noscroll="true">
                        "Create the first task"
                    </a>
                </Empty>
            })
        }
    }
}

/// The next page: in place with JavaScript, a page of its own without.
#[component]
fn More(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let path = use_location().pathname;
    let more = move || {
        model.next.get().map(|cursor| {
            let mut query = model.query.get();
            query.cursor = Some(cursor);
            let url = query.url(&path.get());
            let label = move || {
                if model.loading.get() {
                    "Loading…"
                } else {
                    "Load more"
                }
            };
            view! {
                <a
                    class="btn"
                    href=url
                    on:click=move |event| {
                        event.prevent_default();
                        model.ask_more();
                    }
                >
                    {label}
                </a>
            }
        })
    };
    let shown = move || {
        let number = model.rows.with(Vec::len);
        let words = count(u64::try_from(number).unwrap_or(u64::MAX), "task");
        (number > 0).then(|| format!("{words} shown"))
    };
    let back = move || {
        let mut query = model.query.get();
        query.cursor.take().map(|_| {
            view! {
                <a class="btn quiet" href=query.url(&path.get())>
                    "Back to the newest"
                </a>
            }
        })
    };
    view! {
        <div class="list-end">
            <span class="muted figure">{shown}</span>
            {back}
            {more}
        </div>
    }
}

/// The agents beside the list.
#[component]
fn Strip(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let roster = model.roster;
    let empty = move || {
        let none = roster.is_empty();
        none.then(|| view! { <p class="muted">"None yet."</p> })
    };
    view! {
        {empty}
        <ul class="agent-lines">
            <For each=move || roster.members() key=|member| member.name.clone() let:member>
                {
                    let agent = Signal::from(member.agent);
                    view! { <AgentLine agent current=roster.current(agent)/> }
                }
            </For>
        </ul>
    }
}

/// What happened lately.
#[component]
fn Recent(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let empty = move || {
        let none = model.activity.with(Vec::is_empty);
        none.then(|| view! { <p class="muted">"Nothing has happened yet."</p> })
    };
    view! {
        {empty}
        <ul class="activities">
            <For each=move || model.activity.get() key=|activity| activity.id let:activity>
                <ActivityLine activity mention=Mention::Task/>
            </For>
        </ul>
    }
}
