//! What the page of one task shows, and how the feed changes it.

use leptos::prelude::*;

use super::task_log_model::Log;
use super::task_timeline::Timeline;
use crate::domain::{
    Activity, ActivityKind, Excerpt, LiveMessage, Task, TaskId, TaskStatus, TaskTexts, TaskView,
    Topic, Waiting,
};
use crate::rpc::tasks::View;
use crate::ui::data::ask;
use crate::ui::state::{Live, PageFeed, Refresh};

/// Reasons for waiting that are shown; the last one counts the rest.
const REASONS: usize = 10;

/// The page's data; a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct TaskModel {
    /// The task without its long texts.
    pub(super) task: RwSignal<Task>,
    pub(super) texts: RwSignal<TaskTexts>,
    pub(super) stopping: RwSignal<bool>,
    pub(super) question: RwSignal<Option<Excerpt>>,
    /// How many of its options the page was sent without.
    pub(super) more_options: RwSignal<u64>,
    pub(super) timeline: Timeline,
    pub(super) retry_of: RwSignal<Option<i64>>,
    pub(super) retried_by: RwSignal<Vec<i64>>,
    /// Of loops that work for it: the id, and how it stands.
    pub(super) sessions: RwSignal<Vec<(String, String, String)>>,
    pub(super) log: Log,
    feed: PageFeed,
}

impl TaskModel {
    /// Shows `view`, and follows the feed from there.
    pub(super) fn new(view: &TaskView) -> Self {
        let task = &view.task;
        let model = Self {
            task: RwSignal::new(task.clone()),
            texts: RwSignal::new(view.texts.clone()),
            stopping: RwSignal::new(view.cancelling),
            question: RwSignal::new(view.question.clone()),
            more_options: RwSignal::new(view.more_options),
            timeline: Timeline::new(task.number, &view.timeline),
            retry_of: RwSignal::new(view.retry_of),
            retried_by: RwSignal::new(view.retried_by.clone()),
            sessions: RwSignal::new(view.sessions.clone()),
            log: Log::new(task.id, task.number, &view.logs),
            feed: PageFeed::new(),
        };
        for message in model.feed.loaded(&view.feed, view.now) {
            model.apply(&message.change);
        }
        Live::get().follow(Topic::LogsOf(task.id), &view.feed);
        let resync = move || {
            model.refetch();
            model.log.tear();
        };
        model
            .feed
            .listen(move |message| model.apply(&message.change), resync);
        // Of a loop that falls silent nothing is heard.
        Refresh::new(move || async move {
            let follows = !model.sessions.read_untracked().is_empty();
            if follows {
                model.refetch();
            }
        });
        model
    }

    fn apply(self, change: &LiveMessage) {
        let id = self.task.read_untracked().id;
        match change {
            LiveMessage::Task(task) if task.id == id => self.show(task),
            LiveMessage::Task(task) if task.retry_of == Some(id) => {
                let mut by = self.retried_by.write();
                if !by.contains(&task.number) {
                    by.push(task.number);
                }
            }
            // Others move up or down in the queue.
            LiveMessage::Task(_) => {
                if self.status() == TaskStatus::Pending {
                    self.feed.plan(move || self.refetch());
                }
            }
            LiveMessage::Activity(activity) if activity.task_id == Some(id) => {
                self.happened(activity);
            }
            LiveMessage::Logs(_, entries) => self.log.hear(entries),
            LiveMessage::Event(event) => {
                // A loop has begun to work for it, or one that does has said how it stands.
                let named = event["data"]["task_id"].as_str().unwrap_or_default();
                let number = self.task.read_untracked().number.to_string();
                let session = event["session_id"].as_str().unwrap_or_default();
                let known = self.sessions.read_untracked();
                let is_known = known.iter().any(|(known, ..)| known == session);
                if is_known || named == id.to_string() || named == number {
                    self.feed.plan(move || self.refetch());
                }
            }
            LiveMessage::Activity(_) | LiveMessage::Agent(_) => {}
        }
    }

    /// What names it.
    pub(super) fn ids(self) -> (TaskId, i64) {
        let task = self.task.read_untracked();
        (task.id, task.number)
    }

    fn status(self) -> TaskStatus {
        self.task.read_untracked().status
    }

    fn show(self, task: &Task) {
        let (former, edited) = {
            let shown = self.task.read_untracked();
            if task.version < shown.version {
                return;
            }
            (shown.status, task.edit_version != shown.edit_version)
        };
        // The other texts are not in the feed.
        let texts = TaskTexts {
            error: TaskTexts::error(task),
            ..self.texts.get_untracked()
        };
        self.put(task.clone(), texts);
        if former == task.status {
            if edited {
                self.refetch();
            }
            return;
        }
        if !task.status.is_held() {
            self.stopping.set(false);
        }
        if task.status == TaskStatus::NeedsInput || task.status.is_finished() {
            // The feed carries neither the question nor the result.
            self.refetch();
        } else {
            self.question.set(None);
        }
    }

    fn happened(self, activity: &Activity) {
        if activity.kind == ActivityKind::CancelRequested {
            let is_held = self.status().is_held();
            self.stopping.set(is_held);
        }
        self.timeline.hear(activity);
    }

    fn put(self, mut task: Task, texts: TaskTexts) {
        task.excerpt.clear();
        task.error = None;
        task.waiting = Waiting::first(&task.waiting, REASONS);
        if *self.task.read_untracked() != task {
            self.task.set(task);
        }
        if *self.texts.read_untracked() != texts {
            self.texts.set(texts);
        }
    }

    fn refetch(self) {
        let id = self.task.read_untracked().id.to_string();
        let show = move |view| self.merge(&view);
        self.feed
            .refetch(ask(View { task: id }), show, move || self.refetch());
    }

    fn merge(self, view: &TaskView) {
        self.put(view.task.clone(), view.texts.clone());
        self.stopping.set(view.cancelling);
        if *self.question.read_untracked() != view.question {
            self.question.set(view.question.clone());
        }
        if self.more_options.get_untracked() != view.more_options {
            self.more_options.set(view.more_options);
        }
        self.timeline.merge(&view.timeline);
        self.retry_of.set(view.retry_of);
        self.retried_by.set(view.retried_by.clone());
        self.sessions.set(view.sessions.clone());
        for message in self.feed.loaded(&view.feed, view.now) {
            self.apply(&message.change);
        }
    }
}
