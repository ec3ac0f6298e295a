//! One process at a time uses a directory: the others wait here.
//!
//! The lock is the system's, on an open file, so it goes with the process that holds it, however
//! that ends.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{Doing, Error};

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(25);

/// Locks `dir` until the file is dropped.
pub(crate) async fn acquire(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let file = open(&path)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Busy { dir: dir.to_owned(), seconds: PATIENCE.as_secs() });
            }
            Err(TryLockError::Error(error)) => return Err(error).doing("lock", &path),
        }
    }
}

/// Opens the lock file. Reading is enough to lock it, so that a file which another user (root, say)
/// made here still serves.
fn open(path: &Path) -> Result<File, Error> {
    match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .doing("create the lock file", path),
        opened => opened.doing("open the lock file", path),
    }
}
