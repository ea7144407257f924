//! What the page of one task shows, and how the feed changes it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::task_log_model::Log;
use crate::domain::{
    Activity, ActivityKind, LiveMessage, Task, TaskBody, TaskStatus, TaskView, Topic,
};
use crate::rpc::tasks::View;
use crate::ui::browser;
use crate::ui::data::ask;
use crate::ui::state::{Clock, Live, News, Place};

/// A task's place in the queue is asked for at most so often, in milliseconds.
const REFETCH: u64 = 1500;

/// The page's data; a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct TaskModel {
    pub(super) task: RwSignal<Task>,
    pub(super) body: RwSignal<TaskBody>,
    pub(super) stopping: RwSignal<bool>,
    pub(super) question: RwSignal<Option<String>>,
    pub(super) timeline: RwSignal<Vec<Activity>>,
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
            body: RwSignal::new(view.body.clone()),
            stopping: RwSignal::new(view.cancelling),
            question: RwSignal::new(view.question.clone()),
            timeline: RwSignal::new(view.timeline.clone()),
            retry_of: RwSignal::new(view.retry_of),
            retried_by: RwSignal::new(view.retried_by.clone()),
            log: Log::new(task.id, task.number),
            clock,
            place: StoredValue::new(Place::default()),
            refetch_planned: StoredValue::new(false),
        };
        clock.set(view.now);
        model.log.load(&view.logs, view.more_logs);
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
                model.log.catch_up();
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
                self.happened(activity)
            }
            LiveMessage::Logs(_, entries) => self.log.append(entries),
            LiveMessage::Activity(_) | LiveMessage::Agent(_) | LiveMessage::Event(_) => {}
        }
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
        if *self.task.read_untracked() != *task {
            self.task.set(task.clone());
        }
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
        if *self.task.read_untracked() != view.task {
            self.task.set(view.task.clone());
        }
        if *self.body.read_untracked() != view.body {
            self.body.set(view.body.clone());
        }
        self.stopping.set(view.cancelling);
        if *self.question.read_untracked() != view.question {
            self.question.set(view.question.clone());
        }
        self.timeline.set(view.timeline.clone());
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
