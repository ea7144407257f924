//! Gravity: periodic, input-free, idempotent. Each loop ends when the server stops.

mod drain_metrics;
mod expire_leases;
mod forget_keys;
mod interrupt_silent;
mod refresh_queue;

pub(crate) use drain_metrics::drain_metrics;
pub(crate) use expire_leases::expire_leases;
pub(crate) use forget_keys::forget_keys;
pub(crate) use interrupt_silent::interrupt_silent;
pub(crate) use refresh_queue::refresh_queue;
