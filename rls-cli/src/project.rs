//! A project: its configuration, the files that declare its tables, and the schema they make.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rls_core::Settings;
use rls_core::model::{Ident, Schema};
use rls_core::plan::HazardKind;
use rls_core::resolve::{Resolved, nearest};
use rls_core::syntax::scan::{Features, Scan, SourceError, scan};
use serde::Deserialize;

use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::migrations::Folder;

pub(crate) struct Project {
    /// The folder of rls.toml, as it was named.
    pub(crate) root: PathBuf,
    pub(crate) config: Config,
    /// What Cargo says, asked once.
    metadata: OnceLock<Metadata>,
}

/// Everything that the source declares.
pub(crate) struct Declared {
    pub(crate) scan: Scan,
    /// What it compiles to, or every mistake in it.
    pub(crate) resolved: std::result::Result<Resolved, Vec<SourceError>>,
}

/// What `cargo metadata` says, as far as it is needed.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    features: std::collections::BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

/// Taken from the system only as far as it is used.
const STACK: usize = 1 << 30;

impl Declared {
    /// What it compiles to.
    pub(crate) fn resolved(&self) -> Result<&Resolved> {
        let mistakes = |errors: &Vec<SourceError>| {
            Error::Declaration(errors.clone(), self.scan.sources.clone())
        };
        self.resolved.as_ref().map_err(mistakes)
    }
}

impl Project {
    pub(crate) fn open(root: &Path) -> Result<Project> {
        if !root.is_dir() {
            return Err(Error::user(format!("there is no folder {}", root.display())));
        }
        Ok(Project {
            root: root.to_owned(),
            config: Config::read(root)?,
            metadata: OnceLock::new(),
        })
    }

    pub(crate) fn settings(&self) -> Settings {
        self.config.settings()
    }

    pub(crate) fn migrations(&self) -> Folder {
        Folder::new(below(&self.root, &self.config.migrations), self.config.layout)
    }

    /// The hazards that rls.toml and the command line allow.
    pub(crate) fn allowed(&self, flags: &[HazardKind]) -> Vec<HazardKind> {
        self.config.allow.iter().chain(flags).copied().collect()
    }

    /// The declared schema, or every mistake in it.
    pub(crate) fn schema(&self) -> Result<Schema> {
        self.read(|declared| Ok(declared.resolved()?.schema.clone()))
    }

    /// What `then` makes of the declarations. Source may nest deeper than the stack of the main
    /// thread is deep, so all that is done with it is done on a larger one.
    pub(crate) fn read<T: Send>(
        &self,
        then: impl FnOnce(&Declared) -> Result<T> + Send,
    ) -> Result<T> {
        std::thread::scope(|scope| {
            let reader = std::thread::Builder::new().stack_size(STACK);
            let reading = reader.spawn_scoped(scope, || then(&self.declared()?));
            let reading =
                reading.map_err(|error| Error::user(format!("cannot start a thread: {error}")))?;
            reading
                .join()
                .unwrap_or_else(|_| Err(Error::Internal("reading the source failed".to_owned())))
        })
    }

    fn declared(&self) -> Result<Declared> {
        let scan = self.scan()?;
        let files: Vec<_> = scan.sources.keys().map(|path| path.display().to_string()).collect();
        if scan.tables.is_empty() && scan.errors.is_empty() {
            return Err(Error::hint(
                format!("no struct derives `Table` in {}", files.join(", ")),
                "add `#[derive(rls_schema::Table)]` to a struct, or name the files under `source` in rls.toml",
            ));
        }
        if scan.errors.is_empty() {
            self.check_forced(&scan)?;
        }
        let resolved = scan.resolve(&self.settings());
        Ok(Declared { scan, resolved })
    }

    /// A schema that is misspelt would leave its tables without what was asked for.
    fn check_forced(&self, scan: &Scan) -> Result<()> {
        let schemas: BTreeSet<_> =
            scan.tables.iter().map(|scanned| scanned.table.table.name.schema.as_str()).collect();
        let mut forced = self.config.force_row_security.iter().map(Ident::as_str);
        let Some(unknown) = forced.find(|schema| !schemas.contains(schema)) else { return Ok(()) };
        let path = below(&self.root, config::FILE);
        let message = format!(
            "{}: `force-row-security` names the schema `{unknown}`, which has no tables",
            path.display()
        );
        let known = schemas.iter().copied();
        Err(match nearest(unknown, known.clone()) {
            Some(near) => Error::hint(message, format!("did you mean `{near}`?")),
            None => {
                let names: Vec<_> = known.map(|name| format!("`{name}`")).collect();
                Error::hint(message, format!("the tables are in {}", names.join(", ")))
            }
        })
    }

