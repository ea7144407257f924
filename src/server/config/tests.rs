//! Precedence, problems and secrets.

use std::path::{Path, PathBuf};

use super::{
    Config, DatabaseConfig, Exit, InputMode, KindConfig, LogFormat, Secret, check, settings,
};
use crate::domain::{AgentKind, Takes};

/// Loads with these flags, variables and file.
fn load(flags: &[&str], variables: &[(&str, &str)], file: &str) -> Result<Config, Exit> {
    let path = scratch(file);
    let path_text = path.display().to_string();
    let arguments = ["kimi-dashboard", "--config", &path_text];
    let arguments = arguments.iter().chain(flags).map(Into::into);
    let loaded = settings::load(arguments, |name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    std::fs::remove_file(path).unwrap();
    loaded
}

fn scratch(text: &str) -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "config-{}-{}.toml",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn refused(flags: &[&str], variables: &[(&str, &str)], file: &str) -> String {
    let exit = load(flags, variables, file).unwrap_err();
    assert_eq!(exit.code, 2);
    assert!(exit.text.starts_with("kimi-dashboard: "), "{}", exit.text);
    assert!(!exit.text.contains('\n'), "{}", exit.text);
    exit.text
}

#[test]
fn flags_override_the_environment_which_overrides_the_file() {
    let file = "port = 1\nhost = \"127.0.0.9\"\nconvergence_urls = [\"ws://file\"]";
    let variables = [
        ("DASHBOARD_PORT", "2"),
        ("CONVERGENCE_WS_URL", "ws://a, wss://b,ws://a"),
    ];
    let config = load(&["--port", "3"], &variables, file).unwrap();
    assert_eq!(config.port, 3);
    assert_eq!(config.host, "127.0.0.9");
    assert_eq!(config.convergence_urls, ["ws://a", "wss://b"]);
    assert_eq!(load(&[], &variables, file).unwrap().port, 2);
    assert_eq!(load(&[], &[("DASHBOARD_PORT", "")], file).unwrap().port, 1);
    let flags = ["--convergence-url", "ws://x", "--convergence-url", "ws://y"];
    let config = load(&flags, &variables, file).unwrap();
    assert_eq!(config.convergence_urls, ["ws://x", "ws://y"]);
}

#[test]
fn without_any_setting_the_documented_defaults_hold() {
    let config = load(&[], &[], "").unwrap();
    assert_eq!((config.host.as_str(), config.port), ("127.0.0.1", 8766));
    assert_eq!(config.convergence_urls, ["ws://localhost:8765"]);
    assert!(
        matches!(config.database, DatabaseConfig::Sqlite { path } if path == Path::new("./dashboard.db"))
    );
    assert_eq!(config.convergence_silence_seconds, 120);
    assert_eq!(config.data_dir, Path::new("."));
    assert_eq!(config.log_format, LogFormat::Human);
    assert!(!config.mock && config.agents.is_empty());
}

#[test]
fn the_silence_of_a_loop_is_bounded() {
    let file = |seconds: &str| format!("convergence_silence_seconds = {seconds}");
    let config = load(&[], &[], &file("7")).unwrap();
    assert_eq!(config.convergence_silence_seconds, 7);
    for wrong in ["0", "86401", "\"soon\"", "1.5"] {
        let words = refused(&[], &[], &file(wrong));
        assert!(
            words.contains("convergence_silence_seconds: expected"),
            "{words}"
        );
    }
}

#[test]
fn every_problem_is_named_at_once_with_its_fix() {
    let file = r#"
        colour = "blue"
        redis_url = "redis://localhost"
        log_format = 3
        [[agent]]
        name = "one"
        kind = "acp"
        [[agent]]
        name = "two"
        kind = "process"
        cwd = "/nowhere/at/all"
        concurrency = 257
        grace_seconds = -1
        env = { "A=B" = "" }
        [[agent]]
        name = "two"
        kind = "fake"
        command = ["x"]
        timeout = 3
        [[agent]]
        kind = "robot"
    "#;
    let flags = ["--host", "0.0.0.0", "--port", "80000", "--mock=perhaps"];
    let variables = [
        ("DATABASE_URL", "mysql://user:hunter2@host"),
        ("CONVERGENCE_WS_URL", "http://x"),
    ];
    let text = refused(&flags, &variables, file);
    for expected in [
        "host: 0.0.0.0 is reachable by others, and login does not exist yet; use 127.0.0.1",
        "port: \"80000\" is no port; use a number from 0 to 65535",
        "mock: \"perhaps\" is neither",
        "database_url: must begin with postgres://",
        "convergence_urls: \"http://x\"",
        "colour: unknown setting",
        "agent \"two\": timeout: unknown setting; the nearest is \"timeout_seconds\"",
        "redis_url: Redis is not supported by this version; remove it",
        "log_format: expected a string",
        "agent \"one\": kind: kind \"acp\" is not supported by this version; use process, remote or fake",
        "agent \"two\": command: name a program",
        "agent \"two\": cwd: there is no folder /nowhere/at/all",
        "agent \"two\": concurrency: expected a whole number from 1 to 256",
        "agent \"two\": grace_seconds: expected a whole number from 0 to 600",
        "agent \"two\": env: \"A=B\" cannot be a variable",
        "agent \"two\": name: is taken",
        "agent \"two\": command: only an agent of kind \"process\" has it",
        "agent \"two\": timeout: unknown setting",
        "agent 4: name: is missing",
        "agent 4: kind: there is no kind \"robot\"",
    ] {
        assert!(text.contains(expected), "{expected}\nnot in\n{text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn unreadable_files_and_unknown_flags_are_refused_in_one_line() {
    let text = refused(&[], &[], "port = 1\nhost = \n");
    assert!(text.contains("line 2"), "{text}");
    assert!(refused(&["--prot", "1"], &[], "").contains("--prot"));
    let arguments = ["kimi-dashboard", "--config", "/nowhere.toml"].map(Into::into);
    let exit = settings::load(arguments.into_iter(), |_| None).unwrap_err();
    assert!(exit.text.contains("/nowhere.toml"), "{}", exit.text);
}

#[test]
fn help_and_version_end_well() {
    for (flag, expected) in [("--help", "--db-path"), ("--version", "kimi-dashboard 0")] {
        let exit = load(&[flag], &[], "").unwrap_err();
        assert_eq!(exit.code, 0);
        assert!(exit.text.contains(expected), "{}", exit.text);
    }
}

#[test]
fn an_agent_is_read_with_its_defaults() {
    let file = "[[agent]]\nname = \"shell\"\nkind = \"process\"\ncommand = [\"sh\"]\nenv = { KEY = \"hunter2\" }";
    let config = load(&[], &[], file).unwrap();
    let agent = &config.agents[0];
    assert_eq!(agent.title, "shell");
    assert_eq!(
        (
            agent.concurrency,
            agent.timeout_seconds,
            agent.grace_seconds
        ),
        (1, 3600, 5)
    );
    assert!(agent.enabled);
    let KindConfig::Process(process) = &agent.kind else {
        panic!("a process");
    };
    assert_eq!(process.env["KEY"].expose(), "hunter2");
    assert_eq!(
        (process.input, process.allow_dash),
        (InputMode::None, false)
    );
    assert!(process.cwd.is_none() && process.pass_env.is_empty());
    assert!(!format!("{agent:?}").contains("hunter2"));
}

#[test]
fn simulated_tasks_never_reach_a_real_program() {
    let file = "[[agent]]\nname = \"shell\"\nkind = \"process\"\ncommand = [\"true\"]\n";
    let config = load(&["--mock"], &[], file).unwrap();
    assert!(
        config
            .agents
            .iter()
            .all(|agent| agent.kind() == AgentKind::Fake)
    );
    assert!(!config.agents.is_empty());
}

#[test]
fn mock_brings_its_own_agents_and_keeps_nothing() {
    let config = load(&["--mock"], &[("DATABASE_URL", "postgres://host")], "").unwrap();
    assert!(matches!(config.database, DatabaseConfig::Temporary));
    let names: Vec<_> = config.agents.iter().map(|agent| &agent.name).collect();
    assert_eq!(names, ["code-gen", "security", "writer"]);
    let own = "[[agent]]\nname = \"mine\"\nkind = \"fake\"";
    let config = load(&[], &[("DASHBOARD_MOCK", "true")], own).unwrap();
    assert_eq!(config.agents.len(), 1);
}

#[test]
fn secrets_do_not_show_themselves() {
    let url = "postgres://user:hunter2@host/db";
    let config = load(&["--database-url", url], &[], "").unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let DatabaseConfig::Postgres { url: secret } = config.database else {
        panic!("PostgreSQL");
    };
    assert_eq!(Secret::expose(&secret), url);
}

#[test]
fn mock_simulates_a_loop_unless_it_is_told_of_one() {
    let mock = load(&["--mock"], &[], "").unwrap();
    assert!(mock.simulate_loop && mock.convergence_urls.is_empty());
    let url = "ws://host:1";
    let flags = load(&["--mock", "--convergence-url", url], &[], "").unwrap();
    let variable = load(&["--mock"], &[("CONVERGENCE_WS_URL", url)], "").unwrap();
    let file = load(&["--mock"], &[], "convergence_urls = ['ws://host:1']").unwrap();
    for told in [flags, variable, file] {
        assert!(!told.simulate_loop);
        assert_eq!(told.convergence_urls, [url]);
    }
    assert!(!load(&[], &[], "").unwrap().simulate_loop);
}

#[test]
fn a_database_in_memory_is_refused_and_the_file_is_told() {
    let text = refused(&["--db-path", ":memory:"], &[], "");
    assert!(
        text.contains("db_path: is a file") && text.contains("--mock"),
        "{text}"
    );
    let config = load(&[], &[], "").unwrap();
    assert!(config.file.is_absolute(), "{:?}", config.file);
}

#[test]
fn every_setting_of_a_process_is_read() {
    let file = r#"
        [[agent]]
        name = "CLAWS.BOT"
        kind = "process"
        profile = "lines"
        command = ["agent", "{description}"]
        input = "lines"
        allow_dash = true
        pass_env = ["ANTHROPIC_API_KEY"]
        capabilities = ["review"]
        projects = ["default", "other"]
        idle_timeout_seconds = 60
    "#;
    let config = load(&[], &[], file).unwrap();
    let agent = &config.agents[0];
    let KindConfig::Process(process) = &agent.kind else {
        panic!("a process");
    };
    assert_eq!(
        (process.input, process.allow_dash),
        (InputMode::Lines, true)
    );
    assert_eq!(process.pass_env, ["ANTHROPIC_API_KEY"]);
    assert_eq!((agent.projects.len(), agent.idle_timeout_seconds), (2, 60));
    assert_eq!(
        (agent.name.as_str(), agent.takes),
        ("CLAWS.BOT", Takes::Any)
    );
}

#[test]
fn a_shell_takes_only_tasks_that_name_it_unless_told_otherwise() {
    let agent = |more: &str| {
        let file = format!("[[agent]]\nname = \"shell\"\nkind = \"process\"\n{more}");
        load(&[], &[], &file).unwrap().agents[0].takes
    };
    let runs = "command = [\"bash\", \"-c\", \"{description}\"]\n";
    assert_eq!(agent(runs), Takes::Requested);
    assert_eq!(agent(&format!("{runs}takes = \"any\"")), Takes::Any);
    let reads = "command = [\"cat\"]\nstdin = \"{description}\"\n";
    assert_eq!(agent(reads), Takes::Any);
    assert_eq!(
        agent(&format!("{reads}takes = \"requested\"")),
        Takes::Requested
    );
}

#[test]
fn wrong_settings_of_an_agent_are_named() {
    let file = r#"
        [[agent]]
        name = "one"
        kind = "process"
        comand = ["x"]
        input = "json"
        takes = "all"
        profile = "claude"
        evidence = ["*.png"]
        pass_env = ["A=b"]
        capabilities = [" padded"]
        [[agent]]
        name = "two"
        kind = "remote"
        pass_env = ["A"]
        script = "log x"
        [[agent]]
        name = ".."
        kind = "external"
    "#;
    let text = refused(&[], &[], file);
    for expected in [
        "agent \"one\": comand: unknown setting; the nearest is \"command\"",
        "agent \"one\": input: \"json\": use \"none\" or \"lines\"",
        "agent \"one\": takes: \"all\": use \"any\" or \"requested\"",
        "agent \"one\": profile: profile \"claude\" is not supported by this version",
        "agent \"one\": evidence: collecting evidence is not there yet",
        "agent \"one\": pass_env: \"A=b\" is no name of a variable",
        "agent \"one\": capabilities: at most 100 words",
        "agent \"two\": pass_env: only an agent of kind \"process\" has it",
        "agent \"two\": script: only an agent of kind \"fake\" has it",
        "agent \"..\": name: use letters",
        "agent \"..\": kind: an external agent only reports",
    ] {
        assert!(text.contains(expected), "{expected}\nnot in\n{text}");
    }
}

#[test]
fn a_check_says_what_an_agent_sees_and_misses_but_no_values() {
    let file = r#"
        [[agent]]
        name = "shell"
        kind = "process"
        command = ["bash", "-c", "{description} {ticket} ${HOME}"]
        env = { OWN = "hunter2" }
        pass_env = ["KEY", "ABSENT"]
        [[agent]]
        name = "worker"
        kind = "remote"
    "#;
    let config = load(&[], &[], file).unwrap();
    let present = ["PATH", "KEY", "AWS_SECRET_ACCESS_KEY", "LC_ALL"];
    let text = check::describe(&config, &present.map(str::to_owned).into());
    for expected in [
        "sees of this environment: KEY, LC_ALL, PATH",
        "is given: OWN, PYTHONUNBUFFERED, TASK_ID",
        "does not see: AWS_SECRET_ACCESS_KEY\n",
        "is to see what is not in this environment: ABSENT",
        "{ticket} looks like a placeholder and stays as it is",
        "takes only tasks that name it, since it runs their words as a program",
        "agent \"worker\" (remote)\n  runs elsewhere",
    ] {
        assert!(text.contains(expected), "{expected}\nnot in\n{text}");
    }
    assert!(
        !text.contains("hunter2") && !text.contains("{HOME}"),
        "{text}"
    );
}
