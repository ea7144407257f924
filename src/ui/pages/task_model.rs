//! What the page of one task shows, and how the feed changes it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::task_log_model::Log;
use crate::domain::{
    Activity, ActivityKind, Excerpt, LiveMessage, Task, TaskId, TaskStatus, TaskTexts, TaskView,
    Topic, Waiting,
};
use crate::rpc::tasks::View;
use crate::ui::browser;
use crate::ui::data::ask;
use crate::ui::state::{Clock, Live, News, Place};

/// A task's place in the queue is asked for at most so often, in milliseconds.
const REFETCH: u64 = 1500;

/// Of what happened, more than this is not kept on the page.
const MOST_ACTIVITY: usize = 200;
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
    pub(super) timeline: RwSignal<Vec<Activity>>,
    /// How much happened before that.
    pub(super) earlier: RwSignal<u64>,
    pub(super) retry_of: RwSignal<Option<i64>>,
    pub(super) retried_by: RwSignal<Vec<i64>>,
    pub(super) log: Log,
    clock: Clock,
    place: StoredValue<Place>,
    refetch_planned: StoredValue<bool>,
}

impl TaskModel {
    /// Shows `view`, and follows the feed from there.
    pub(super) fn new(view: &TaskView) -> Self {
        let (clock, live) = (Clock::get(), Live::get());
        let task = &view.task;
        let model = Self {
            task: RwSignal::new(task.clone()),
            texts: RwSignal::new(view.texts.clone()),
            stopping: RwSignal::new(view.cancelling),
            question: RwSignal::new(view.question.clone()),
            timeline: RwSignal::new(view.timeline.clone()),
            earlier: RwSignal::new(view.earlier_activity),
            retry_of: RwSignal::new(view.retry_of),
            retried_by: RwSignal::new(view.retried_by.clone()),
            log: Log::new(task.id, task.number, &view.logs),
            clock,
            place: StoredValue::new(Place::default()),
            refetch_planned: StoredValue::new(false),
        };
        clock.set(view.now);
        model
            .place
            .update_value(|place| _ = place.loaded(&view.feed));
        live.start_at(&view.feed);
        live.follow(Topic::LogsOf(task.id), &view.feed);
        live.listen(move |news| match news {
            News::Messages(messages) => {
                for message in *messages {
                    if model.place.try_update_value(|place| place.accepts(message)) == Some(true) {
                        model.apply(&message.change);
                    }
                }
            }
            News::Resync => {
                model.refetch();
                model.log.tear();
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
                    self.plan_refetch();
                }
            }
            LiveMessage::Activity(activity) if activity.task_id == Some(id) => {
                self.happened(activity);
            }
            LiveMessage::Logs(_, entries) => self.log.hear(entries),
            LiveMessage::Activity(_) | LiveMessage::Agent(_) | LiveMessage::Event(_) => {}
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
        let mut timeline = self.timeline.write();
        if timeline.iter().all(|other| other.id != activity.id) {
            timeline.push(activity.clone());
        }
        if timeline.len() > MOST_ACTIVITY {
            timeline.remove(0);
            self.earlier.update(|earlier| *earlier += 1);
        }
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

    fn plan_refetch(self) {
        if self.refetch_planned.get_value() {
            return;
        }
        self.refetch_planned.set_value(true);
        browser::after(REFETCH, move || {
            if self.refetch_planned.try_get_value().is_some() {
                self.refetch_planned.set_value(false);
                self.refetch();
            }
        });
    }

    fn refetch(self) {
        let id = self.task.read_untracked().id.to_string();
        self.place.update_value(Place::begin);
        spawn_local(async move {
            match ask(View { task: id }).await {
                Ok(view) if self.place.try_get_value().is_some() => self.merge(&view),
                _ => _ = self.place.try_update_value(Place::failed),
            }
        });
    }

    fn merge(self, view: &TaskView) {
        self.clock.set(view.now);
        self.put(view.task.clone(), view.texts.clone());
        self.stopping.set(view.cancelling);
        if *self.question.read_untracked() != view.question {
            self.question.set(view.question.clone());
        }
        self.timeline.set(view.timeline.clone());
        self.earlier.set(view.earlier_activity);
        self.retry_of.set(view.retry_of);
        self.retried_by.set(view.retried_by.clone());
        let newer = self
            .place
            .try_update_value(|place| place.loaded(&view.feed));
        for message in newer.unwrap_or_default() {
            self.apply(&message.change);
        }
    }
}
