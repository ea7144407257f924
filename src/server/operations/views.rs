//! What each page shows, gathered. The point of the feed is read before the database, so
//! that everything the reading may have missed comes after that point.

use super::rows::{CARD, LINE, SHOWN, fit, fit_agents, row};
use crate::domain::{
    Activity, Agent, AgentChoice, AgentChoices, AgentFilter, AgentStatus, AgentView, AgentsView,
    AppError, Excerpt, ProjectView, QuestionsView, Scope, Task, TaskFilter, TaskRef, TasksView,
    closed,
};
use crate::server::auth::Viewer;
use crate::server::operations::{
    activity, agents as agent_operations, projects as project_operations, tasks as task_operations,
};
use crate::server::state::AppState;

/// Rows of a page's list.
const ROWS: u32 = 50;
/// What the rows of a page may take, in bytes: HTML, and the data beside it.
const ROWS_TAKE: usize = 190_000;
/// What the strip of agents beside them may take.
const STRIP_TAKES: usize = 36_000;
/// What the cards of agents may take.
const CARDS_TAKE: usize = 240_000;
/// What the words of an activity may take: its title, and the first line of its detail.
const WORDS: usize = 300;
/// More agents than this are not chosen from a list.
const MOST_CHOICES: usize = 60;
/// What is said of an agent where it is chosen.
const LABEL: usize = 120;
/// What the capabilities of an agent may take on its page.
const CAPABILITIES: usize = 8000;

/// The tasks page.
pub(crate) async fn tasks(
    app: &AppState,
    viewer: &Viewer,
    filter: &TaskFilter,
    cursor: Option<&str>,
) -> Result<TasksView, AppError> {
    let feed = app.bus.point();
    let list = task_operations::list(app, viewer, filter, cursor, ROWS);
    let (tasks, activity) =
        tokio::join!(list, activity::list(app, viewer, &filter.project, None, 20));
    let agents = agent_operations::list(app, viewer);
    let (agents, more_agents) = fit_agents(agents, STRIP_TAKES, LINE);
    Ok(TasksView {
        tasks: fit(tasks?, ROWS_TAKE),
        counts: app.board.counts(&viewer.scope().narrowed(&filter.project)),
        agents,
        more_agents,
        activity: activity?.items.into_iter().map(brief).collect(),
        configuration: app.configuration.clone(),
        feed,
        now: app.clock.now(),
    })
}

/// An activity with as many of its words as a line shows.
fn brief(activity: Activity) -> Activity {
    let cut = |words: String| Excerpt::of(words.trim_start(), WORDS).text;
    Activity {
        title: activity.title.map(cut),
        detail: activity.detail.map(cut),
        ..activity
    }
}

/// The agents page.
pub(crate) async fn agents(
    app: &AppState,
    viewer: &Viewer,
    filter: &AgentFilter,
) -> Result<AgentsView, AppError> {
    let feed = app.bus.point();
    let all = agent_operations::list(app, viewer);
    let counts = AgentStatus::ALL.map(|status| {
        let number = all.iter().filter(|agent| agent.status == status).count();
        (status, u64::try_from(number).unwrap_or(u64::MAX))
    });
    let wanted = all.into_iter().filter(|agent| filter.matches(agent));
    let (agents, more) = fit_agents(wanted.collect(), CARDS_TAKE, CARD);
    let last = agents.last().filter(|_| more > 0);
    Ok(AgentsView {
        tasks: held(app, viewer.scope(), &agents).await?,
        next: last.map(|agent| agent.name.clone()),
        agents,
        counts: counts.to_vec(),
        feed,
        now: app.clock.now(),
    })
}

/// The agents to choose from for a new task.
pub(crate) fn choices(app: &AppState, viewer: &Viewer) -> AgentChoices {
    let agents = agent_operations::list(app, viewer);
    if agents.len() > MOST_CHOICES {
        return AgentChoices {
            agents: Vec::new(),
            too_many: true,
        };
    }
    let choice = |agent: Agent| {
        let title = Excerpt::of(agent.shown_title(), LABEL);
        let more = if title.cut.is_some() { "…" } else { "" };
        let title = closed(title.text + more);
        AgentChoice {
            label: format!("{title} ({})", agent.status.label()),
            name: agent.name,
        }
    };
    AgentChoices {
        agents: agents.into_iter().map(choice).collect(),
        too_many: false,
    }
}

/// The page of one agent.
pub(crate) async fn agent(
    app: &AppState,
    viewer: &Viewer,
    name: &str,
) -> Result<AgentView, AppError> {
    let feed = app.bus.point();
    let mut agent = agent_operations::get(app, viewer, name)?;
    let filter = TaskFilter {
        agent: Some(name.to_owned()),
        ..TaskFilter::default()
    };
    let tasks = task_operations::list(app, viewer, &filter, None, ROWS).await?;
    let held = held(app, viewer.scope(), std::slice::from_ref(&agent)).await?;
    let abilities = agent.capabilities.join(", ");
    let shown = Excerpt::of(&abilities, CAPABILITIES);
    if shown.cut.is_some() {
        agent.capabilities = vec![shown.text + "…"];
    }
    agent.error = agent
        .error
        .map(|error| Excerpt::of(&error, CAPABILITIES).text);
    Ok(AgentView {
        agent,
        tasks: fit(tasks, ROWS_TAKE),
        held,
        feed,
        now: app.clock.now(),
    })
}

/// The tasks that are named with these agents.
async fn held(app: &AppState, scope: &Scope, agents: &[Agent]) -> Result<Vec<Task>, AppError> {
    let mut tasks = Vec::new();
    for id in agents
        .iter()
        .flat_map(|agent| agent.running.iter().take(SHOWN))
    {
        let stored = app.db.task(scope, TaskRef::Id(*id)).await?;
        let mut task = row(task_operations::shown(app, scope, stored));
        task.excerpt.clear();
        task.labels.clear();
        tasks.push(task);
    }
    Ok(tasks)
}

/// The questions that wait for a person.
pub(crate) fn questions(app: &AppState, viewer: &Viewer) -> QuestionsView {
    let feed = app.bus.point();
    QuestionsView {
        open: app.board.questions(viewer.scope()),
        feed,
        now: app.clock.now(),
    }
}

/// The projects that may be seen, with how many tasks they have.
pub(crate) async fn projects(
    app: &AppState,
    viewer: &Viewer,
) -> Result<Vec<ProjectView>, AppError> {
    let projects = project_operations::list(app, viewer).await?;
    let counted = projects.into_iter().map(|project| ProjectView {
        counts: app.board.counts(&Scope::of([project.name.clone()])),
        project,
    });
    Ok(counted.collect())
}
