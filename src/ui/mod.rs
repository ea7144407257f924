//! What people see: pages, the components they are made of, and the state they share.
//!
//! Read in this order: [`app`] (providers and routes), `pages`, `components`, `state`.
//! Pages fetch and hold; components only show. `data` asks the server, `dynamic` keeps what the browser loads small. `browser` is the only door to the browser's
//! own objects, so that everything else also runs on the server.

#![expect(
    unreachable_pub,
    reason = "the component macro writes `pub` inside, whatever stands before `fn`"
)]

mod app;
mod assets;
mod browser;
mod chunks;
mod components;
mod data;
mod dynamic;
mod pages;
mod paths;
mod shell;
mod state;

pub use app::App;
pub use data::Answers;
pub use shell::shell;
