//! Which user the server runs as.
//!
//! Postgres refuses to run as root. So under root it runs as the user who owns the data, or, for new
//! data, as `postgres` where there is such a user, else as `nobody`. Anyone else runs it as themselves.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Doing, Error};

/// The user and group of the server, where they are not those of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(Option<(u32, u32)>);

impl Identity {
    /// The user for a database that does not exist yet.
    pub(crate) fn for_new_data() -> Result<Identity, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Identity(None));
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "_postgres", "nobody"]
            .iter()
            .find_map(|name| lookup(&passwd, name))
            .map(|ids| Identity(Some(ids)))
            .ok_or(Error::NoServerUser)
    }

    /// The user for a data directory: who owns it, if root may choose; otherwise `self`.
    pub(crate) fn for_data(self, data: &Path) -> Identity {
        match (self.0, fs::metadata(data)) {
            (Some(_), Ok(found)) if found.uid() != 0 => Identity(Some((found.uid(), found.gid()))),
            _ => self,
        }
    }

    /// Whether the server runs as the user of this process.
    pub(crate) fn is_own(self) -> bool {
        self.0.is_none()
    }

    /// A command to be run as this user, in the directory `cwd`, which the user must be able to enter.
    pub(crate) fn command(self, program: &Path, cwd: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(cwd).env("LC_ALL", "C").stdin(Stdio::null());
        // They would speak of another server than this one.
        for name in ["PGDATA", "PGPORT", "PGHOST", "PGOPTIONS", "PGUSER", "PGDATABASE"] {
            command.env_remove(name);
        }
        if let Some((uid, gid)) = self.0 {
            // Setting the user also drops root's supplementary groups.
            command.uid(uid).gid(gid).env("HOME", cwd);
        }
        command
    }

    /// Gives a file or directory of this process to the user.
    pub(crate) fn give(self, path: &Path) -> Result<(), Error> {
        match self.0 {
            Some((uid, gid)) => {
                chown(path, Some(uid), Some(gid)).doing("change the owner of", path)
            }
            None => Ok(()),
        }
    }

    /// Whether the user can pass through `dir` and every directory above it.
    pub(crate) fn can_enter(self, dir: &Path) -> bool {
        let Some((uid, gid)) = self.0 else {
            return true;
        };
        dir.ancestors().all(|dir| match fs::metadata(dir) {
            Ok(found) if found.uid() == uid => found.mode() & 0o100 != 0,
            Ok(found) if found.gid() == gid => found.mode() & 0o010 != 0,
            Ok(found) => found.mode() & 0o001 != 0,
            Err(_) => false,
        })
    }
}

/// The user and group numbers of `name` in the text of a passwd file, if they are not root's.
fn lookup(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let uid = number(fields.next()?)?;
    let gid = number(fields.next()?)?;
    (uid != 0).then_some((uid, gid))
}

/// Some systems write the number of `nobody` as `-2`.
fn number(text: &str) -> Option<u32> {
    let number: i64 = text.parse().ok()?;
    u32::try_from(number).or_else(|_| i32::try_from(number).map(i32::cast_unsigned)).ok()
}

#[cfg(test)]
mod tests {
    use super::lookup;

    #[test]
    fn users_are_looked_up() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n\
                      postgresql:x:7:7::/:/bin/sh\n\
                      postgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n\
                      nobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false\n";
        assert_eq!(lookup(passwd, "postgres"), Some((101, 104)));
        assert_eq!(lookup(passwd, "nobody"), Some((u32::MAX - 1, u32::MAX - 1)));
        assert_eq!(lookup(passwd, "root"), None);
        assert_eq!(lookup(passwd, "absent"), None);
    }
}
