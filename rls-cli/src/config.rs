//! `rls.toml`: what a declaration is compiled for and where things are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rls_core::model::{Ident, Owned};
use rls_core::plan::HazardKind;
use rls_core::resolve::is_taken;
use rls_core::{DeclaredSchema, Grants, Place, Provider, Settings};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::error::{Error, Result};
use crate::extensions::Extensions;
use crate::layout::Layout;
use crate::privileges::{self, Beside, Defaults};
use crate::project::below;
use crate::roles::{self, Roles};

/// The name of the file.
pub(crate) const FILE: &str = "rls.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Config {
    /// Who verifies the token.
    pub(crate) provider: Provider,
    /// Which privileges are granted.
    #[serde(default)]
    pub(crate) grants: Grants,
    /// Roles besides the provider's.
    #[serde(default)]
    pub(crate) roles: Roles,
    /// Schemas whose tables enforce their policies on the owner too.
    #[serde(default)]
    pub(crate) force_row_security: BTreeSet<Ident>,
    /// Whether documentation becomes comments in the database.
    #[serde(default = "yes")]
    pub(crate) comments: bool,
    /// Extensions besides the provider's.
    #[serde(default)]
    pub(crate) extensions: Extensions,
    /// The role that everything but schemas belongs to where no struct says otherwise.
    pub(crate) owner: Option<Ident>,
    /// Schemas by name.
    #[serde(default)]
    pub(crate) schemas: BTreeMap<Ident, OwnSchema>,
    /// Privileges on schemas, and on sequences and functions that nobody declares.
    #[serde(default)]
    pub(crate) grant: Vec<Beside>,
    /// What roles will hold on objects to come.
    #[serde(default)]
    pub(crate) default_privileges: Vec<Defaults>,
    /// The files to begin reading at, instead of the crate's roots.
    pub(crate) source: Option<Vec<PathBuf>>,
    /// The features to read the source with, instead of the default ones.
    pub(crate) features: Option<Vec<String>>,
    /// The environment variable that holds the database's URL.
    pub(crate) database_url_env: Option<String>,
    /// The folder of the migrations.
    #[serde(default = "migrations")]
    pub(crate) migrations: PathBuf,
    /// How that is laid out.
    #[serde(default)]
    pub(crate) layout: Layout,
    /// The hazards that `apply` and `migrate` need no flag for.
    #[serde(default, deserialize_with = "hazards")]
    pub(crate) allow: Vec<HazardKind>,
}

/// A schema that is created where it is missing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct OwnSchema {
    /// To whom it belongs.
    owner: Option<Ident>,
    /// The comment on it.
    comment: Option<String>,
}

fn migrations() -> PathBuf {
    PathBuf::from("migrations")
}

fn hazards<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Vec<HazardKind>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| name.parse().map_err(D::Error::custom)).collect()
}

fn yes() -> bool {
    true
}

impl Config {
    /// Reads the file in that folder.
    pub(crate) fn read(project: &Path) -> Result<Config> {
        let path = below(project, FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::hint(
                format!("there is no {}", path.display()),
                "`cargo rls init` writes one; `--project DIR` names another folder",
            ),
            _ => Error::user(format!("cannot read {}: {error}", path.display())),
        })?;
        let config: Config = toml::from_str(&text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let Place { line, column } = Place::of(&text, at);
            Error::user(format!("{}:{line}:{column}: {}", path.display(), error.message()))
        })?;
        let checked = config.checked();
        checked.map_err(|message| Error::user(format!("{}: {message}", path.display())))?;
        Ok(config)
    }

    fn checked(&self) -> std::result::Result<(), String> {
        for beside in &self.grant {
            beside.declared()?;
        }
        for defaults in &self.default_privileges {
            defaults.declared()?;
        }
        for owner in
            self.owner.iter().chain(self.schemas.values().filter_map(|it| it.owner.as_ref()))
        {
            Owned::checked_owner(owner.clone())?;
        }
        if let Some(taken) = self.schemas.keys().find(|name| is_taken(name)) {
            return Err(format!(
                "the schema `{taken}` is not for things of yours: name another one"
            ));
        }
        let settings = self.settings();
        roles::check(&settings)?;
        privileges::check_all(&settings)
    }

    /// What the compiler needs to know.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            provider: self.provider,
            grants: self.grants,
            roles: self.roles.existing.clone(),
            managed_roles: self.roles.managed.clone(),
            renamed_roles: self.roles.renamed.clone(),
            existing_roles: self.roles.described.clone(),
            force: self.force_row_security.clone(),
            comments: self.comments,
            owner: self.owner.clone(),
            schemas: self
                .schemas
                .iter()
                .map(|(name, OwnSchema { owner, comment })| {
                    let (owner, comment) = (owner.clone(), comment.clone());
                    (name.clone(), DeclaredSchema { owner, comment })
                })
                .collect(),
            // Each was looked at when the file was read.
            grants_beside: self.grant.iter().filter_map(|it| it.declared().ok()).collect(),
            default_privileges: self
                .default_privileges
                .iter()
                .filter_map(|it| it.declared().ok())
                .collect(),
            extensions: self.extensions.names.clone(),
            extension_schemas: self.extensions.schemas.clone(),
        }
    }
}
