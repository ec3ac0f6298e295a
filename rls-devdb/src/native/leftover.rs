//! Ending a server that a killed process left running.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::place::Place;
use super::socket;
use crate::error::{Doing, Error};

/// Leaves `place` with no server running in it. Call it with the directory locked.
pub(crate) fn clear(place: &Place) -> Result<(), Error> {
    let data = place.data();
    let note = data.join("postmaster.pid");
    if let Some(pid) = read_pid(&note) {
        end(pid, &data);
    }
    // Gone if the server stopped by itself. If not, its number may be another process's by now, and
    // Postgres would then refuse to start for its sake.
    match fs::remove_file(&note) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).doing("remove the stale file", &note);
        }
        _ => {}
    }
    socket::remove_left(place);
    Ok(())
}

/// The first line of the file is the number of the server's process.
fn read_pid(note: &Path) -> Option<Pid> {
    let text = fs::read_to_string(note).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

/// Asks the server to end in order, then at once (which its next start recovers from), then makes it.
fn end(pid: Pid, data: &Path) {
    for (signal, patience) in [(Signal::INT, 10), (Signal::QUIT, 6), (Signal::KILL, 2)] {
        let start = Instant::now();
        if serves(pid, data) {
            let _ = kill_process(pid, signal);
        }
        while serves(pid, data) && start.elapsed() < Duration::from_secs(patience) {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Whether the process is a server of this data. A server's working directory is its data directory;
/// where the system does not show that, its command line names it.
fn serves(pid: Pid, data: &Path) -> bool {
    let pid = pid.as_raw_nonzero();
    if Path::new("/proc/self/cwd").exists() {
        return fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data);
    }
    Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output()
        .is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(&*data.to_string_lossy()))
}
