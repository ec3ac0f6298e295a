//! The server process: made, started, connected to, stopped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::{Client, NoTls};

use super::find::Binaries;
use super::identity::Identity;
use super::place::Place;
use super::{leftover, socket};
use crate::error::{Doing, Error};

const PORT: u16 = 5432;
const START_PATIENCE: Duration = Duration::from_secs(60);
const START_PAUSE: Duration = Duration::from_millis(20);

/// A database that can be made anew need not survive a power cut. It is to survive a killed process,
/// so that commits are still written out, and pages whole; both cost little once nothing is synced.
const SETTINGS: [&str; 2] = ["listen_addresses=", "fsync=off"];

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    place: Place,
    socket: PathBuf,
    stopped: bool,
}

impl Server {
    /// Starts a server for `dir`, which the caller has locked, and waits until it answers.
    pub(crate) async fn start(binaries: Binaries, dir: &Path) -> Result<Server, Error> {
        let dir = dir.to_owned();
        let mut server = blocking(move || {
            let place = Place::prepare(&dir, binaries.major, Identity::for_new_data()?)?;
            leftover::clear(&place)?;
            if !place.data().exists() {
                initdb(&binaries, &place)?;
            }
            spawn(&binaries, place)
        })
        .await?;
        server.answers().await?;
        Ok(server)
    }

    async fn answers(&mut self) -> Result<(), Error> {
        let start = Instant::now();
        loop {
            let refused = match self.connect("postgres", "postgres").await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            if let Some(status) = self.child.try_wait().ok().flatten() {
                self.stopped = true;
                socket::remove_left(&self.place);
                return Err(self.failed(format!("ended while it was starting ({status})")));
            }
            if start.elapsed() > START_PATIENCE {
                let seconds = START_PATIENCE.as_secs();
                return Err(self.failed(format!("did not answer within {seconds} s ({refused})")));
            }
            tokio::time::sleep(START_PAUSE).await;
        }
    }

    fn failed(&self, what: String) -> Error {
        Error::Start {
            what,
            log: self.place.log(),
            tail: self.place.log_tail(),
            data: self.place.data(),
        }
    }

    pub(crate) async fn connect(&self, user: &str, database: &str) -> Result<Client, Error> {
        let connected = tokio_postgres::Config::new()
            .host_path(&self.socket)
            .port(PORT)
            .user(user)
            .dbname(database)
            .connect(NoTls)
            .await;
        let (client, connection) = connected.map_err(|source| Error::Connect {
            user: user.to_owned(),
            database: database.to_owned(),
            source,
        })?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// The socket's directory stands as the host, escaped: every driver for Postgres reads that.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        let host = escape(&self.socket.to_string_lossy());
        format!("postgres://{}@{host}:{PORT}/{}", escape(user), escape(database))
    }

    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        blocking(move || self.shut_down()).await
    }

    /// Ends the process, orderly if it lets us, and reaps it.
    fn shut_down(&mut self) -> Result<(), Error> {
        if self.stopped {
            return Ok(());
        }
        self.stopped = true;
        let ended = end(&mut self.child);
        socket::remove_left(&self.place);
        ended.map_err(|reason| Error::Stop(reason.to_string()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.shut_down();
    }
}

/// Makes the data directory, whole or not at all: a first start that is killed must leave no half of one.
fn initdb(binaries: &Binaries, place: &Place) -> Result<(), Error> {
    let data = place.data();
    let new = place.home.join("data.new");
    match fs::remove_dir_all(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).doing("remove what is left of a first start,", &new);
        }
        _ => {}
    }
    fs::create_dir(&new).doing("create the directory", &new)?;
    place.identity.give(&new)?;
    let program = binaries.program("initdb");
    let output = place
        .identity
        .command(&program, &place.home)
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8"])
        .args(["--locale=C", "--no-sync", "--no-instructions", "--pgdata"])
        .arg(&new)
        .output()
        .map_err(|source| Error::Run { program, source })?;
    if !output.status.success() {
        let _ = fs::remove_dir_all(&new);
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::Initdb { data, output });
    }
    fs::rename(&new, &data).doing("put in place", &data)
}

/// The server stays in the process group of this process, so that Ctrl-C in a terminal stops it too.
fn spawn(binaries: &Binaries, place: Place) -> Result<Server, Error> {
    let log = log(&place)?;
    let socket = socket::make(&place)?;
    let program = binaries.program("postgres");
    let mut command: Command = place.identity.command(&program, &place.home);
    command.arg("-D").arg(place.data());
    command.arg("-k").arg(&socket);
    command.args(["-p", &PORT.to_string()]);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::null()).stderr(log);
    match command.spawn() {
        Ok(child) => Ok(Server { child, place, socket, stopped: false }),
        Err(source) => {
            socket::remove_left(&place);
            Err(Error::Run { program, source })
        }
    }
}

/// A new log. The old file is removed, not emptied: it may be another user's.
fn log(place: &Place) -> Result<File, Error> {
    let path = place.log();
    let _ = fs::remove_file(&path);
    File::create(&path).doing("create the log", &path)
}

/// SIGINT is a fast shutdown, SIGQUIT an immediate one.
fn end(child: &mut Child) -> io::Result<()> {
    for (signal, patience) in [(Signal::INT, 10), (Signal::QUIT, 6), (Signal::KILL, 2)] {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        if let Ok(pid) = i32::try_from(child.id())
            && let Some(pid) = Pid::from_raw(pid)
        {
            kill_process(pid, signal)?;
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(patience) {
            if child.try_wait()?.is_some() {
                return match signal {
                    Signal::INT => Ok(()),
                    _ => Err(io::Error::other("it had to be forced")),
                };
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
    Err(io::Error::other("its process does not end"))
}

/// Percent-encodes all but the letters, digits and marks that mean nothing in a URL.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Runs what blocks where it does not hold up the runtime.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Stop(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn urls_are_escaped() {
        assert_eq!(escape("/tmp/rls-pg-1"), "%2Ftmp%2Frls-pg-1");
        assert_eq!(escape("a b@c"), "a%20b%40c");
    }
}
