//! What a form sends is text; this makes domain types of it.

use std::future::{Ready, ready};

use crate::domain::{AppError, NewProject, NewTask, Priority, ProjectChange, Task, TaskDraft};
use crate::server::auth::{Operator, Viewer};
use crate::server::operations::tasks;
use crate::server::state::AppState;

/// The fields of the form for a new task. Empty text means absent, labels are separated by
/// commas.
pub(crate) struct TaskForm {
    pub(crate) project: String,
    pub(crate) description: String,
    pub(crate) title: String,
    pub(crate) priority: String,
    pub(crate) agent: String,
    pub(crate) labels: String,
}

/// Creates the task that the form describes.
pub(crate) async fn create(
    app: &AppState,
    who: &Operator,
    form: &TaskForm,
) -> Result<Task, AppError> {
    let created = tasks::create(app, who, form.new_task()?, None).await?;
    Ok(created.into_task())
}

/// What was typed into a form that was refused; nothing when that is no longer known. A future,
/// since that is what server functions wait for.
pub(crate) fn draft(app: &AppState, _: &Viewer, name: &str) -> Ready<TaskDraft> {
    ready(app.drafts.find(name).unwrap_or_default())
}

/// The project that the form describes.
pub(crate) fn new_project(name: String, title: String, folder: String) -> NewProject {
    NewProject {
        name: name.trim().to_owned(),
        title: given(&title),
        folder: given(&folder),
    }
}

/// The change that the form describes: it holds every field.
pub(crate) fn project_change(title: String, folder: String, archived: bool) -> ProjectChange {
    ProjectChange {
        title: Some(given(&title)),
        folder: Some(given(&folder)),
        archived: Some(archived),
    }
}

/// Empty text means absent.
fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl TaskForm {
    /// The form as it was, for whoever has to correct it.
    pub(crate) fn draft(self, error: &AppError) -> TaskDraft {
        TaskDraft {
            project: self.project,
            description: self.description,
            title: self.title,
            priority: self.priority,
            agent: self.agent,
            labels: self.labels,
            error: error.detail.clone(),
        }
    }

    fn new_task(&self) -> Result<NewTask, AppError> {
        let priority = given(&self.priority).map(|word| {
            let message = "must be low, normal, high or urgent";
            Priority::parse(&word).ok_or_else(|| AppError::invalid_field("priority", message))
        });
        Ok(NewTask {
            description: self.description.clone(),
            title: given(&self.title),
            project: given(&self.project),
            priority: priority.transpose()?,
            agent: given(&self.agent),
            labels: self.labels.split(',').filter_map(given).collect(),
            ..NewTask::default()
        })
    }
}
