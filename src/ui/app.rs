//! Providers and the route table.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{Lazy, SsrMode, path};

use super::browser;
use super::chunks::{
    AgentRoute, AgentsRoute, ConvergenceRoute, ProjectsRoute, SessionRoute, TaskRoute,
};
use super::components::{Frame, Toasts as ToastRegion};
use super::dynamic::escaped;
use super::pages::{NewTask, NotFoundPage, TasksPage};
use super::state::{Actions, Clock, Live, Shortcuts, Theme, TitleMark, Toasts};
use crate::domain::closed;

/// The whole site.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let clock = Clock::provide();
    let live = Live::provide(clock);
    Actions::provide(live, Toasts::provide());
    Theme::provide();
    let mark = TitleMark::provide();
    Shortcuts::provide();
    Effect::new(move |_| {
        clock.start();
        live.start();
        browser::set_root_attribute("data-hydrated", Some(""));
    });

    view! {
        <Title formatter=move |page| {
            format!("{}{} · Kimi Dashboard", mark.get(), escaped(closed(page)))
        }/>
        <Router>
            <Frame>
                // Complete HTML first: every route waits for its data on the server.
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view=TasksPage ssr=SsrMode::Async/>
                    <Route path=path!("/tasks") view=TasksPage ssr=SsrMode::Async/>
                    <Route path=path!("/tasks/:number") view={Lazy::<TaskRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/agents") view={Lazy::<AgentsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/agents/:name") view={Lazy::<AgentRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/projects") view={Lazy::<ProjectsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/convergence") view={Lazy::<ConvergenceRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/convergence/:id") view={Lazy::<SessionRoute>::new()} ssr=SsrMode::Async/>
                </FlatRoutes>
            </Frame>
            <NewTask/>
            <ToastRegion/>
        </Router>
    }
}
