//! Files that were written for the Python loop, or for a shell.

use super::{RunFlags, STEP, load, read};

/// The file that the Python loop comes with, as its `config init` writes it.
const PYTHON: &str = r"
loop:
  max_iterations: 10
  convergence_threshold: 0.95
  timeout_seconds: 3600
  backoff_seconds: 1.0
steps:
  diagnose:
    enabled: true
    tool: kimi-security-auditor
    args:
    - --scan
    - .
    env: {}
    timeout_seconds: 300
  fix:
    enabled: true
    tool: kimi-sysadmin-ai
    args: [--auto-apply]
    env: {}
    timeout_seconds: 300
  attack:
    enabled: true
    tool: pytest
    args: [--collect-only, -q]
    timeout_seconds: 300
  validate:
    enabled: true
    tool: pytest
    args: [-v, --tb=short]
    timeout_seconds: 300
events:
  webhook_url: ''
  emit_interval: 5
  buffer_size: 1000
target: .
";

#[test]
fn the_file_of_the_python_loop_is_read_as_it_stands() {
    let flags = RunFlags {
        target: None,
        ..RunFlags::default()
    };
    let settings = load(PYTHON, flags, &[]).unwrap();
    let limits = (settings.max_iterations, settings.convergence_threshold);
    assert_eq!(limits, (10, 1));
    assert!(settings.webhook.is_none());
    assert!(settings.steps.iter().all(|step| step.enabled));
    assert_eq!(settings.steps[0].args, ["--scan", "."]);
    let remarks = settings.remarks.join("\n");
    assert_eq!(settings.remarks.len(), 1, "{remarks}");
    let words = "line 4: loop.convergence_threshold: 0.95 is the Python loop's, which ends after \
        one clean iteration; so does this: 1";
    assert!(remarks.ends_with(words), "{remarks}");
    // Its documentation has more, which does nothing there either.
    let more = format!(
        "{PYTHON}notifications: {{slack: {{on_events: [ERROR]}}}}\nlogging: {{level: debug}}\n"
    );
    let more = more.replace(
        "    tool: pytest\n",
        "    tool: pytest\n    working_dir: ./x\n",
    );
    let more = more.replace("  attack:", "  custom_step: {tool: x}\n  attack:");
    let settings = load(&more, RunFlags::default(), &[]).unwrap();
    let remarks = settings.remarks.join("\n");
    for words in [
        "notifications: is not used; known here: ",
        "logging: is not used",
        "steps.attack.working_dir: is not used",
        "steps.validate.working_dir: is not used",
        "steps.custom_step: is not used; known here: diagnose, fix, attack, validate",
    ] {
        assert!(remarks.contains(words), "{words}: {remarks}");
    }
    // A wrong value is one there too.
    let wrong = load(&PYTHON.replace("0.95", "9.5"), RunFlags::default(), &[]).unwrap_err();
    assert!(wrong.contains("convergence_threshold: expected"), "{wrong}");
}

#[test]
fn what_only_a_shell_would_replace_is_told() {
    let yaml = "steps:\n  fix:\n    tool: mend\n    args: [~, '~/x', 'a~b', $HOME]\n    \
        env: {A: ~/y, B: '${C}', D: e}\n";
    let settings = load(yaml, RunFlags::default(), &[]);
    // A lone `~` is no text.
    assert!(
        settings
            .unwrap_err()
            .contains("steps.fix.args: expected a list of texts")
    );
    let settings = load(&yaml.replace("~, ", ""), RunFlags::default(), &[]).unwrap();
    let remarks = settings.remarks.join("\n");
    assert_eq!(settings.remarks.len(), 3, "{remarks}");
    for words in [
        "line 4: steps.fix.args: \"~/x\" reaches the program as it is; you may mean /home/me/x",
        "line 5: steps.fix.env: A is \"~/y\" as it stands; you may mean /home/me/y",
        "line 5: steps.fix.env: B is \"${C}\" as it stands; steps see the variables of this shell",
    ] {
        assert!(remarks.contains(words), "{words}: {remarks}");
    }
}

#[test]
fn a_target_is_a_folder_that_is_written_as_it_is() {
    for (target, words) in [
        (
            "~",
            "target: a lone ~ is nothing in YAML; write the folder, such as /home/me",
        ),
        ("~/web", "write the folder, /home/me/web"),
        ("~you/web", "write the folder, it from / on"),
        (
            "https://example.org",
            "target: expected a folder or a file, not an address",
        ),
        ("nowhere", "target: cannot find "),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("c.yaml");
        std::fs::write(&config, format!("target: {target}\n{STEP}")).unwrap();
        let flags = RunFlags {
            config,
            ..RunFlags::default()
        };
        let home = |name: &str| (name == "HOME").then(|| "/home/me".to_owned());
        let wrong = read(&flags, home).unwrap_err().join("\n");
        assert!(wrong.contains(words), "{target}: {wrong}");
        assert!(wrong.contains("line 1: target: "), "{target}: {wrong}");
        // A flag that nobody has replaced either.
        let flags = RunFlags {
            target: Some("~/web".into()),
            ..flags
        };
        let wrong = read(&flags, home).unwrap_err().join("\n");
        assert_eq!(wrong.matches("target: ").count(), 1, "{wrong}");
        assert!(wrong.contains("write the folder, /home/me/web"), "{wrong}");
    }
}
