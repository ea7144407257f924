//! The convergence loop. Everything it does is in the library.

fn main() -> std::process::ExitCode {
    kimi_dashboard::server::converge::main()
}
