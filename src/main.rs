//! The dashboard server. Everything it does is in the library.

fn main() -> std::process::ExitCode {
    kimi_dashboard::server::main()
}
