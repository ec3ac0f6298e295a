//! What stands in a database beside tables becomes source: types, functions and all that goes with them.
//! Each database is pulled, and there is nothing left to do; what was pulled makes the same in an empty
//! one, of which the same is pulled.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

#[path = "../support/mod.rs"]
mod support;

mod circles;
mod compiled;
mod functions;
mod round;
mod types;
mod views;
