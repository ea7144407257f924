//! What a command line learns of its task.

use super::Assignment;

/// The longest argument or variable that Linux accepts, its NUL included.
const LONGEST_STRING: usize = 128 * 1024;

/// Replaces `{id}`, `{number}`, `{title}` and `{description}`, once: what a task brings is
/// never read as a template itself. Other braces stay.
pub(super) fn fill(template: &str, assignment: &Assignment) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let (before, braced) = rest.split_at(start);
        filled.push_str(before);
        rest = if let Some(after) = braced.strip_prefix("{id}") {
            filled.push_str(&assignment.task.to_string());
            after
        } else if let Some(after) = braced.strip_prefix("{number}") {
            filled.push_str(&assignment.number.to_string());
            after
        } else if let Some(after) = braced.strip_prefix("{title}") {
            filled.push_str(&assignment.title);
            after
        } else if let Some(after) = braced.strip_prefix("{description}") {
            filled.push_str(&assignment.description);
            after
        } else {
            filled.push('{');
            &braced[1..]
        };
    }
    filled + rest
}

/// The same as environment variables.
pub(super) fn variables(
    assignment: &Assignment,
) -> impl Iterator<Item = (&'static str, String)> + use<> {
    [
        ("TASK_ID", assignment.task.to_string()),
        ("TASK_NUMBER", assignment.number.to_string()),
        ("TASK_TITLE", assignment.title.clone()),
        ("TASK_DESCRIPTION", assignment.description.clone()),
        ("TASK_ATTEMPT", assignment.attempt.to_string()),
    ]
    .into_iter()
}

/// Whether Linux accepts the variable at all.
pub(super) fn fits(name: &str, value: &str) -> bool {
    name.len() + "=".len() + value.len() < LONGEST_STRING
}

#[cfg(test)]
mod tests {
    use super::{Assignment, fill};
    use crate::domain::TaskId;

    #[test]
    fn placeholders_are_replaced_once_and_other_braces_stay() {
        let assignment = Assignment {
            task: TaskId(uuid::Uuid::nil()),
            number: 17,
            title: "{description}".to_owned(),
            description: "say {title} $(rm) \"'\n".to_owned(),
            attempt: 1,
        };
        for (template, expected) in [
            ("{number}", "17"),
            ("#{number}: {title}!", "#17: {description}!"),
            ("{description}", "say {title} $(rm) \"'\n"),
            ("{{number}}", "{17}"),
            ("{other} {} { {numb", "{other} {} { {numb"),
            ("", ""),
            ("é{id}", "é00000000-0000-0000-0000-000000000000"),
        ] {
            assert_eq!(fill(template, &assignment), expected);
        }
    }
}
