//! Locating Postgres binaries that work.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::identity::Identity;
use crate::error::Error;

const VARIABLE: &str = "RLS_POSTGRES_BIN";
/// Older ones are out of support and lack what the rest of this workspace relies on.
const FLOOR: u32 = 14;

/// A directory with `initdb` and `postgres`.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    pub(crate) dir: PathBuf,
    pub(crate) version: String,
    pub(crate) major: u32,
}

impl Binaries {
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// The first directory that works: the one the environment names, which must, or else one of those
/// where Postgres is usually found.
pub(crate) fn find() -> Result<Option<Binaries>, Error> {
    let identity = Identity::for_new_data()?;
    if let Some(dir) = env::var_os(VARIABLE).filter(|dir| !dir.is_empty()) {
        let dir = PathBuf::from(dir);
        return match check(&dir, &identity) {
            Ok(binaries) => Ok(Some(binaries)),
            Err(reason) => Err(Error::Binaries { dir, reason }),
        };
    }
    Ok(candidates().iter().find_map(|dir| check(dir, &identity).ok()))
}

/// Where Postgres is usually found, best first.
fn candidates() -> Vec<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = env::split_paths(&on_path)
        .filter(|dir| dir.join("initdb").is_file() && dir.join("postgres").is_file())
        .map(real)
        .collect();
    dirs.extend(versioned("/usr/lib/postgresql", "", "bin"));
    dirs.extend(versioned("/usr", "pgsql-", "bin"));
    for prefix in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
        dirs.extend(versioned(prefix, "postgresql@", "bin"));
        dirs.push(Path::new(prefix).join("postgresql/bin"));
    }
    let app = "/Applications/Postgres.app/Contents/Versions";
    dirs.push(Path::new(app).join("latest/bin"));
    dirs.extend(versioned(app, "", "bin"));
    dirs
}

/// The directory behind links such as `/usr/local/bin/postgres`, if it is whole.
fn real(dir: PathBuf) -> PathBuf {
    fs::canonicalize(dir.join("postgres"))
        .ok()
        .and_then(|postgres| postgres.parent().map(Path::to_owned))
        .filter(|real| real.join("initdb").is_file() && real.join("postgres").is_file())
        .unwrap_or(dir)
}

/// `root/<prefix><number>/<bin>` for every number there is, the highest first.
fn versioned(root: &str, prefix: &str, bin: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join(bin)))
        })
        .collect();
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.into_iter().map(|(_, dir)| dir).collect()
}

/// Asks `initdb`, as the user who will run it, what it would work with: it answers only when it finds
/// a `postgres` of its own version beside it and the files of its share directory.
fn check(dir: &Path, identity: &Identity) -> Result<Binaries, String> {
    let output = identity
        .command(&dir.join("initdb"), Path::new("/"))
        .args(["--show", "--pgdata=unused"])
        .output()
        .map_err(|error| format!("initdb cannot be run ({error})"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let reason = said.lines().find(|line| line.contains("error"));
        return Err(reason.unwrap_or("initdb failed").trim().to_owned());
    }
    let (version, major) = version(&said).ok_or("initdb does not say its version")?;
    if major < FLOOR {
        return Err(format!("its version is {version}, and {FLOOR} is the oldest supported"));
    }
    Ok(Binaries { dir: dir.to_owned(), version, major })
}

/// Reads `VERSION=15.18 (Debian 15.18-0+deb12u1)`.
fn version(shown: &str) -> Option<(String, u32)> {
    let line = shown.lines().find_map(|line| line.strip_prefix("VERSION="))?;
    let version = line.split_whitespace().next()?;
    let digits = version.find(|c: char| !c.is_ascii_digit());
    let major = version[..digits.unwrap_or(version.len())].parse().ok()?;
    Some((version.to_owned(), major))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_read() {
        let debian = "by user\nVERSION=15.18 (Debian 15.18-0+deb12u1)\nPGDATA=x\n";
        assert_eq!(version(debian), Some(("15.18".to_owned(), 15)));
        assert_eq!(version("VERSION=19beta1\n"), Some(("19beta1".to_owned(), 19)));
        assert_eq!(version("PGDATA=x\n"), None);
    }
}
