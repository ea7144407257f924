//! The public HTTP interface, one file per noun: every route, what it refuses, and what odd
//! input does to it.

mod changes;
mod external;
mod lists;
mod odd_input;
mod tasks;
