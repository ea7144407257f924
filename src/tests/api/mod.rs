//! The public HTTP interface, one file per noun: every route, what it refuses, and what odd
//! input does to it.

mod activity;
mod agents;
mod bodies;
mod changes;
mod contract;
mod docs;
mod external;
mod fields;
mod guard;
mod health;
mod limits;
mod lists;
mod logs;
mod odd_input;
mod parameters;
mod picking;
mod problems;
mod projects;
mod python_clients;
mod questions;
mod raw;
mod repeats;
mod shapes;
mod tasks;
mod text;
mod usage;
mod waiting;
mod worker;
