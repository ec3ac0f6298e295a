//! The thread that owns the embedded Postgres.

use std::fs;
use std::path::Path;
use std::sync::mpsc::Receiver;

use oliphaunt_wasix::DatabaseStorage;
use oliphaunt_wasix::session::{
    CatalogProfile, PostgresConfig, PreparedDatabase, PreparedRuntime, ProtocolPumpOutcome,
    ProtocolSession, StartupConfig, startup_error_response_output,
};
use tokio::sync::oneshot;

use super::frames::{self, Next};
use super::line::Line;
use super::{SUPERUSER, Visit};

/// The database of the session that is opened before anyone asks.
const DATABASE: &str = "postgres";

/// Opens the database, says so, serves every visit, and closes the database.
pub(super) fn run(
    dir: &Path,
    visits: &Receiver<Visit>,
    opened: oneshot::Sender<Result<(), String>>,
) -> Result<(), String> {
    let (mut prepared, runtime, first) = match open(dir) {
        Ok(parts) => parts,
        Err(reason) => {
            let _ = opened.send(Err(reason));
            return Ok(());
        }
    };
    let _ = opened.send(Ok(()));
    let mut ready = Some(first);
    for visit in visits {
        receive(&runtime, ready.take(), visit)?;
    }
    if let Some(mut unused) = ready {
        unused.shutdown().map_err(said)?;
    }
    drop(runtime);
    prepared.release().map_err(said)
}

/// A session is opened at once: a database that does not work shows here, and the first client need
/// not wait.
fn open(dir: &Path) -> Result<(PreparedDatabase, PreparedRuntime, ProtocolSession), String> {
    if !dir.exists() {
        create(dir)?;
    }
    let prepared = prepare(dir)?;
    let runtime = prepared.runtime().map_err(said)?;
    let first = session(&runtime, DATABASE).map_err(|refusal| refusal.reason)?;
    Ok((prepared, runtime, first))
}

/// Makes the database whole or not at all: a first start that is killed must leave no half of one.
fn create(dir: &Path) -> Result<(), String> {
    let new = dir.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new).map_err(|error| error.to_string())?;
    }
    prepare(&new)?.release().map_err(said)?;
    fs::rename(&new, dir).map_err(|error| error.to_string())
}

fn prepare(dir: &Path) -> Result<PreparedDatabase, String> {
    let storage = DatabaseStorage::Directory(dir.to_owned());
    PreparedDatabase::prepare(storage, CatalogProfile::Standard, SUPERUSER).map_err(said)
}

/// Why there is no session: in words, and as the message that tells the client.
struct Refusal {
    reason: String,
    answer: Vec<u8>,
}

fn session(runtime: &PreparedRuntime, database: &str) -> Result<ProtocolSession, Refusal> {
    let startup = StartupConfig { username: SUPERUSER.to_owned(), database: database.to_owned() };
    // No other durability is given up: a session never shuts the cluster down in order, so that every
    // next one recovers from what was written at commit.
    let mut config = PostgresConfig::default();
    config.insert("fsync", "off");
    // As in every Postgres; this one's own defaults differ.
    config.insert("search_path", "\"$user\", public");
    config.insert("allow_system_table_mods", "off");
    runtime.open(config, startup).map_err(|error| {
        let answer = startup_error_response_output(&error).map(<[u8]>::to_vec);
        let reason = said(error);
        Refusal { answer: answer.unwrap_or_else(|| frames::fatal(&reason)), reason }
    })
}

/// Serves one visit. An error is one after which the database must not be used any more.
fn receive(
    runtime: &PreparedRuntime,
    ready: Option<ProtocolSession>,
    visit: Visit,
) -> Result<(), String> {
    let ready = match ready {
        Some(ready) if visit.database == DATABASE => Some(ready),
        Some(mut other) => {
            other.shutdown().map_err(said)?;
            None
        }
        None => None,
    };
    let opened = match ready {
        Some(ready) => Ok(ready),
        None => session(runtime, &visit.database),
    };
    match opened {
        Ok(mut session) => {
            let line = Line::new(visit.inbox, visit.outbox);
            if let Err(reason) = converse(&mut session, &line) {
                line.send(frames::fatal(&reason));
            }
            session.shutdown().map_err(said)
        }
        Err(refusal) => {
            let _ = visit.outbox.send(refusal.answer);
            Ok(())
        }
    }
}

/// Answers the client until it leaves.
fn converse(session: &mut ProtocolSession, line: &Line) -> Result<(), String> {
    let startup = loop {
        if let Some(count) = line.heard(frames::startup) {
            break line.take(count);
        }
        if !line.listen() {
            return Ok(());
        }
    };
    let response = session.startup_with_packet(&startup).map_err(said)?;
    line.send(response.output);
    if !response.accepted {
        return Ok(());
    }
    session.attach_protocol_stream(line.clone()).map_err(said)?;
    loop {
        let next = line.heard(frames::next);
        match next {
            Next::Serve(count) => {
                if !serve(session, line, count)? {
                    return Ok(());
                }
            }
            Next::Leave(count) => {
                serve(session, line, count)?;
                return Ok(());
            }
            Next::Wait => {
                if !line.listen() {
                    return Ok(());
                }
            }
        }
    }
}

/// Has the server answer these many bytes. A COPY makes the server read the line itself, until the
/// client leaves: then there is no more to serve, and this is false.
fn serve(session: &mut ProtocolSession, line: &Line, count: usize) -> Result<bool, String> {
    let request = line.take(count);
    match session.send_with_connection_protocol_pump(&request, Vec::new) {
        Ok(ProtocolPumpOutcome::Buffered(answer)) => {
            line.send(answer);
            Ok(true)
        }
        Ok(ProtocolPumpOutcome::Streamed) => Ok(false),
        Err(error) => Err(said(error)),
    }
}

fn said(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}
