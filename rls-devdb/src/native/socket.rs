//! The private directory in which the server listens.
//!
//! The path of a Unix socket may have about a hundred bytes, so this does not lie in the data
//! directory, whose path may be long, but among the temporary files. Only the server's user (and root)
//! can enter it, which is all the authentication there is.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::identity::Identity;
use super::place::Place;
use crate::error::{Doing, Error};

const PREFIX: &str = "rls-pg-";
/// Leaves room for the prefix, a number and the socket's own name under the limit of 103 bytes.
const LONGEST_PARENT: usize = 60;

/// Makes the directory and writes its path down, for [`remove_left`].
pub(crate) fn make(place: &Place) -> Result<PathBuf, Error> {
    let parent = parent(place.identity);
    let mut number = std::process::id();
    let dir = loop {
        let dir = parent.join(format!("{PREFIX}{number}"));
        match DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => break dir,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                number = number.wrapping_add(7919);
            }
            Err(error) => return Err(error).doing("create the directory", &dir),
        }
    };
    place.identity.give(&dir)?;
    let note = place.socket_note();
    fs::write(&note, dir.as_os_str().as_encoded_bytes()).doing("write", &note)?;
    Ok(dir)
}

/// Removes the directory of a server that was not stopped in order.
pub(crate) fn remove_left(place: &Place) {
    let note = place.socket_note();
    let Ok(path) = fs::read_to_string(&note) else {
        return;
    };
    let path = Path::new(&path);
    let ours =
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()));
    if ours {
        let _ = fs::remove_dir_all(path);
    }
    let _ = fs::remove_file(&note);
}

/// The directory for temporary files, if its path is short and plain and the server's user can enter it.
fn parent(identity: Identity) -> PathBuf {
    let temp = std::env::temp_dir();
    let plain = temp.to_str().is_some_and(|path| {
        path.len() <= LONGEST_PARENT
            && path.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c))
    });
    if plain && temp.is_absolute() && identity.can_enter(&temp) {
        temp
    } else {
        PathBuf::from("/tmp")
    }
}
