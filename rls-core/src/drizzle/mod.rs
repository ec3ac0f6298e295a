//! From a drizzle-kit snapshot to declarations: what `drizzle/meta/NNNN_snapshot.json` says of a database,
//! without the database.
//!
//! ```text
//! text ──json──▶ Node ──schema, table, policy, ..──▶ Schema ──words, source──▶ Declared ──▶ Source
//!                  └─▶ mistakes, each at its path          └─▶ notes: what cannot be said
//! ```
//! Source: drizzle-kit's format of version 7, as its releases 0.22 to 0.31 write it.

mod column_type;
mod default;
mod index;
mod journal;
mod json;
mod policy;
mod schema;
mod table;
mod text;
mod words;

use std::collections::BTreeSet;
use std::fmt;

use crate::model::Schema;
use crate::provider::{Grants, Provider, Settings};
use crate::resolve::{Declared, ResolveErrors, resolve};
use crate::source::{self, Names, Source};
use json::{Node, Report};
use schema::Snapshot;

pub use journal::latest_snapshot;

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request {
    /// Whose functions say who is asking; none where the snapshot is to be asked.
    pub provider: Option<Provider>,
    /// Whether a database that Drizzle made is to stay as it is: predicates that would compile to something
    /// else stay SQL, no index is made for policies, and no privilege is derived from them.
    pub exact: bool,
}

/// What a snapshot came to.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What is declared.
    pub declared: Declared,
    /// What it is compiled for.
    pub settings: Settings,
    /// The declarations as source.
    pub source: Source,
    /// What is no part of them, and what is not as it may have been meant, one sentence each.
    pub notes: Vec<String>,
}

/// Something in a snapshot that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `tables["public.todos"].columns.id.type`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Why nothing was imported.
#[derive(Debug)]
pub enum Error {
    /// The text is no JSON.
    Malformed {
        /// The line of the place where it ceases to be.
        line: usize,
        /// The column there.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// Another version of the format, or another database.
    NotRead(String),
    /// All mistakes of the snapshot.
    Mistakes(Vec<Mistake>),
    /// There is no table in it.
    Nothing,
    /// What it says cannot be declared.
    Undeclarable(ResolveErrors),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Malformed { line, column, message } => write!(f, "{line}:{column}: {message}"),
            Error::NotRead(what) => f.write_str(what),
            Error::Mistakes(mistakes) => {
                for (at, Mistake { path, message, help }) in mistakes.iter().enumerate() {
                    let line = if at > 0 { "\n" } else { "" };
                    let help = help.iter().map(|help| format!(" ({help})")).collect::<String>();
                    write!(f, "{line}`{path}` {message}{help}")?;
                }
                Ok(())
            }
            Error::Nothing => f.write_str("there is no table in the snapshot"),
            Error::Undeclarable(errors) => write!(f, "what it says cannot be declared: {errors}"),
        }
    }
}

impl std::error::Error for Error {}

/// Reads the text of a snapshot.
///
/// # Errors
/// See [`Error`].
pub fn import(text: &str, request: Request) -> Result<Imported, Error> {
    let node = parse(text)?;
    let report = Report::default();
    let root = schema::root(&node, &report).ok_or_else(not_a_snapshot)?;
    check_version(&root)?;
    let mut snapshot = schema::read(root);
    let (mistakes, mut notes) = report.take();
    if !mistakes.is_empty() {
        return Err(Error::Mistakes(mistakes));
    }
    if snapshot.schema.tables.is_empty() {
        return Err(Error::Nothing);
    }
    table::leave_out_unknown_targets(&mut snapshot, &mut notes);
    let settings = settings(&snapshot, request, &mut notes);
    let declared = declare(&snapshot.schema, &settings, request, &mut notes)?;
    tell(&snapshot.schema, &declared, request, &mut notes);
    let source = source::write(&declared, PREAMBLE);
    Ok(Imported { declared, settings, source, notes })
}

const PREAMBLE: &str =
    "What a snapshot of drizzle-kit holds, as `cargo rls import drizzle` read it.";

fn parse(text: &str) -> Result<Node, Error> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let place = format!(" at line {line} column {column}");
        let message = message.strip_suffix(&place).unwrap_or(&message).to_owned();
        Error::Malformed { line, column, message }
    })
}

fn not_a_snapshot() -> Error {
    Error::NotRead(
        "this is no snapshot of drizzle-kit, which is a JSON object with `version`".to_owned(),
    )
}

