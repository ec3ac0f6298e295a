//! Where the data of a server is kept: in the directory that was asked for, one place for each major
//! version, unless the server's user cannot get there.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::identity::Identity;
use crate::error::{Doing, Error};

/// Others may pass through, but neither look nor write.
const PASSABLE: u32 = 0o711;
const PRIVATE: u32 = 0o700;
const POINTER: &str = "data-is-elsewhere";

/// The directory of one server. It belongs to the user of this process; the data in it, to the server's.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) home: PathBuf,
    pub(crate) identity: Identity,
}

impl Place {
    pub(crate) fn prepare(dir: &Path, major: u32, new: Identity) -> Result<Place, Error> {
        let name = format!("pg{major}");
        let identity = new.for_data(&dir.join(&name).join("data"));
        let base = if identity.can_enter(dir) { dir.to_owned() } else { elsewhere(dir)? };
        let home = base.join(name);
        let identity = new.for_data(&home.join("data"));
        make(&home, identity)?;
        Ok(Place { home, identity })
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.home.join("server.log")
    }

    /// The last lines of the log.
    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Where the server's present socket directory is written down, for whoever comes after a crash.
    pub(crate) fn socket_note(&self) -> PathBuf {
        self.home.join("socket")
    }
}

/// Makes `home` if there is none, such that the server's user can pass through it.
fn make(home: &Path, identity: Identity) -> Result<(), Error> {
    if home.is_dir() {
        return Ok(());
    }
    fs::create_dir(home).doing("create the directory", home)?;
    let mode = if identity.is_own() { PRIVATE } else { PASSABLE };
    // Set, and not only asked for at creation, where the umask would have its say.
    fs::set_permissions(home, Permissions::from_mode(mode)).doing("set the permissions of", home)
}

/// A directory among the temporary files that stands for `dir`, where the server's user cannot enter
/// that (a directory under root's home, say). A note in `dir` tells where it is.
fn elsewhere(dir: &Path) -> Result<PathBuf, Error> {
    let temp = std::env::temp_dir();
    let temp = fs::canonicalize(&temp).doing("find the directory", &temp)?;
    let base = temp.join(format!("rls-postgres-{:016x}", hash(dir.as_os_str())));
    match DirBuilder::new().mode(PASSABLE).create(&base) {
        Ok(()) => fs::set_permissions(&base, Permissions::from_mode(PASSABLE))
            .doing("set the permissions of", &base)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => trust(&base)?,
        Err(error) => return Err(error).doing("create the directory", &base),
    }
    let note = dir.join(POINTER);
    fs::write(&note, format!("{}\n", base.display())).doing("write", &note)?;
    Ok(base)
}

/// Anyone may put a directory of any name among the temporary files: use only one of our own.
fn trust(base: &Path) -> Result<(), Error> {
    let found = fs::symlink_metadata(base).doing("look at", base)?;
    let reason = if !found.is_dir() {
        "it is not a directory"
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        "it belongs to another user"
    } else if found.mode() & 0o022 != 0 {
        "other users can write to it"
    } else {
        return Ok(());
    };
    Err(Error::Unsafe { path: base.to_owned(), reason })
}

/// FNV-1a: the name must be the same whatever compiler built this program.
fn hash(text: &OsStr) -> u64 {
    text.as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_directories_are_trusted() {
        let temp = tempfile::tempdir().unwrap();
        let own = temp.path().join("own");
        fs::create_dir(&own).unwrap();
        fs::set_permissions(&own, Permissions::from_mode(0o711)).unwrap();
        assert!(trust(&own).is_ok());

        let link = temp.path().join("link");
        std::os::unix::fs::symlink(&own, &link).unwrap();
        assert!(matches!(trust(&link), Err(Error::Unsafe { .. })));

        fs::set_permissions(&own, Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(trust(&own), Err(Error::Unsafe { .. })));

        if rustix::process::geteuid().is_root() {
            fs::set_permissions(&own, Permissions::from_mode(0o711)).unwrap();
            std::os::unix::fs::chown(&own, Some(12345), None).unwrap();
            assert!(matches!(trust(&own), Err(Error::Unsafe { .. })));
        }
    }
}
