//! What a command says: text for people, or one JSON document for programs, and an exit code.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anstream::{eprint, eprintln, print, println};
use anstyle::{AnsiColor, Style};
use rls_core::apply::Applied;
use rls_core::model::Ident;
use serde_json::{Value, json};

use crate::args::Format;
use crate::error::{Error, Message, Result};
use crate::report::Report;

/// What a command that did not fail has to say.
#[derive(Default)]
pub(crate) struct Output {
    /// For people, ready to print.
    pub(crate) text: String,
    /// For programs: an object.
    pub(crate) json: Value,
    /// Whether the exit code is 2.
    pub(crate) difference: bool,
}

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const BLUE: Style = AnsiColor::Blue.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();

/// Text in a style; a stream that is no terminal takes it out again.
pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Prints what a command has to say, and ends with its code.
pub(crate) fn finish(result: Result<Output>, json: bool) -> ExitCode {
    match result {
        Ok(output) => {
            if json {
                println!("{:#}", output.json);
            } else {
                print!("{}", output.text);
            }
            // A reader that has gone away is no error of ours.
            let _ = std::io::stdout().flush();
            ExitCode::from(if output.difference { 2 } else { 0 })
        }
        Err(error) => {
            if json {
                println!("{:#}", error_document(&error));
            } else {
                error_text(&error);
            }
            ExitCode::from(1)
        }
    }
}

/// What is wrong with the command line, or the help that was asked for. Clap's own code for the
/// former is 2, which here means a difference.
pub(crate) fn usage(error: &clap::Error, json: bool) -> ExitCode {
    if !error.use_stderr() {
        print!("{}", error.render().ansi());
        return ExitCode::SUCCESS;
    }
    if json {
        let message = error.render().to_string();
        let message = message.trim().trim_start_matches("error: ");
        println!("{:#}", json!({ "errors": [{ "message": message, "help": null }] }));
    } else {
        eprint!("{}", error.render().ansi());
    }
    ExitCode::from(1)
}

fn error_text(error: &Error) {
    match error {
        Error::Declaration(errors, sources) => {
            eprint!("{}", Report::of_mistakes(errors, sources).render(Format::Text));
        }
        Error::Check { text, json: _, document: true } => print!("{text}"),
        Error::Check { text, json: _, document: false } => eprint!("{text}"),
        Error::User(Message { message, hint }) => {
            eprintln!("{}: {message}", styled(RED, "error"));
            if let Some(hint) = hint {
                eprintln!("{}: {hint}", styled(BOLD, "help"));
            }
        }
        Error::Internal(message) => {
            eprintln!("{}: {message}", styled(RED, "internal error"));
            eprintln!("This is a mistake in cargo rls itself; please report it.");
        }
    }
}

/// What a failed command says to programs.
fn error_document(error: &Error) -> Value {
    match error {
        Error::Check { json, .. } => json.clone(),
        error => json!({ "errors": error_json(error) }),
    }
}

pub(crate) fn error_json(error: &Error) -> Value {
    match error {
        Error::Declaration(errors, sources) => {
            Report::of_mistakes(errors, sources).json()["errors"].take()
        }
        Error::Check { json, .. } => json["errors"].clone(),
        Error::User(Message { message, hint }) => json!([{ "message": message, "help": hint }]),
        Error::Internal(message) => json!([{ "message": message, "internal": true }]),
    }
}

/// A migration that has just been applied, or undone, for programs.
pub(crate) fn applied_json(applied: &Applied) -> Value {
    json!({
        "version": applied.version,
        "name": applied.name,
        "duration_ms": milliseconds(applied.duration),
    })
}

/// A time as JSON has it.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A note for each role that the server does not have.
pub(crate) fn missing_notes(missing: &BTreeSet<Ident>) -> impl Iterator<Item = String> {
    missing.iter().map(|role| format!("the server does not have the role `{role}`"))
}

/// Notes under a text, one line each.
pub(crate) fn notes_text(notes: &[String]) -> String {
    notes.iter().map(|note| format!("{} {note}\n", styled(YELLOW, "note:"))).collect()
}

/// `1 step`, `2 steps`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
