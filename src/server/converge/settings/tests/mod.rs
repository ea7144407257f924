//! Where settings come from, and everything that can be wrong with them.

mod odd;

use std::fmt::Write;
use std::time::Duration;

use super::{RunFlags, SAMPLE, Settings, read};
use crate::domain::Severity;

fn load(yaml: &str, flags: RunFlags, environment: &[(&str, &str)]) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    std::fs::write(&path, yaml).unwrap();
    let flags = RunFlags {
        config: path.clone(),
        target: flags.target.or_else(|| Some(folder.path().to_owned())),
        ..flags
    };
    let variable = |name: &str| {
        let home = [("HOME", "/home/me")];
        let found = environment
            .iter()
            .chain(&home)
            .find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let name = format!("{}, ", path.display());
    read(&flags, variable).map_err(|problems| problems.join("\n").replace(&name, ""))
}

const STEP: &str = "steps: {validate: {tool: make}}\n";

#[test]
fn everything_has_a_default_but_the_steps() {
    let settings = load(STEP, RunFlags::default(), &[]).unwrap();
    let limits = (settings.max_iterations, settings.convergence_threshold);
    assert_eq!(limits, (10, 1));
    assert_eq!(settings.timeout, Duration::from_hours(1));
    let pauses = (settings.backoff, settings.linger);
    assert_eq!(pauses, (Duration::from_secs(1), None));
    assert!(settings.webhook.is_none() && settings.socket.is_none());
    let enabled: Vec<_> = settings.steps.iter().map(|step| step.enabled).collect();
    assert_eq!(enabled, [false, false, false, true]);
    assert_eq!(settings.min_severity, Severity::Unknown);
    load(SAMPLE, RunFlags::default(), &[]).unwrap();
}

#[test]
fn a_step_reports_unless_it_is_said_that_it_does_not() {
    let yaml = "steps: {diagnose: {tool: x, report: none}, validate: {tool: make}}";
    let settings = load(yaml, RunFlags::default(), &[]).unwrap();
    let reports: Vec<_> = settings.steps.iter().map(|step| step.reports).collect();
    assert_eq!(reports, [false, true, true, true]);
}

#[test]
fn flags_override_the_environment_which_overrides_the_file() {
    let yaml = format!(
        "{STEP}loop: {{max_iterations: 1, timeout_seconds: 1.5, min_severity: high}}\n\
         events: {{webhook_url: 'http://file', emit_interval: 0, buffer_size: 7}}"
    );
    let environment = [
        ("CONVERGENCE_MAX_ITERATIONS", "2"),
        ("CONVERGENCE_TIMEOUT", "2.5"),
        ("CONVERGENCE_WEBHOOK_URL", "http://environment"),
        ("CONVERGENCE_WS_HOST", "127.0.0.2"),
        ("CONVERGENCE_WS_PORT", "2"),
    ];
    let told = |settings: Settings| {
        let webhook = settings.webhook.unwrap();
        assert_eq!((webhook.batch, webhook.interval), (7, Duration::ZERO));
        let limits = (settings.max_iterations, settings.timeout.as_millis());
        (limits, webhook.url, settings.socket)
    };
    let file = load(&yaml, RunFlags::default(), &[]).unwrap();
    assert_eq!(file.min_severity, Severity::High);
    assert_eq!(told(file), ((1, 1500), "http://file".to_owned(), None));
    let flags = RunFlags {
        websocket: true,
        ..RunFlags::default()
    };
    let set = load(&yaml, flags.clone(), &environment).unwrap();
    let socket = Some(("127.0.0.2".to_owned(), 2));
    assert_eq!(
        told(set),
        ((2, 2500), "http://environment".to_owned(), socket)
    );
    let flags = RunFlags {
        max_iterations: Some("3".to_owned()),
        webhook_url: Some("https://flag".to_owned()),
        ws_host: Some("::1".to_owned()),
        ws_port: Some("0".to_owned()),
        ..flags
    };
    let set = load(&yaml, flags, &environment).unwrap();
    let socket = Some(("::1".to_owned(), 0));
    assert_eq!(told(set), ((3, 2500), "https://flag".to_owned(), socket));
    // An empty variable says nothing.
    let empty = [("CONVERGENCE_MAX_ITERATIONS", " ")];
    let set = load(&yaml, RunFlags::default(), &empty).unwrap();
    assert_eq!(set.max_iterations, 1);
}

