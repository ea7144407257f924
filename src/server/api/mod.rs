//! The public HTTP interface: one file per noun. Handlers read the request, call one operation,
//! and shape the answer; what is allowed and what follows is decided below.

mod activity;
mod agents;
mod body;
mod complaint;
mod creating;
mod docs;
mod etag;
mod events;
mod export;
mod frames;
mod guard;
mod health;
mod host;
mod json;
mod known;
mod live;
mod logs;
mod numbers;
mod params;
mod payload;
mod projects;
mod request_id;
mod sessions;
mod tasks;
mod unheard;

pub(crate) use docs::documented;
pub(crate) use guard::guard;
pub(crate) use health::describe_metrics;
pub(crate) use unheard::unheard;
