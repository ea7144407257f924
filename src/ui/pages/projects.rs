//! The projects: what they hold, where their agents work, and forms to add and change them.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;

use crate::domain::{DEFAULT_PROJECT, ProjectView};
use crate::rpc::projects::{Change, Create, List};
use crate::ui::components::{Failure, Icon, count, skeleton};
use crate::ui::data::{awaited, data};
use crate::ui::dynamic::{Erase, row};
use crate::ui::paths::{self, TasksQuery};

/// The page at `/projects`.
#[component]
pub(crate) fn ProjectsPage() -> impl IntoView {
    let projects = data(List {});
    let content = awaited(projects, skeleton, |projects| match projects {
        Ok(projects) => view! { <Loaded projects/> }.any(),
        Err(error) => view! { <Failure error url=paths::PROJECTS.to_owned()/> }.any(),
    });
    view! {
        <Title text="Projects"/>
        {content}
    }
    .any()
}

#[component]
fn Loaded(projects: Vec<ProjectView>) -> impl IntoView {
    let rows = row(projects, |project| view! { <Row project/> });
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

#[component]
fn Row(project: ProjectView) -> impl IntoView {
    let ProjectView { project, counts } = project;
    let mut query = TasksQuery::default();
    query.filter.project = vec![project.name.clone()];
    let open = counts.pending + counts.running + counts.needs_input;
    let tasks = format!("{}, {open} open", count(counts.total(), "task"));
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
                    <bdi>{project.title.clone()}</bdi>
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