/// A file, and what is said of it.
const WRONG: &[(&str, &str)] = &[
    ("", "steps: no step is enabled; there is nothing to do"),
    (
        "- a\n",
        "line 1: the file must hold settings, as `name: value`",
    ),
    ("a: [\n", "this is no YAML"),
    ("a: 1\na: 2\n", "line 2: this is no YAML"),
    ("---\na: 1\n---\nb: 1\n", "there must be only one document"),
    (
        "loop:\n  tries: 3\n",
        "line 2: loop.tries: unknown setting; known here: max_iterations, ",
    ),
    (
        "loop: {max_iterations: 0}",
        "line 1: loop.max_iterations: expected a whole number",
    ),
    (
        "loop: {max_iterations: 1.5}",
        "line 1: loop.max_iterations: expected a whole number",
    ),
    (
        "loop: {timeout_seconds: long}",
        "loop.timeout_seconds: expected seconds from 0.1 to",
    ),
    (
        "loop: {timeout_seconds: .nan}",
        "loop.timeout_seconds: expected seconds from 0.1 to",
    ),
    (
        "loop: {convergence_threshold: 0}",
        "line 1: loop.convergence_threshold: expected a whole number of clean iterations from 1",
    ),
    (
        "loop: {convergence_threshold: 1.5}",
        "or a fraction from 0 to 1",
    ),
    (
        "loop: {convergence_threshold: -0.5}",
        "or a fraction from 0 to 1",
    ),
    (
        "loop: {convergence_threshold: most}",
        "or a fraction from 0 to 1",
    ),
    (
        "\nsteps:\n  fix: {tool: npm run lint}",
        "line 3: steps.fix.tool: expected a program alone, not \"npm run lint\"; \
         write tool: npm and args: [run, lint]",
    ),
    (
        "steps: {fix: {tool: ' make  test CC=a:b '}}",
        "write tool: make and args: [test, \"CC=a:b\"]",
    ),
    (
        "steps: {fix: {tool: 'make test || exit 1'}}",
        "write tool: sh and args: [-c, \"make test || exit 1\"]",
    ),
    (
        "steps: {fix: {tool: ~/bin/mend}}",
        "steps.fix.tool: no shell makes a home folder of the ~ in \"~/bin/mend\"; \
         write the folder, /home/me/bin/mend",
    ),
    (
        "steps: {fix: {tool: ~/bin/mend --all}}",
        "write tool: /home/me/bin/mend and args: [--all]",
    ),
    (
        "steps: {fix: {tool: ~}}",
        "steps.fix.tool: a lone ~ is nothing in YAML; name the program to run",
    ),
    (
        "steps: {fix: {tool: '~'}}",
        "steps.fix.tool: a home folder is no program; name the program to run",
    ),
    (
        "steps: {fix: {tool: FOO=1 make}}",
        "write tool: make and env: {FOO: \"1\"}",
    ),
    (
        "steps: {fix: {tool: FOO=1 B_2= ~/bin/make -k A=b}}",
        "write tool: /home/me/bin/make, args: [-k, A=b] and env: {FOO: \"1\", B_2: \"\"}",
    ),
    (
        "steps: {fix: {tool: A=1 B=2}}",
        "write tool: PROGRAM and env: {A: \"1\", B: \"2\"}",
    ),
    (
        "steps: {fix: {tool: FOO=$BAR make}}",
        "write tool: sh and args: [-c, \"FOO=$BAR make\"]",
    ),
    (
        "events: {webhook_url: 'http://${TOKEN}@host'}",
        "webhook_url: no variable is replaced in it",
    ),
    (
        "events: {keep_days: 0}",
        "events.keep_days: expected a whole number from 1",
    ),
    (
        "loop: {min_severity: huge}",
        "line 1: loop.min_severity: expected low, medium, high or critical",
    ),
    ("loop: 7", "line 1: loop must hold settings"),
    (
        "\nsteps:\n  fix: {enabled: maybe}",
        "line 3: steps.fix.enabled: expected true or false",
    ),
    (
        "steps: {fix: {enabled: yes}}",
        "steps.fix.tool: name the program to run",
    ),
    (
        "steps: {fix: {tool: x, args: y}}",
        "steps.fix.args: expected a list of texts",
    ),
    (
        "steps:\n  fix: {tool: npm, args: run lint}",
        "line 2: steps.fix.args: expected a list of texts, not \"run lint\"; write [run, lint]",
    ),
    (
        "steps: {fix: {tool: sh, args: \"-c 'exit 1'\"}}",
        "steps.fix.args: expected a list of texts",
    ),
    (
        "steps: {fix: {tool: x, args: [[y]]}}",
        "steps.fix.args: expected a list of texts",
    ),
    (
        "steps: {fix: {tool: [x]}}",
        "steps.fix.tool: expected a text",
    ),
    (
        "steps: {fix: {tool: x, env: {'A=': b}}}",
        "steps.fix.env: expected variables",
    ),
    (
        "steps: {fix: {tool: x, env: [b]}}",
        "steps.fix.env: expected variables",
    ),
    (
        "steps:\n  fix: {tool: x, report: sarif}",
        "line 2: steps.fix.report: expected none, or nothing",
    ),
    (
        "steps: {mend: {tool: x}}",
        "steps.mend: unknown setting; known here: diagnose, fix, ",
    ),
    (
        "events: {webhook_url: 'ftp://x'}",
        "webhook_url: expected http://HOST:PORT/PATH",
    ),
    (
        "events: {buffer_size: -1}",
        "events.buffer_size: expected a whole number",
    ),
    ("? [a]\n: b", "a key must be a word"),
];

