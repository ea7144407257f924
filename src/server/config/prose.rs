//! Does a command line run what people write into a task as a program? Pure.
//!
//! Where a title or a description stands in the script of a shell or of another interpreter, or is
//! its whole standard input, every word of it is executed. Such an agent takes only tasks that
//! name it, unless its owner says otherwise. Wherever there is doubt, the answer is yes.

use std::collections::VecDeque;

/// Interpreters, and the options after which a script stands.
const INTERPRETERS: [(&[&str], &[&str]); 10] = [
    (
        &[
            "sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "ash", "csh", "tcsh", "su",
        ],
        &["-c", "--command", "--init-command"],
    ),
    (&["python", "pypy"], &["-c"]),
    (&["perl"], &["-e", "-E"]),
    (&["ruby", "osascript", "groovy"], &["-e"]),
    (
        &["node", "nodejs", "bun"],
        &["-e", "--eval", "-p", "--print", "-pe"],
    ),
    (&["deno"], &["eval"]),
    (&["php"], &["-r"]),
    (&["lua", "luajit", "Rscript", "julia"], &["-e"]),
    (&["pwsh", "powershell"], &["-c", "-Command", "-command"]),
    (&["awk", "gawk", "mawk", "ssh"], &[]),
];

/// True when a title or a description is run as a program.
pub(super) fn runs(command: &[String], stdin: Option<&str>) -> bool {
    let Some(program) = command.first() else {
        return false;
    };
    let words = split_env(command);
    let piped = stdin.is_some_and(holds_prose);
    holds_prose(program)
        || (0..words.len()).any(|at| {
            let name = base_name(&words[at]);
            INTERPRETERS
                .iter()
                .find(|(names, _)| names.contains(&name))
                .is_some_and(|(_, options)| interprets(name, options, &words[at + 1..], piped))
        })
}

fn holds_prose(text: &str) -> bool {
    text.contains("{title}") || text.contains("{description}")
}

/// A script that runs its own variables is no better.
fn is_prose_script(script: &str) -> bool {
    let variable = script.contains("TASK_DESCRIPTION") || script.contains("TASK_TITLE");
    holds_prose(script) || variable && (script.contains("eval") || script.contains("exec("))
}

/// `arguments` follow the interpreter; `piped` when prose is its standard input.
fn interprets(name: &str, options: &[&str], arguments: &[String], piped: bool) -> bool {
    let mut script = None;
    let mut file = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if is_option(name, options, argument) {
            script = rest.next().cloned().or(script);
            break;
        }
        if let Some(inline) = attached(options, argument) {
            script = Some(inline);
            break;
        }
        if argument == "-" || argument == "-s" || argument == "/dev/stdin" {
            return piped;
        }
        if !argument.starts_with('-') {
            let is_path = argument.contains(['.', '/']);
            file.get_or_insert(argument);
            // A shell's options may have values, and only a path is surely the file to run.
            if is_path && !is_shell(name) {
                break;
            }
        }
    }
    match (script, file) {
        (Some(script), _) => is_prose_script(&script),
        // The program of awk is its first argument, and ssh hands all of them to a shell.
        (None, Some(_)) if options.is_empty() => {
            arguments.iter().any(|argument| holds_prose(argument))
        }
        (None, Some(file)) => holds_prose(file),
        (None, None) => piped,
    }
}

fn is_shell(name: &str) -> bool {
    INTERPRETERS[0].0.contains(&name)
}

/// `-c`, and for shells also `-lc`, `-euc` and the like.
fn is_option(name: &str, options: &[&str], argument: &str) -> bool {
    let letters = argument.strip_prefix('-').unwrap_or_default();
    let bundled = is_shell(name)
        && letters.ends_with('c')
        && letters.len() > 1
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic());
    options.contains(&argument) || bundled
}

/// The script of `-escript` and `--eval=script`.
fn attached(options: &[&str], argument: &str) -> Option<String> {
    let inline = options.iter().find_map(|option| {
        let rest = argument.strip_prefix(option)?;
        if option.starts_with("--") {
            rest.strip_prefix('=')
        } else {
            Some(rest).filter(|_| option.len() == 2)
        }
    });
    inline
        .filter(|script| !script.is_empty())
        .map(str::to_owned)
}

/// `env -S` splits its argument into words itself.
fn split_env(command: &[String]) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest: VecDeque<&String> = command.iter().collect();
    while let Some(word) = rest.pop_front() {
        let whole = word
            .strip_prefix("--split-string=")
            .or_else(|| word.strip_prefix("-S").filter(|text| !text.is_empty()));
        let next = (word == "-S" || word == "--split-string").then(|| rest.pop_front());
        let text = whole.or(next.flatten().map(String::as_str));
        match text {
            Some(text) => {
                let bare = |word: &str| word.trim_matches(['"', '\'']).to_owned();
                words.extend(text.split_whitespace().map(bare));
            }
            None => words.push(word.clone()),
        }
    }
    words
}

/// `/usr/bin/python3.11` is `python`.
fn base_name(program: &str) -> &str {
    let name = program.rsplit('/').next().unwrap_or(program);
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::runs;

    fn command(line: &str) -> Vec<String> {
        line.split('|').map(str::to_owned).collect()
    }

    #[test]
    fn prose_is_recognised_where_it_would_be_run() {
        for line in [
            "bash|-c|{description}",
            "/bin/sh|-c|echo {title}",
            "sh|-ec|{description}",
            "bash|--norc|-c|{description}",
            "bash|-o|pipefail|-c|{description}",
            "python3|-W|ignore|-c|{description}",
            "env|A=b|bash|-c|{description}",
            "env|-S|bash -c \"{description}\"",
            "nice|-n|5|zsh|-c|{description}",
            "timeout|10|dash|-c|{description}",
            "fish|--command|{description}",
            "fish|--command={description}",
            "python3.11|-c|{description}",
            "perl|-e|{description}",
            "perl|-eprint {title}",
            "node|--eval|{description}",
            "node|--eval={description}",
            "awk|{description}|file",
            "ssh|host|{description}",
            "bash|-c|eval \"$TASK_DESCRIPTION\"",
            "bash|{description}",
            "{description}",
        ] {
            assert!(runs(&command(line), None), "{line}");
        }
        for line in ["bash", "bash|-s", "python3", "python3|-", "env|bash|-x"] {
            assert!(runs(&command(line), Some("{description}")), "{line}");
        }
    }

    #[test]
    fn prose_that_is_only_read_is_left_alone() {
        for line in [
            "bash|-c|wc -w \"$TASK_DESCRIPTION\"/*",
            "bash|-c|wc \"$1\"|bash|{description}",
            "./count.sh|--|{title}",
            "bash|run.sh|{description}",
            "python3|agent.py|{description}",
            "python3|-m|agent|{description}",
            "kimi|--print|{description}",
            "bash|-c|{number}",
        ] {
            assert!(!runs(&command(line), None), "{line}");
        }
        for line in [
            "cat",
            "bash|-c|cat",
            "bash|run.sh",
            "python3|agent.py",
            "kimi",
        ] {
            assert!(!runs(&command(line), Some("{description}")), "{line}");
        }
        assert!(!runs(&command("bash"), Some("{number}")));
        assert!(!runs(&[], None));
    }
}
