//! One server for everybody in a process, such as the tests of one program: started by the first,
//! stopped when the last lets go, so that nothing is left running.

use std::path::Path;
use std::sync::{Arc, Weak};

use tokio::sync::Mutex;

use crate::{DevPostgres, Error, Preference};

static SHARED: Mutex<Weak<DevPostgres>> = Mutex::const_new(Weak::new());

/// The server that this process shares, with its data in `dir`; whoever asks while it runs gets the
/// same one, so all have to name the same directory.
///
/// # Errors
/// As [`DevPostgres::start`].
pub async fn shared(dir: &Path, preference: Preference) -> Result<Arc<DevPostgres>, Error> {
    let mut shared = SHARED.lock().await;
    if let Some(running) = shared.upgrade() {
        return Ok(running);
    }
    let started = Arc::new(DevPostgres::start(dir, preference).await?);
    *shared = Arc::downgrade(&started);
    Ok(started)
}