fn check_version(root: &json::Object<'_>) -> Result<(), Error> {
    let said = |name: &str| match root.get(name)?.node {
        Node::Text(text) | Node::Number(text) => Some(text.clone()),
        _ => None,
    };
    let version = said("version").ok_or_else(not_a_snapshot)?;
    let dialect = said("dialect");
    if let Some(dialect) =
        dialect.filter(|dialect| !["postgresql", "pg"].contains(&dialect.as_str()))
    {
        return Err(Error::NotRead(format!(
            "this is a snapshot for {dialect}, and not for Postgres"
        )));
    }
    match version.as_str() {
        "7" => Ok(()),
        "1" | "2" | "3" | "4" | "5" | "6" => Err(Error::NotRead(format!(
            "this is a snapshot of version {version}, and version 7 is read: `npx drizzle-kit up` rewrites \
             it, with drizzle-kit 0.22 or later"
        ))),
        _ => Err(Error::NotRead(format!(
            "this is a snapshot of version {version}, and version 7 is read, which drizzle-kit 0.22 to 0.31 \
             write: `npx drizzle-kit@0.31 generate` into a new folder writes one of the same schema, and \
             `cargo rls pull` reads the database itself"
        ))),
    }
}

fn settings(snapshot: &Snapshot, request: Request, notes: &mut Vec<String>) -> Settings {
    let provider = request.provider.unwrap_or_else(|| words::provider(&snapshot.schema));
    let own = provider.extension();
    let extensions = snapshot.schema.extensions.iter().filter(|name| Some(name.as_str()) != own);
    let mut managed_roles = snapshot.managed.clone();
    managed_roles.retain(|name, _| {
        let supplied = provider.roles().contains(&name.as_str());
        if supplied {
            notes.push(format!("the role `{name}` is the provider's, and is not made here"));
        }
        !supplied
    });
    Settings {
        grants: if request.exact { Grants::Declared } else { Grants::Policies },
        roles: words::existing_roles(&snapshot.named, provider),
        managed_roles,
        extensions: extensions.cloned().collect(),
        ..Settings::new(provider)
    }
}

/// Declares what a snapshot holds, in the words of the declaration as far as they mean the same.
fn declare(
    schema: &Schema,
    settings: &Settings,
    request: Request,
    notes: &mut Vec<String>,
) -> Result<Declared, Error> {
    let names = Names::of(schema);
    let mut known = words::recognised(schema, &names, settings.provider);
    // Each round takes something back, so it ends.
    loop {
        let (mut declared, unsaid) = source::declare(schema, &names, &known, &BTreeSet::new());
        for table in &mut declared.tables {
            table.policy_indexes = !request.exact;
        }
        let compiled = match resolve(declared.clone(), settings) {
            Ok(resolved) => resolved.schema,
            Err(errors) if source::take_back_mistakes(&errors, &mut known) => continue,
            Err(errors) => return Err(Error::Undeclarable(errors)),
        };
        let before = known.len();
        words::keep(&mut known, schema, &compiled, !request.exact);
        if known.len() == before {
            notes.extend(unsaid);
            return Ok(declared);
        }
    }
}

/// What the declaration does not hold, and what the snapshot does not.
fn tell(schema: &Schema, declared: &Declared, request: Request, notes: &mut Vec<String>) {
    let types = declared.tables.iter().flat_map(|table| &table.types).chain(&declared.types);
    let types: BTreeSet<_> = types.map(|declared| &declared.ty.name).collect();
    for name in schema.types.keys().filter(|name| !types.contains(name)) {
        notes.push(format!("the enum {name} is left alone: an empty database needs it made first"));
    }
    let views: BTreeSet<_> = declared.views.iter().map(|declared| &declared.view.name).collect();
    for name in schema.views.keys().filter(|name| !views.contains(name)) {
        notes.push(format!("the view {name} is left alone: an empty database needs it made first"));
    }
    for table in schema.tables.values() {
        if table.row_security == crate::model::RowSecurity::Disabled {
            notes.push(format!(
                "{} has no policies, and row security is off: whoever has a privilege on it reaches all of \
                 its rows",
                table.name
            ));
        }
    }
    notes.push(
        if request.exact {
            "a snapshot says nothing of privileges, and `grants = \"declared\"` takes those that governed \
             roles hold by hand: `cargo rls pull` reads what a database has"
        } else {
            "a snapshot says nothing of privileges: `grants = \"policies\"` gives roles what their policies \
             need, and `cargo rls diff` shows what a database has otherwise"
        }
        .to_owned(),
    );
}
