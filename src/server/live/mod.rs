//! The live feed: numbered messages, each serialised once, shared by all who follow.

mod bus;
mod held;

pub(crate) use bus::{Bus, Message};
