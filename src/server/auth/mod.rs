//! Who is asking, and proof of what they may do. Pure: knows neither storage nor HTTP routes.

mod actor;

pub(crate) use actor::{Actor, Operator, Viewer};
