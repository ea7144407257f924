//! The public HTTP interface, one file per noun: every route, what it refuses, and what odd
//! input does to it.

mod activity;
mod agents;
mod changes;
mod docs;
mod external;
mod fields;
mod guard;
mod health;
mod lists;
mod logs;
mod odd_input;
mod picking;
mod projects;
mod questions;
mod repeats;
mod tasks;
mod text;
mod usage;
mod waiting;
mod worker;
