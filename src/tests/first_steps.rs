//! What somebody meets who starts the program for the first time, as the program itself.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::support::{Client, PATIENCE, binary};
use super::tidy::root;

const AGENTS: &str = "[[agent]]\nname = \"words\"\nkind = \"fake\"\ntakes = \"requested\"\n\
    [[agent]]\nname = \"shell\"\nkind = \"process\"\ncommand = [\"true\"]\nenabled = false\n";

/// A server in this folder with nothing said but these variables; its first line of log, and a client.
async fn serve(folder: &Path, variables: &[(&str, &str)]) -> (Child, String, Client) {
    let mut command = Command::new(binary("kimi-dashboard"));
    command.args(["--port", "0"]).current_dir(folder);
    command
        .env_remove("RUST_LOG")
        .envs(variables.iter().copied());
    command.stdin(Stdio::null()).kill_on_drop(true);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = timeout(PATIENCE, async {
        (log.next_line().await, out.next_line().await)
    });
    let (first, ready) = said.await.expect("it starts in time");
    let ready = ready.unwrap().expect("it says where it listens");
    let address = ready.strip_prefix("listening on http://").unwrap();
    // What it says later has a reader, too.
    child.stderr = Some(log.into_inner().into_inner());
    (
        child,
        first.unwrap().unwrap(),
        Client::new(address.parse().unwrap()),
    )
}

async fn run(words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(binary("kimi-dashboard"));
    let output = command.args(words).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn the_first_line_of_the_log_names_the_agents_and_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, first, _client) = serve(folder.path(), &[]).await;
    assert!(
        first.contains("agents: none are configured; 0 tasks wait"),
        "{first}"
    );
    child.kill().await.unwrap();
    std::fs::write(folder.path().join("dashboard.toml"), AGENTS).unwrap();
    let (mut child, first, client) = serve(folder.path(), &[]).await;
    assert!(
        first.contains("agents: words, shell (disabled); 0 tasks wait"),
        "{first}"
    );
    client
        .create(serde_json::json!({"description": "one"}))
        .await;
    child.kill().await.unwrap();
    let (_child, first, _client) = serve(folder.path(), &[]).await;
    assert!(
        first.contains("agents: words, shell (disabled); 1 task waits"),
        "{first}"
    );
}

#[tokio::test]
async fn a_page_may_be_loaded_again_by_cargo_leptos_while_it_watches_and_never_else() {
    let folder = tempfile::tempdir().unwrap();
    let policy = async |client: &Client| {
        let page = client.get("/").await.expect(200);
        page.header("content-security-policy").to_owned()
    };
    let watched = [("LEPTOS_WATCH", "true"), ("LEPTOS_RELOAD_PORT", "4711")];
    let (mut child, _, client) = serve(folder.path(), &watched).await;
    let said = policy(&client).await;
    assert!(
        said.contains("connect-src 'self' ws://localhost:4711 ws://127.0.0.1:4711"),
        "{said}"
    );
    let page = client.get("/").await.text();
    assert!(page.contains("4711"), "the page asks there");
    child.kill().await.unwrap();
    let (_child, _, client) = serve(folder.path(), &[]).await;
    assert!(!policy(&client).await.contains("connect-src"));
}

#[tokio::test]
async fn what_cargo_leptos_serves_keeps_its_data_among_the_products_of_the_build() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("target")).unwrap();
    let variables = [
        ("LEPTOS_OUTPUT_NAME", "kimi-dashboard"),
        ("LEPTOS_SITE_ROOT", "target/site"),
    ];
    let (_child, ..) = serve(folder.path(), &variables).await;
    assert!(folder.path().join("target/dashboard.db").is_file());
    assert!(!folder.path().join("dashboard.db").exists());
}

/// Every command of the Makefile, with what `make help` says of it.
#[test]
fn make_help_lists_every_command() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    let phony = makefile
        .lines()
        .filter_map(|line| line.strip_prefix(".PHONY:"));
    let commands: Vec<&str> = phony.flat_map(str::split_whitespace).collect();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        let begins = format!("{command}:");
        let listed = |line: &str| line.starts_with(&begins) && line.contains(" ## ");
        assert!(makefile.lines().any(listed), "{command} has no words");
    }
}

#[tokio::test]
async fn what_a_machine_lacks_to_build_it_is_said_in_one_sentence() {
    let programs = tempfile::tempdir().unwrap();
    let needs = async || {
        let mut command = Command::new("/bin/bash");
        command
            .arg(root().join(".ci/needs"))
            .env("PATH", programs.path());
        let output = command.output().await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.lines().count() <= 1, "{said}");
        (output.status.success(), said)
    };
    let program = |name: &str, script: &str| {
        let path = programs.path().join(name);
        std::fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    };
    let (enough, said) = needs().await;
    assert!(
        !enough && said.contains("rustup") && said.contains("Node.js 20"),
        "{said}"
    );
    assert!(said.contains("C compiler"), "{said}");
    for name in ["rustup", "cargo", "npm", "cc"] {
        program(name, "exit 0");
    }
    program(
        "node",
        "[ \"$1\" = --version ] && { echo v18.20.0; exit 0; }; exit 1",
    );
    let (enough, said) = needs().await;
    assert!(
        !enough && said.contains("this is v18.20.0") && !said.contains("rustup"),
        "{said}"
    );
    program("node", "exit 0");
    assert_eq!(needs().await, (true, String::new()));
}

#[tokio::test]
async fn shells_complete_every_flag_and_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, out, err) = run(&["completions", shell]).await;
        assert_eq!((code, err.as_str()), (Some(0), ""), "{shell}");
        for word in [
            "convergence-url",
            "db-path",
            "import",
            "completions",
            "check",
        ] {
            assert!(out.contains(word), "{shell}: {word}");
        }
    }
    for words in [
        &["completions"][..],
        &["completions", "tcsh"],
        &["completions", "bash", "zsh"],
    ] {
        let (code, out, err) = run(words).await;
        assert_eq!(
            (code, out.as_str(), err.lines().count()),
            (Some(2), "", 1),
            "{words:?}"
        );
        assert!(
            err.contains("bash, zsh, fish, elvish or powershell"),
            "{err}"
        );
    }
}
