//! Pages whose program the browser loads when they are first opened, so that the first load
//! stays small. A chunk holds the pages that are opened together.
//!
//! `cargo leptos build --release --split` cuts the program at the functions marked here.
//! Development builds are not cut, so that `cargo leptos watch` needs no flag.

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use leptos_router::LazyRoute;

use super::browser;
use super::pages;
use super::state::Toasts;
use crate::domain::{AppError, Code};

/// How long to wait before a chunk is asked for again, in milliseconds; doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: u64 = 500;

const LONGEST_WAIT: u64 = 8000;

macro_rules! page_of_chunk {
    ($(#[$doc:meta])* $route:ident, $chunk:ident, $load:ident, $page:path) => {
        $(#[$doc])*
        pub(super) struct $route(Toasts);

        impl LazyRoute for $route {
            fn data() -> Self {
                Self(Toasts::get())
            }

            async fn view(this: Self) -> AnyView {
                let mut wait = FIRST_WAIT;
                loop {
                    if let Ok(view) = $load().await {
                        return view;
                    }
                    wait = wait_for_server(this.0, wait).await;
                }
            }
        }

        #[cfg(not(debug_assertions))]
        #[leptos::wasm_split::wasm_split($chunk, wasm_split_path = ::leptos::wasm_split, fallible)]
        fn $load() -> Result<AnyView, SplitLoaderError> {
            Ok($page().into_any())
        }

        #[cfg(debug_assertions)]
        async fn $load() -> Result<AnyView, SplitLoaderError> {
            Ok($page().into_any())
        }
    };
}

page_of_chunk!(
    /// The page at `/tasks/:number`.
    TaskRoute, task, load_task, pages::TaskPage
);
page_of_chunk!(
    /// The page at `/agents`.
    AgentsRoute, agents, load_agents, pages::AgentsPage
);
page_of_chunk!(
    /// The page at `/agents/:name`.
    AgentRoute, agents, load_agent, pages::AgentPage
);
page_of_chunk!(
    /// The page at `/convergence`.
    ConvergenceRoute, convergence, load_convergence, pages::ConvergencePage
);
page_of_chunk!(
    /// The page at `/convergence/:id`.
    SessionRoute, convergence, load_session, pages::SessionPage
);

page_of_chunk!(
    /// The page at `/projects`.
    ProjectsRoute, agents, load_projects, pages::ProjectsPage
);

/// The page that is there stays while the next one cannot be loaded; answers how long to wait
/// the next time.
async fn wait_for_server(toasts: Toasts, wait: u64) -> u64 {
    if wait > FIRST_WAIT {
        toasts.fail(&AppError {
            code: Code::Unavailable,
            detail: "This page could not be loaded: the server does not answer, or was upgraded. \
                     Trying again; reload to be sure."
                .to_owned(),
            errors: Vec::new(),
        });
    }
    browser::pause(wait).await;
    (wait * 2).min(LONGEST_WAIT)
}
