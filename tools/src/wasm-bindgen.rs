//! `wasm-bindgen`: the program of the crate, of which cargo-leptos asks for the browser's side.

fn main() -> std::process::ExitCode {
    env_logger::init();
    match wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(std::env::args_os()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why:?}");
            std::process::ExitCode::FAILURE
        }
    }
}
