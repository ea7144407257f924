//! `cargo leptos`: the program of the crate, but for `new`.

use cargo_leptos::config::Cli;
use clap::Parser;

#[tokio::main]
async fn main() -> color_eyre::Result<()> {
    color_eyre::install()?;
    // `cargo leptos …` starts it with its own name before the command.
    let named = std::env::args().nth(1).is_some_and(|it| it == "leptos");
    let said = std::env::args()
        .enumerate()
        .filter(|(at, _)| !named || *at != 1);
    let cli = Cli::parse_from(said.map(|(_, it)| it));
    let verbose = cli.opts().map_or(0, |it| it.verbose);
    cargo_leptos::logger::setup(verbose, &cli.log);
    cargo_leptos::run(cli).await
}
