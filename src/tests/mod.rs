//! Tests of the whole: the server as it runs, over real sockets, on real databases, with real
//! agents. What one module promises by itself is tested beside it.
//!
//! PostgreSQL is tested where `TEST_POSTGRES_URL` names a server on which databases can be
//! created, the programs where they were built before (see [`support`]). `make test` sees to both.

mod agents;
mod api;
mod clocks;
mod connections;
mod converge;
mod convergence;
mod crash;
mod cut_claims;
mod feed;
mod first_steps;
mod forms;
mod import;
mod outages;
mod pages;
mod restart;
mod rules;
mod storage;
mod support;
mod survival;
mod tidy;
