//! `cargo rls`: reads declarations, and makes a database hold them.
//!
//! Exit codes: 0 nothing to do or done, 1 error, 2 there is a difference.

mod args;
mod boundary;
mod caller;
mod commands;
mod config;
mod configuration;
mod database;
mod draft;
mod error;
mod extensions;
mod layout;
mod many;
mod migrations;
mod name_or_table;
mod output;
mod plan_output;
mod privileges;
mod progress;
mod project;
mod report;
mod roles;
mod tls;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = args::without_subcommand_name(std::env::args_os());
    let args = match Args::try_parse_from(&arguments) {
        Ok(args) => args,
        Err(error) => return output::usage(&error, arguments.iter().any(|arg| arg == "--json")),
    };
    let json = args.json || args.command.prints_json();
    let result = commands::run(args).await;
    output::finish(result, json)
}
