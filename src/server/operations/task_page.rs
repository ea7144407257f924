//! What the page of one task shows, within what a page may take: the newest of its log and of what
//! happened, the beginning of its texts, and the rest of them when somebody asks.

use crate::domain::{
    Activity, AppError, Code, Excerpt, LogPage, Page, Question, Scope, Task, TaskBody, TaskId,
    TaskPart, TaskRef, TaskTexts, TaskView, Waiting, page_weight as weight,
};
use crate::server::auth::Viewer;
use crate::server::operations::tasks::{parse, shown};
use crate::server::state::AppState;
use crate::server::storage::activity::ActivityFilter;
use crate::server::storage::log_pages::LogPart;
use crate::server::storage::sessions::StoredSession;

/// Entries of a log that come with a page.
const FIRST_ENTRIES: u32 = 500;
/// Entries of a log in one answer to a program.
const MOST_ENTRIES: u32 = 1000;
/// What one answer to a program may take, in bytes of a page.
const ANSWER: usize = 2_000_000;
/// What all that depends on the task may take of its page: HTML and data.
const PAGE: usize = 250_000;
/// What is left for the log at least.
const LEAST_LOG: usize = 60_000;
/// Events that are looked at for the timeline; fewer fit into it.
const MOST_EVENTS: u32 = 100;
/// What the timeline may take.
const TIMELINE: usize = 30_000;
/// What an activity takes besides its words.
const ACTIVITY: usize = 700;
/// What an activity's words may take: only the first line is shown.
const DETAIL: usize = 600;
const QUESTION: usize = 8000;
/// What the options of a question may take, and what one takes besides its words: a form each.
const OPTIONS: usize = 50_000;
const OPTION: usize = 900;
/// Reasons for waiting; the last one counts the rest.
const REASONS: usize = 10;
/// Sessions of loops that work for the task, the latest.
const SESSIONS: u32 = 10;
/// Tasks that tried this one again, the newest.
const RETRIES: usize = 50;

/// The page.
pub(crate) async fn view(
    app: &AppState,
    viewer: &Viewer,
    task: &str,
) -> Result<TaskView, AppError> {
    let feed = app.bus.point();
    let scope = viewer.scope();
    let mut stored = app.db.task(scope, parse(task)?).await?;
    let (number, id) = (stored.task.number, stored.task.id);
    let names = [id.to_string(), number.to_string()];
    let (body, timeline, retried_by, sessions, retry_of) = tokio::join!(
        app.db.task_body(number),
        timeline(app, scope, number, None),
        app.db.retries_of(scope, id),
        app.db.sessions_of_task(scope, names, SESSIONS),
        number_of(app, scope, stored.task.retry_of),
    );
    let timeline = timeline?;
    let mut retried_by = retried_by?;
    retried_by.drain(..retried_by.len().saturating_sub(RETRIES));
    let cancelling = stored.cancel_requested_at.is_some() && stored.task.status.is_held();
    let question = stored.task.question.as_ref();
    let question = question.map(|question| Excerpt::of(&question.text, QUESTION));
    let (more_options, options_room) = cut_options(stored.task.question.as_mut());
    let (task, texts) = parts(shown(app, scope, stored), &body?);
    let sessions: Vec<_> = sessions?.iter().map(standing).collect();
    // Each stands in a link and in the data; an address escapes each byte with three.
    let links = sessions
        .iter()
        .map(|(id, name, _)| 200 + 5 * weight(id) + 2 * weight(name));
    let links: usize = links.sum();
    let taken = options_room + links + taken(&task, &texts, question.as_ref(), &timeline.items);
    let room = PAGE.saturating_sub(taken);
    let part = LogPart::Before(i64::MAX);
    let logs = app
        .db
        .log_page(number, part, FIRST_ENTRIES, room.max(LEAST_LOG));
    Ok(TaskView {
        logs: logs.await?,
        task,
        texts,
        timeline,
        retry_of: retry_of?,
        retried_by,
        sessions,
        cancelling,
        question,
        more_options,
        feed,
        now: app.clock.now(),
    })
}

/// A part of the log: what comes before entry `before`, or else what comes after entry `after`.
pub(crate) async fn logs(
    app: &AppState,
    viewer: &Viewer,
    task: &str,
    before: Option<i64>,
    after: i64,
) -> Result<LogPage, AppError> {
    let number = app.db.task(viewer.scope(), parse(task)?).await?.task.number;
    let part = before.map_or(LogPart::After(after), LogPart::Before);
    Ok(app.db.log_page(number, part, MOST_ENTRIES, ANSWER).await?)
}

