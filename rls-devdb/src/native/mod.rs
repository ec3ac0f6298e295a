//! The native engine: a server process from the Postgres binaries of this machine.

mod find;
mod identity;
mod leftover;
mod place;
mod server;
mod socket;

pub(crate) use find::{Binaries, find};
pub(crate) use server::Server;