#[test]
fn every_problem_is_named_with_its_line() {
    for (yaml, expected) in WRONG {
        let problems = load(yaml, RunFlags::default(), &[]).unwrap_err();
        assert!(problems.contains(expected), "{yaml}: {problems}");
    }
    for tool in ["~", "[x]", "npm run lint"] {
        let yaml = format!("steps: {{fix: {{tool: {tool}}}}}");
        let alone = load(&yaml, RunFlags::default(), &[]).unwrap_err();
        assert_eq!(alone.lines().count(), 1, "{alone}");
    }
    let both = load("a: 1\nloop: {b: 2}", RunFlags::default(), &[]).unwrap_err();
    assert!(
        both.contains("line 1: a: ") && both.contains("line 2: loop.b: "),
        "{both}"
    );
}

#[test]
fn a_task_is_known_by_the_environment_and_so_is_what_is_kept() {
    let task = |value: &str| {
        load(STEP, RunFlags::default(), &[("TASK_ID", value)])
            .unwrap()
            .task
    };
    assert_eq!(task(" 17 ").as_deref(), Some("17"));
    assert_eq!(task(" "), None);
    assert_eq!(task(&"x".repeat(201)), None);
    let yaml = format!("{STEP}events: {{webhook_url: 'http://x', keep_days: 3, keep_mib: 2}}");
    let keep = |environment: &[(&str, &str)]| {
        let settings = load(&yaml, RunFlags::default(), environment).unwrap();
        let keep = settings.webhook.unwrap().keep;
        (keep.days, keep.bytes)
    };
    assert_eq!(keep(&[]), (3, 2 << 20));
    assert_eq!(keep(&[("CONVERGENCE_KEEP_DAYS", "9")]), (9, 2 << 20));
    let wrong = [("CONVERGENCE_KEEP_MIB", "all")];
    let wrong = load(&yaml, RunFlags::default(), &wrong).unwrap_err();
    assert!(
        wrong.contains("CONVERGENCE_KEEP_MIB: expected a whole number"),
        "{wrong}"
    );
}

#[test]
fn anchors_that_stand_for_ever_more_are_not_followed() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..10 {
        let one = format!("*a{}, ", n - 1);
        writeln!(bomb, "a{n}: &a{n} [{}]", one.repeat(10)).unwrap();
    }
    let problems = load(&bomb, RunFlags::default(), &[]).unwrap_err();
    assert!(problems.contains("this is no YAML"), "{problems}");
}