/// What happened before `cursor`, oldest first; more of it where the cursor says.
pub(crate) async fn earlier(
    app: &AppState,
    viewer: &Viewer,
    task: &str,
    cursor: &str,
) -> Result<Page<Activity>, AppError> {
    let scope = viewer.scope();
    let number = app.db.task(scope, parse(task)?).await?.task.number;
    timeline(app, scope, number, Some(cursor)).await
}

/// The whole of a part of the task.
pub(crate) async fn whole(
    app: &AppState,
    viewer: &Viewer,
    task: &str,
    part: TaskPart,
) -> Result<String, AppError> {
    let task = app.db.task(viewer.scope(), parse(task)?).await?.task;
    let text = match part {
        TaskPart::Line(entry) => app.db.log_message(task.number, entry).await?,
        part => part.text(&task, &app.db.task_body(task.number).await?),
    };
    text.ok_or_else(|| {
        AppError::new(
            Code::NotFound,
            format!("task #{} has no such text", task.number),
        )
    })
}

/// A session, and how it stands.
fn standing(stored: &StoredSession) -> (String, String, String) {
    let session = stored.session();
    let stands = session.status.label().to_owned();
    (session.session_id, session.name, stands)
}

async fn number_of(
    app: &AppState,
    scope: &Scope,
    task: Option<TaskId>,
) -> Result<Option<i64>, AppError> {
    let Some(id) = task else { return Ok(None) };
    let stored = app.db.task(scope, TaskRef::Id(id)).await?;
    Ok(Some(stored.task.number))
}

/// Leaves of a question what the page shows of it beside its text: the options that fit. Answers how
/// many there are besides, and what these take.
fn cut_options(question: Option<&mut Question>) -> (u64, usize) {
    let Some(question) = question else {
        return (0, 0);
    };
    question.text.clear();
    let found = question.options.len();
    let mut taken = 0;
    let fits = question.options.iter().take_while(|option| {
        // Each stands in the form and in the data.
        let room = OPTION + 2 * (weight(&option.id) + weight(&option.label));
        let fits = taken + room <= OPTIONS;
        taken += if fits { room } else { 0 };
        fits
    });
    let fitting = fits.count();
    question.options.truncate(fitting);
    (u64::try_from(found - fitting).unwrap_or(u64::MAX), taken)
}

/// The task without its long texts, and these.
fn parts(mut task: Task, body: &TaskBody) -> (Task, TaskTexts) {
    let texts = TaskTexts::of(&task, body);
    task.excerpt.clear();
    task.error = None;
    task.waiting = Waiting::first(&task.waiting, REASONS);
    task.requires.clear();
    task.after.clear();
    (task, texts)
}

/// What happened before `cursor` and fits, oldest first.
async fn timeline(
    app: &AppState,
    scope: &Scope,
    task: i64,
    cursor: Option<&str>,
) -> Result<Page<Activity>, AppError> {
    let filter = ActivityFilter {
        scope,
        agents: &[],
        task: Some(task),
    };
    let mut page = app.db.activity(filter, cursor, MOST_EVENTS).await?;
    let mut taken = 0;
    for event in &mut page.items {
        if let Some(detail) = &mut event.detail {
            *detail = Excerpt::of(detail.trim_start(), DETAIL).text;
        }
        // The page has the title already.
        event.title = None;
    }
    let fits = page.items.iter().take_while(|event| {
        taken += room_of(event);
        taken <= TIMELINE
    });
    // One always fits, so that every page goes on.
    let fitting = fits.count().max(1);
    if fitting < page.items.len() {
        page.items.truncate(fitting);
        page.next = page.items.last().map(|event| event.id.to_string());
    }
    page.items.reverse();
    Ok(page)
}

/// What an event takes of a page.
fn room_of(event: &Activity) -> usize {
    ACTIVITY + event.detail.as_deref().map_or(0, weight) + weight(&event.actor)
}

/// What everything but the log takes of the page.
fn taken(
    task: &Task,
    texts: &TaskTexts,
    question: Option<&Excerpt>,
    timeline: &[Activity],
) -> usize {
    let texts = [
        Some(&texts.description),
        // In the form to try it again.
        Some(&texts.description),
        texts.result.as_ref(),
        texts.error.as_ref(),
        question,
    ];
    let texts = texts.into_iter().flatten().map(|text| weight(&text.text));
    // An address escapes each byte with three.
    let labels = task.labels.iter().map(|label| 150 + weight(label) * 3);
    let reasons = task.waiting.iter().map(|it| 200 + weight(&it.detail));
    let timeline = timeline.iter().map(room_of);
    texts
        .chain(labels)
        .chain(reasons)
        .chain(timeline)
        .sum::<usize>()
        + weight(&task.title) * 2
}
