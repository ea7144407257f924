//! What the page of one task shows, within what a page may take: the newest of its log and of what
//! happened, the beginning of its texts, and the rest of them when somebody asks.

use crate::domain::{
    Activity, AppError, Excerpt, LogPage, Scope, Task, TaskBody, TaskId, TaskPart, TaskRef,
    TaskTexts, TaskView, Waiting, page_weight as weight,
};
use crate::server::auth::Viewer;
use crate::server::operations::tasks::{parse, shown};
use crate::server::state::AppState;
use crate::server::storage::log_pages::LogPart;

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
/// What the timeline may take.
const TIMELINE: usize = 30_000;
/// What an activity takes besides its words.
const ACTIVITY: usize = 700;
/// What an activity's words may take: only the first line is shown.
const DETAIL: usize = 600;
const QUESTION: usize = 8000;
/// Reasons for waiting; the last one counts the rest.
const REASONS: usize = 10;
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
    let stored = app.db.task(scope, parse(task)?).await?;
    let (number, id) = (stored.task.number, stored.task.id);
    let (body, timeline, retried_by, retry_of) = tokio::join!(
        app.db.task_body(number),
        app.db.timeline(scope, number),
        app.db.retries_of(scope, id),
        number_of(app, scope, stored.task.retry_of),
    );
    let (timeline, earlier_activity) = latest(timeline?);
    let mut retried_by = retried_by?;
    retried_by.drain(..retried_by.len().saturating_sub(RETRIES));
    let cancelling = stored.cancel_requested_at.is_some() && stored.task.status.is_held();
    let question = stored.task.question.as_ref();
    let question = question.map(|question| Excerpt::of(&question.text, QUESTION));
    let (task, texts) = parts(shown(app, scope, stored), &body?);
    let room = PAGE.saturating_sub(taken(&task, &texts, question.as_ref(), &timeline));
    let part = LogPart::Before(i64::MAX);
    let logs = app
        .db
        .log_page(number, part, FIRST_ENTRIES, room.max(LEAST_LOG));
    Ok(TaskView {
        logs: logs.await?,
        task,
        texts,
        timeline,
        earlier_activity,
        retry_of: retry_of?,
        retried_by,
        cancelling,
        question,
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
    text.ok_or_else(|| AppError::not_found(format!("task #{} has no such text", task.number)))
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

/// The task without its long texts, and these.
fn parts(mut task: Task, body: &TaskBody) -> (Task, TaskTexts) {
    let texts = TaskTexts::of(&task, body);
    task.excerpt.clear();
    task.error = None;
    task.waiting = Waiting::first(&task.waiting, REASONS);
    (task, texts)
}

/// The newest of what happened that fits, and how much came before.
fn latest(mut timeline: Vec<Activity>) -> (Vec<Activity>, u64) {
    let (mut taken, mut shown) = (0, 0);
    for activity in timeline.iter_mut().rev() {
        if let Some(detail) = &mut activity.detail {
            *detail = Excerpt::of(detail.trim_start(), DETAIL).text;
        }
        // The page has the title already.
        activity.title = None;
        let words = [activity.detail.as_deref(), Some(&activity.actor)];
        let words = words.into_iter().flatten().map(weight);
        taken += ACTIVITY + words.sum::<usize>();
        if taken > TIMELINE {
            break;
        }
        shown += 1;
    }
    let earlier = timeline.len() - shown;
    let shown = timeline.split_off(earlier);
    (shown, u64::try_from(earlier).unwrap_or(u64::MAX))
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
    let timeline = timeline.iter().map(|it| {
        let words = it.detail.as_deref().map_or(0, weight);
        ACTIVITY + words + weight(&it.actor)
    });
    texts
        .chain(labels)
        .chain(reasons)
        .chain(timeline)
        .sum::<usize>()
        + weight(&task.title) * 2
}
