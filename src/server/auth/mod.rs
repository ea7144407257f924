//! Who is asking, and proof of what they may do. Pure: knows neither storage nor HTTP routes.

mod actor;
mod actors;

#[cfg(test)]
pub(crate) use actor::Roles;
pub(crate) use actor::{Actor, Admin, Maintainer, Operator, Viewer};
pub(crate) use actors::Actors;
