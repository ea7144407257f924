//! What a form sends is text; this makes domain types of it.

use crate::domain::{AppError, NewTask, Priority};

/// A new task from the fields of the form: empty text means absent, labels are separated by
/// commas.
pub(crate) fn new_task(
    description: &str,
    title: &str,
    priority: &str,
    agent: &str,
    labels: &str,
) -> Result<NewTask, AppError> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let priority = match given(priority) {
        None => None,
        Some(word) => Some(Priority::parse(&word).ok_or_else(|| {
            AppError::invalid_field("priority", "must be low, normal, high or urgent")
        })?),
    };
    Ok(NewTask {
        // Browsers send CR LF; agents expect LF.
        description: description.replace("\r\n", "\n"),
        title: given(title),
        priority,
        agent: given(agent),
        labels: labels.split(',').filter_map(given).collect(),
        ..NewTask::default()
    })
}
