//! What a command line learns of its task.

use super::Assignment;
use crate::server::config::{PLACEHOLDERS, VARIABLES};

/// The longest argument or variable that Linux accepts, its NUL included.
const LONGEST_STRING: usize = 128 * 1024;

/// Replaces the placeholders, once: what a task brings is never read as a template itself. Other
/// braces stay.
pub(super) fn fill(template: &str, assignment: &Assignment) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let (before, braced) = rest.split_at(start);
        filled.push_str(before);
        rest = if let Some((name, after)) = placeholder(braced) {
            filled.push_str(&value(name, assignment));
            after
        } else {
            filled.push('{');
            &braced[1..]
        };
    }
    filled + rest
}

/// The whole command line; the error says which argument would be taken for an option.
pub(super) fn arguments(
    command: &[String],
    assignment: &Assignment,
    allow_dash: bool,
) -> Result<Vec<String>, String> {
    let mut filled = Vec::with_capacity(command.len());
    let mut ended = allow_dash;
    for (at, part) in command.iter().enumerate() {
        let argument = fill(part, assignment);
        let first = placeholder(part);
        if let Some((name, _)) = first.filter(|_| at > 0 && !ended && argument.starts_with('-')) {
            let program = command.first().map_or("the program", String::as_str);
            return Err(format!(
                "the {name} begins with \"-\", and {program} would take it for an option; put \
                 \"--\" before {{{name}}} in its command, or set allow_dash = true"
            ));
        }
        ended |= part == "--";
        filled.push(argument);
    }
    Ok(filled)
}

/// The same as environment variables.
pub(super) fn variables(
    assignment: &Assignment,
) -> impl Iterator<Item = (&'static str, String)> + use<> {
    VARIABLES
        .map(|name| {
            let value = match name {
                "TASK_ID" => assignment.task.to_string(),
                "TASK_NUMBER" => assignment.number.to_string(),
                "TASK_TITLE" => assignment.title.clone(),
                "TASK_DESCRIPTION" => assignment.description.clone(),
                "TASK_PROJECT" => assignment.project.clone(),
                "TASK_ATTEMPT" => assignment.attempt.to_string(),
                "TASK_LABELS" => serde_json::json!(assignment.labels).to_string(),
                "TASK_METADATA" => serde_json::json!(assignment.metadata).to_string(),
                _ => assignment.dashboard_url.clone(),
            };
            (name, value)
        })
        .into_iter()
}

/// Whether Linux accepts the variable at all.
pub(super) fn fits(name: &str, value: &str) -> bool {
    name.len() + "=".len() + value.len() < LONGEST_STRING
}

/// The placeholder at the beginning of `text`, and what follows it.
fn placeholder(text: &str) -> Option<(&'static str, &str)> {
    let inner = text.strip_prefix('{')?;
    PLACEHOLDERS.into_iter().find_map(|name| {
        let rest = inner.strip_prefix(name)?.strip_prefix('}')?;
        Some((name, rest))
    })
}

fn value(name: &str, assignment: &Assignment) -> String {
    match name {
        "id" => assignment.task.to_string(),
        "number" => assignment.number.to_string(),
        "title" => assignment.title.clone(),
        "project" => assignment.project.clone(),
        _ => assignment.description.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::assignment;
    use super::{Assignment, arguments, fill};
    use crate::domain::TaskId;

    fn evil() -> Assignment {
        Assignment {
            task: TaskId(uuid::Uuid::nil()),
            number: 17,
            title: "{description}".to_owned(),
            description: "say {title} $(rm) \"'\n".to_owned(),
            ..assignment("")
        }
    }

    #[test]
    fn placeholders_are_replaced_once_and_other_braces_stay() {
        for (template, expected) in [
            ("{number}", "17"),
            ("#{number}: {title}!", "#17: {description}!"),
            ("{description}", "say {title} $(rm) \"'\n"),
            ("{project}", "default"),
            ("{{number}}", "{17}"),
            ("{other} {} { {numb", "{other} {} { {numb"),
            ("", ""),
            ("é{id}", "é00000000-0000-0000-0000-000000000000"),
        ] {
            assert_eq!(fill(template, &evil()), expected);
        }
    }

    #[test]
    fn a_value_is_never_taken_for_an_option() {
        let dash = assignment("--help");
        let run = |command: &[&str], allow| {
            let command: Vec<String> = command.iter().map(|part| (*part).to_owned()).collect();
            arguments(&command, &dash, allow)
        };
        let refused = run(&["agent", "{description}"], false).unwrap_err();
        assert!(
            refused.starts_with("the description begins with \"-\"") && refused.contains("agent"),
            "{refused}"
        );
        let whole = || vec!["agent".to_owned(), "--help".to_owned()];
        assert_eq!(run(&["agent", "{description}"], true), Ok(whole()));
        let after = run(&["agent", "--", "{description}"], false).unwrap();
        assert_eq!(after, ["agent", "--", "--help"]);
        let inside = run(&["agent", "say {description}", "x{description}"], false).unwrap();
        assert_eq!(inside, ["agent", "say --help", "x--help"]);
        assert!(run(&["agent", "{description}", "--"], false).is_err());
        let mixed = run(&["agent", "{description} {title}"], false).unwrap_err();
        assert!(mixed.contains("\"--\" before {description}"), "{mixed}");
        let after = run(&["agent", "--", "{description} {title}"], false).unwrap();
        assert_eq!(after[2], "--help a title");
    }
}
