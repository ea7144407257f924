//! The projects: what they hold, where their agents work, and forms to add and change them.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;

use crate::domain::{DEFAULT_PROJECT, ProjectView, StatusCounts};
use crate::rpc::projects::{Change, Create, List};
use crate::ui::components::{Failure, Icon, count, skeleton};
use crate::ui::data::{ask, awaited, data};
use crate::ui::dynamic::{Erase, list, text};
use crate::ui::paths::{self, TasksQuery};
use crate::ui::state::{Live, News, Refresh};

/// The page at `/projects`.
#[component]
pub(crate) fn ProjectsPage() -> impl IntoView {
    let shown = RwSignal::new(Vec::new());
    let first = data(List {});
    let content = awaited(first, skeleton, move |projects| match projects {
        Ok(projects) => {
            shown.set(projects);
            view! { <Loaded shown/> }.any()
        }
        Err(error) => view! { <Failure error url=paths::PROJECTS.to_owned()/> }.any(),
    });
    view! {
        <Title text="Projects"/>
        {content}
    }
    .any()
}

#[component]
fn Loaded(
    /// The projects, as they are known now.
    shown: RwSignal<Vec<ProjectView>>,
) -> impl IntoView {
    follow(shown);
    // What is typed into a form stays while others' numbers change.
    let rows = list(
        move || shown.get(),
        |it| format!("{} {}", it.project.name, it.project.edit_version),
        move |project| view! { <Row project shown/> },
    );
    view! {
        <header class="page-head">
            <h1>"Projects"</h1>
        </header>
        <p class="muted">
            "Every task belongs to one. A process agent without a folder of its own works in its project’s."
        </p>
        <ul class="projects">{rows}</ul>
        <section aria-labelledby="new-project">
            <h2 id="new-project">"New project"</h2>
            <form method="post" action=Create::url() class="stack project-form">
                <label class="field">
                    <span class="label">
                        "Name " <span class="hint">"lower-case letters, digits and -; for ever"</span>
                    </span>
                    <input
                        class="input"
                        name="name"
                        required
                        maxlength="64"
                        pattern="[a-z0-9][a-z0-9\\-]*"
                        autocomplete="off"
                    />
                </label>
                {title_field("")}
                {folder_field("")}
                <button type="submit" class="btn primary">
                    <Icon name="plus"/>
                    <span>"Add project"</span>
                </button>
            </form>
        </section>
    }
    .any()
}

/// Asks for them again now and then; while they are not to be had, what is shown may be old, and is
/// said to be.
fn follow(shown: RwSignal<Vec<ProjectView>>) {
    let live = Live::get();
    let follower = live.follower();
    let refresh = Refresh::new(move || async move {
        match ask(List {}).await {
            Ok(projects) if !shown.is_disposed() => {
                live.reached(follower);
                if *shown.read_untracked() != projects {
                    shown.set(projects);
                }
            }
            Ok(_) => {}
            Err(_) => live.missed(follower),
        }
    });
    live.listen(move |news| {
        if matches!(news, News::Resync) {
            refresh.now();
        }
    });
}

#[component]
fn Row(
    project: ProjectView,
    /// Where its numbers stand as they change.
    shown: RwSignal<Vec<ProjectView>>,
) -> impl IntoView {
    let ProjectView { project, .. } = project;
    let name = project.name.clone();
    let tasks = text(move || {
        let shown = shown.read();
        let known = shown.iter().find(|it| it.project.name == name);
        known.map(|it| tasks_of(&it.counts)).unwrap_or_default()
    });
    let mut query = TasksQuery::default();
    query.filter.project = vec![project.name.clone()];
    let archived = project
        .archived
        .then(|| view! { <span class="muted">"archived"</span> });
    let folder = project.folder.clone();
    let place = folder.clone().unwrap_or_else(|| "no folder".to_owned());
    let may_end = project.name != DEFAULT_PROJECT;
    let archive = may_end.then(|| {
        view! {
            <label class="check">
                <input type="checkbox" name="archived" value="true" checked=project.archived/>
                <span>"Archived: takes no new tasks"</span>
            </label>
        }
    });
    view! {
        <li class="project">
            <div class="project-line">
                <a href=query.url(paths::TASKS)>
                    <bdi>{project.shown_title().to_owned()}</bdi>
                </a>
                <code class="muted">{project.name.clone()}</code>
                {archived}
                <span class="figure muted">{tasks}</span>
            </div>
            <code class="muted clip">{place}</code>
            <details class="disclosure">
                <summary>{format!("Edit {}", project.name)}</summary>
                <form method="post" action=Change::url() class="stack project-form">
                    <input type="hidden" name="name" value=project.name/>
                    {title_field(&project.title)}
                    {folder_field(folder.as_deref().unwrap_or_default())}
                    {archive}
                    <button type="submit" class="btn">
                        <Icon name="check"/>
                        <span>"Save"</span>
                    </button>
                </form>
            </details>
        </li>
    }
    .any()
}

fn tasks_of(counts: &StatusCounts) -> String {
    let open = counts.pending + counts.running + counts.needs_input;
    format!("{}, {open} open", count(counts.total(), "task"))
}

fn title_field(title: &str) -> AnyView {
    view! {
        <label class="field">
            <span class="label">"Title"</span>
            <input class="input" name="title" maxlength="200" autocomplete="off" value=title.to_owned()/>
        </label>
    }
    .any()
}

fn folder_field(folder: &str) -> AnyView {
    view! {
        <label class="field">
            <span class="label">"Folder " <span class="hint">"an absolute path; may be empty"</span></span>
            <input class="input" name="folder" maxlength="4096" autocomplete="off" value=folder.to_owned()/>
        </label>
    }
    .any()
}