    fn scan(&self) -> Result<Scan> {
        let (roots, features) = match &self.config.source {
            Some(files) => {
                (files.iter().map(|file| below(&self.root, file)).collect(), self.features(None))
            }
            None => self.crate_roots()?,
        };
        let mut scan = scan(&roots, &features);
        scan.check_sql();
        Ok(scan)
    }

    /// The roots of the library and the programs that Cargo knows, or, without a Cargo.toml, the
    /// usual files.
    fn crate_roots(&self) -> Result<(Vec<PathBuf>, Features)> {
        if !self.manifest().is_file() {
            let usual =
                ["src/lib.rs", "src/main.rs", "src/schema.rs"].map(|file| below(&self.root, file));
            let found: Vec<_> = usual.into_iter().filter(|file| file.is_file()).collect();
            if found.is_empty() {
                return Err(Error::hint(
                    format!("there is nothing to read in {}", self.root.display()),
                    "looked for Cargo.toml, src/lib.rs, src/main.rs and src/schema.rs; name files under `source` in rls.toml",
                ));
            }
            return Ok((found, self.features(None)));
        }
        let metadata = self.metadata()?;
        let Some(package) = self.package(metadata) else {
            return Err(Error::hint(
                format!(
                    "{} is a workspace without a package of its own",
                    self.manifest().display()
                ),
                "name the folder of a package with `--project DIR`, or files under `source` in rls.toml",
            ));
        };
        let program = |kind: &String| {
            ["lib", "rlib", "dylib", "cdylib", "staticlib", "bin"].contains(&kind.as_str())
        };
        let roots = package
            .targets
            .iter()
            .filter(|target| target.kind.iter().any(program))
            .map(|target| self.relative(&target.src_path))
            .collect();
        Ok((roots, self.features(Some(package))))
    }

    /// A path below the project as the user would write it.
    fn relative(&self, path: &Path) -> PathBuf {
        let root = self.root.canonicalize().ok();
        match root.and_then(|root| path.strip_prefix(root).map(Path::to_owned).ok()) {
            Some(inside) => below(&self.root, inside),
            None => path.to_owned(),
        }
    }

    /// Those that rls.toml names, else those that Cargo turns on by default, with all that they
    /// bring along.
    fn features(&self, package: Option<&Package>) -> Features {
        let first = match (&self.config.features, package) {
            (Some(features), _) => features.clone(),
            (None, Some(_)) => vec!["default".to_owned()],
            (None, None) => Vec::new(),
        };
        let mut known = BTreeSet::new();
        let mut open = first;
        while let Some(feature) = open.pop() {
            let brought = package.and_then(|package| package.features.get(&feature));
            if known.insert(feature) {
                open.extend(brought.into_iter().flatten().cloned());
            }
        }
        known
    }

    fn manifest(&self) -> PathBuf {
        below(&self.root, "Cargo.toml")
    }

    fn package<'a>(&self, metadata: &'a Metadata) -> Option<&'a Package> {
        let manifest = self.manifest().canonicalize().ok()?;
        let is_this = |package: &&Package| {
            package.manifest_path.canonicalize().is_ok_and(|path| path == manifest)
        };
        metadata.packages.iter().find(is_this)
    }

    fn metadata(&self) -> Result<&Metadata> {
        match self.metadata.get() {
            Some(metadata) => Ok(metadata),
            None => {
                let metadata = self.ask_cargo()?;
                Ok(self.metadata.get_or_init(|| metadata))
            }
        }
    }

    fn ask_cargo(&self) -> Result<Metadata> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--no-deps", "--offline", "--format-version=1", "--manifest-path"])
            .arg(self.manifest())
            .output()
            .map_err(|error| {
                Error::hint(
                    format!("cannot run cargo: {error}"),
                    "name the files to read under `source` in rls.toml",
                )
            })?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Error::user(format!("cargo metadata failed: {message}")));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| {
            Error::Internal(format!("cargo metadata printed something else: {error}"))
        })
    }

    /// Where the development database of this project is kept.
    pub(crate) fn database_directory(&self) -> Result<PathBuf> {
        if !self.manifest().is_file() {
            return Ok(below(&self.root, "target/rls"));
        }
        let metadata = self.metadata()?;
        let name = self.package(metadata).map_or("workspace", |package| package.name.as_str());
        Ok(metadata.target_directory.join("rls").join(name))
    }
}

/// A path in a folder as people write it: not `./src/lib.rs` where `src/lib.rs` says the same.
pub(crate) fn below(folder: &Path, path: impl AsRef<Path>) -> PathBuf {
    if folder == Path::new(".") { path.as_ref().to_owned() } else { folder.join(path) }
}
