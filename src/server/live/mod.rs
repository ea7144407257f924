//! The live feed: numbered messages, each serialised once, shared by all who follow.

mod bus;
mod history;
mod message;

pub(crate) use bus::{Bus, Messages, NoMessage};
pub(crate) use message::{Message, Outgoing, for_scope};
