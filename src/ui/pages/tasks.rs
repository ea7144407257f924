//! The tasks: what waits, what runs, what became of the rest.

use std::sync::Arc;

use leptos::ev::{MouseEvent, PointerEvent};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_query_map};

use super::tasks_filters::{Filters, StatusTabs};
use super::tasks_model::TasksModel;
use crate::domain::{ErrorKind, TaskStatus};
use crate::rpc::tasks::List;
use crate::ui::components::{
    ActivityLine, AgentLine, Empty, EnableDemo, Failure, LoadMore, Mention, Snippet, TaskRow,
    count, skeleton,
};
use crate::ui::data::{awaited, data};
use crate::ui::dynamic::{Erase, handler, list, maybe, memo, part, text};
use crate::ui::paths::{self, TasksQuery};

/// The shortest configuration that works.
const CONFIGURATION: &str = "[[agent]]
name = \"shell\"
kind = \"process\"
command = [\"bash\", \"-c\", \"{description}\"]
takes = \"any\"
";

/// The page at `/` and `/tasks`.
#[component]
pub(crate) fn TasksPage() -> impl IntoView {
    let map = use_query_map();
    let query = memo(move || {
        let map = map.read();
        TasksQuery::read(|name| map.get_str(name))
    });
    let model = TasksModel::new(query);
    let asked = query.get_untracked();
    let first = data(List {
        filter: asked.filter,
        cursor: asked.cursor,
    });
    Effect::new(move |former: Option<TasksQuery>| {
        let now = query.get();
        if former.is_some_and(|former| former != now) {
            model.ask();
        }
        now
    });
    let page = awaited(first, skeleton, move |view| match view {
        Ok(view) => {
            model.load(&view);
            view! { <Loaded model/> }.any()
        }
        Err(error) => {
            // What cannot be read would be refused again.
            let mut again = query.get_untracked();
            if error.kind() == ErrorKind::Invalid {
                again.cursor = None;
            }
            let url = again.url(paths::TASKS);
            view! { <Failure error url/> }.any()
        }
    });
    view! {
        <Title text="Tasks"/>
        <h1 class="sr-only">"Tasks"</h1>
        {page}
    }
    .any()
}

#[component]
fn Loaded(model: TasksModel) -> impl IntoView {
    let is_empty = memo(move || model.roster.is_empty());
    // Where there is nothing, there is nothing to choose from.
    let is_blank =
        memo(move || model.counts.read().total() == 0 && !model.query.read().is_narrow());
    let narrowing = maybe(move || {
        (!is_blank.get()).then(|| {
            view! {
                <StatusTabs model/>
                <Filters model/>
            }
        })
    });
    let teach = maybe(move || is_empty.get().then(|| view! { <Teach model/> }));
    view! {
        {teach}
        <div class="split">
            <section class="split-main" aria-label="Tasks">
                {narrowing}
                <TaskList model/>
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
    .any()
}

/// No agent yet: how to get one.
#[component]
fn Teach(model: TasksModel) -> impl IntoView {
    let file = model.configuration.get_untracked();
    view! {
        <Empty title="No agent is configured yet" icon="bot">
            <p>
                "Agents do the tasks. Put this into the file below, start the server again, and every task runs as a command."
            </p>
            <Snippet name=file code=CONFIGURATION/>
            <p>"Or look around first, with an agent that only pretends to work:"</p>
            <EnableDemo/>
        </Empty>
    }
    .any()
}

#[component]
fn TaskList(model: TasksModel) -> impl IntoView {
    let is_empty = memo(move || model.rows.read().is_empty());
    let busy = text(move || model.loading.get().to_string());
    let touch = handler(move |_: PointerEvent| model.touch());
    let rows = list(
        move || model.rows.get(),
        |row| row.id.to_string(),
        |row| view! { <TaskRow task=row.task.into() stopping=Signal::from(row.stopping)/> },
    );
    let nothing = maybe(move || {
        // Without agents the page teaches that first.
        let is_taught = model.roster.is_empty() && !model.query.read().is_narrow();
        (is_empty.get() && !is_taught).then(|| view! { <Nothing model/> })
    });
    let error = maybe(move || {
        model.error.get().map(|error| {
            view! {
                <p class="notice" role="alert">
                    {error.detail}
                </p>
            }
        })
    });
    view! {
        {error}
        <Arrived model/>
        <ol
            class="rows"
            node_ref=model.list
            aria-label="Tasks"
            aria-busy=busy
            on:pointermove=touch
        >
            {rows}
        </ol>
        {nothing}
        <More model/>
    }
    .any()
}

/// How many new rows wait above, when showing them would move what one reads.
#[component]
fn Arrived(model: TasksModel) -> impl IntoView {
    let pill = maybe(move || {
        let number = model.arrived.read().len();
        (number > 0).then(|| {
            let show = handler(move |_: MouseEvent| model.show_arrived());
            view! {
                <button type="button" class="news" on:click=show>
                    {format!("{number} new")}
                </button>
            }
        })
    });
    view! {
        <div class="news-slot" aria-live="polite">
            {pill}
        </div>
    }
    .any()
}

/// No row: none at all, or none that matches.
#[component]
fn Nothing(model: TasksModel) -> impl IntoView {
    let path = use_location().pathname;
    part(move || {
        let query = model.query.get();
        let all = path.get();
        let only_status =
            query == TasksQuery::default().with_status(query.filter.status.first().copied());
        if let (true, Some(status)) = (only_status, query.filter.status.first()) {
            let title = match status {
                TaskStatus::Pending => "Nothing is waiting",
                TaskStatus::Running => "Nothing is running",
                TaskStatus::NeedsInput => "No task waits for you",
                TaskStatus::Completed => "Nothing is completed yet",
                TaskStatus::Failed => "Nothing has failed",
                TaskStatus::Cancelled => "Nothing was cancelled",
            };
            view! {
                <Empty title>
                    <a class="btn" href=all>
                        "Show all tasks"
                    </a>
                </Empty>
            }
            .any()
        } else if query.is_narrow() {
            view! {
                <Empty title="No task matches" icon="search">
                    <p>"Other words or fewer filters may find it."</p>
                    <a class="btn" href=all>
                        "Show all tasks"
                    </a>
                </Empty>
            }
            .any()
        } else {
            view! {
                <Empty title="No tasks yet">
                    <p>"Say what is to be done, and an agent does it."</p>
                    <a class="btn primary" href="/tasks?new=1" data-noscroll="true">
                        "Create the first task"
                    </a>
                </Empty>
            }
            .any()
        }
    })
}

/// The next page: in place with JavaScript, a page of its own without.
#[component]
fn More(model: TasksModel) -> impl IntoView {
    let path = use_location().pathname;
    let next = Box::new(move || {
        let mut query = model.query.get();
        query.cursor = Some(model.next.get()?);
        Some(query.url(&path.get()))
    });
    let shown = text(move || {
        let number = model.rows.read().len();
        let words = count(u64::try_from(number).unwrap_or(u64::MAX), "task");
        if number > 0 {
            format!("{words} shown")
        } else {
            String::new()
        }
    });
    let back = maybe(move || {
        let mut query = model.query.get();
        query.cursor.take().map(|_| {
            view! {
                <a class="btn quiet" href=query.url(&path.get())>
                    "Back to the newest"
                </a>
            }
        })
    });
    view! {
        <div class="list-end">
            <span class="muted figure">{shown}</span>
            {back}
            <LoadMore
                what="Load more"
                url=next
                loading=model.loading
                load=Arc::new(move || model.ask_more())
                class="btn"
            />
        </div>
    }
    .any()
}

/// The agents beside the list.
#[component]
fn Strip(model: TasksModel) -> impl IntoView {
    let roster = model.roster;
    let empty = maybe(move || {
        let none = roster.is_empty();
        none.then(|| view! { <p class="muted">"None yet."</p> })
    });
    let lines = list(
        move || roster.members(),
        |member| member.name.clone(),
        move |member| {
            let agent = Signal::from(member.agent);
            view! { <AgentLine agent current=roster.current(agent)/> }
        },
    );
    let more = maybe(move || {
        let more = roster.more();
        let words = move || format!("and {}", count(more, "more agent"));
        (more > 0).then(|| view! { <a class="more-agents" href=paths::AGENTS>{words()}</a> })
    });
    view! {
        {empty}
        <ul class="agent-lines">{lines}</ul>
        {more}
    }
    .any()
}

/// What happened lately.
#[component]
fn Recent(model: TasksModel) -> impl IntoView {
    let empty = maybe(move || {
        let none = model.activity.read().is_empty();
        none.then(|| view! { <p class="muted">"Nothing has happened yet."</p> })
    });
    let lines = list(
        move || model.activity.get(),
        |activity| activity.id,
        |activity| view! { <ActivityLine activity mention=Mention::Task/> },
    );
    view! {
        {empty}
        <ul class="activities">{lines}</ul>
    }
    .any()
}
