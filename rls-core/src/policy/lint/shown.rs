//! Views that show rows past the policies of the tables that they read.

use super::registry::{MATERIALIZED_VIEW_IN_API, SECURITY_DEFINER_VIEW};
use super::{Finding, Report, allow, names};
use crate::lex;
use crate::model::{RowSecurity, Sql, Table, ViewKind};
use crate::resolve::{Part, Resolved};

/// Looks at every declared view.
pub(super) fn look(resolved: &Resolved, all: &mut Vec<Finding>) {
    for (name, view) in &resolved.schema.views {
        let mut report = Report { table: name, findings: Vec::new() };
        let guarded = resolved.schema.tables.values();
        let guarded = guarded.filter(|table| table.row_security != RowSecurity::Disabled);
        let past: Vec<_> =
            guarded.filter(|table| reads(&view.query, table)).map(|table| &table.name).collect();
        let readers = resolved.schema.holders(name);
        if view.reads_as_owner() && !past.is_empty() && !readers.is_empty() {
            let (whom, what) = (names(readers), names(past));
            match view.kind {
                ViewKind::Plain => report.add(
                    &SECURITY_DEFINER_VIEW,
                    Part::Table,
                    format!("{whom} reads {what} through it as its owner, past the policies there"),
                    "take `security_invoker = false` away",
                ),
                ViewKind::Materialized => report.add(
                    &MATERIALIZED_VIEW_IN_API,
                    Part::Table,
                    format!("it shows {whom} every row that it keeps of {what}, whatever the policies there say"),
                    "grant it to nobody who may not see all of them, or leave `materialized` out",
                ),
            }
        }
        allow(resolved.allowed.get(name).map_or(&[][..], Vec::as_slice), &mut report);
        all.append(&mut report.findings);
    }
}

/// Whether a query surely reads a table: its name stands where one does.
fn reads(query: &Sql, table: &Table<Sql>) -> bool {
    let tokens = lex::tokens(query.as_str()).unwrap_or_default();
    let kinds: Vec<_> = tokens.iter().map(|token| &token.kind).collect();
    (0..kinds.len()).any(|at| {
        let name = |at: usize| kinds.get(at).and_then(|kind| kind.name());
        let behind = ["from", "join", "only", "table"];
        let reads = at
            .checked_sub(1)
            .and_then(|before| kinds[before].word())
            .is_some_and(|word| behind.contains(&word));
        let dot = kinds.get(at + 1) == Some(&&lex::TokenKind::Punctuation('.'));
        let (space, own) = if dot { (name(at), name(at + 2)) } else { (Some("public"), name(at)) };
        reads && (space, own) == (Some(table.name.schema.as_str()), Some(table.name.name.as_str()))
    })
}
