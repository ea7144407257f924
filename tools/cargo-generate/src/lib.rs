//! Stands in for cargo-generate, which only `cargo leptos new` calls: the dashboard is built without it.

/// What `cargo leptos new` was asked for.
#[derive(Debug, Default)]
pub struct GenerateArgs {
    pub template_path: TemplatePath,
    pub name: Option<String>,
    pub force: bool,
    pub verbose: bool,
    pub init: bool,
}

/// Where the template is.
#[derive(Debug, Default)]
pub struct TemplatePath {
    pub git: Option<String>,
    pub branch: Option<String>,
    pub tag: Option<String>,
    pub path: Option<String>,
}

/// Makes nothing, and says how to get what does.
pub fn generate(_: GenerateArgs) -> anyhow::Result<()> {
    anyhow::bail!(
        "This cargo-leptos builds Kimi Dashboard and has no `new`: `cargo install --locked --force cargo-leptos` installs the whole of it."
    )
}
