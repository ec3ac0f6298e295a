//! Constraints as they stand in CREATE TABLE and ALTER TABLE.

use super::{ident, index, qualified};
use crate::model::{
    Check, Deferral, Exclusion, ExclusionElement, ForeignKey, Ident, PrimaryKey, ReferentialAction,
    Sql, Unique,
};

pub(super) fn primary_key(key: &PrimaryKey) -> String {
    let PrimaryKey { name, columns, include, deferral } = key;
    let mut text = format!("CONSTRAINT {} PRIMARY KEY ({})", ident(name), list(columns));
    text += &including(include);
    text + deferred(*deferral)
}

pub(super) fn unique(name: &Ident, unique: &Unique) -> String {
    let Unique { columns, include, nulls_not_distinct, deferral } = unique;
    let nulls = if *nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let mut text = format!("CONSTRAINT {} UNIQUE{nulls} ({})", ident(name), list(columns));
    text += &including(include);
    text + deferred(*deferral)
}

pub(super) fn check(name: &Ident, check: &Check<Sql>) -> String {
    let Check { expr, no_inherit, not_valid } = check;
    let mut text = format!("CONSTRAINT {} CHECK ({})", ident(name), expr.as_str());
    if *no_inherit {
        text += " NO INHERIT";
    }
    text + unproven(*not_valid)
}

pub(super) fn foreign_key(name: &Ident, key: &ForeignKey) -> String {
    let ForeignKey {
        columns,
        table,
        references,
        on_delete,
        on_update,
        set_columns,
        match_full,
        deferral,
        not_valid,
    } = key;
    let mut text = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
        ident(name),
        list(columns),
        qualified(table),
        list(references)
    );
    if *match_full {
        text += " MATCH FULL";
    }
    for (event, action, columns) in
        [("DELETE", on_delete, set_columns.as_slice()), ("UPDATE", on_update, &[])]
    {
        if let Some(action) = action_name(*action) {
            text += &format!(" ON {event} {action}");
            if !columns.is_empty() {
                text += &format!(" ({})", list(columns));
            }
        }
    }
    text += deferred(*deferral);
    text + unproven(*not_valid)
}

pub(super) fn exclusion(name: &Ident, exclusion: &Exclusion<Sql>) -> String {
    let Exclusion { method, elements, include, predicate, deferral } = exclusion;
    let element = |ExclusionElement { key, operator }: &ExclusionElement<Sql>| {
        format!("{} WITH {}", index::key(key), operator.as_str())
    };
    let elements: Vec<_> = elements.iter().map(element).collect();
    let mut text = format!(
        "CONSTRAINT {} EXCLUDE USING {} ({})",
        ident(name),
        ident(method),
        elements.join(", ")
    );
    text += &including(include);
    if let Some(predicate) = predicate {
        text += &format!(" WHERE ({})", predicate.as_str());
    }
    text + deferred(*deferral)
}

/// When a constraint is checked, as it follows the constraint.
pub(super) fn deferred(deferral: Deferral) -> &'static str {
    match deferral {
        Deferral::Never => "",
        Deferral::InitiallyImmediate => " DEFERRABLE",
        Deferral::InitiallyDeferred => " DEFERRABLE INITIALLY DEFERRED",
    }
}

fn unproven(not_valid: bool) -> &'static str {
    if not_valid { " NOT VALID" } else { "" }
}

pub(super) fn including(columns: &[Ident]) -> String {
    if columns.is_empty() { String::new() } else { format!(" INCLUDE ({})", list(columns)) }
}

/// NO ACTION is what Postgres does without being told.
fn action_name(action: ReferentialAction) -> Option<&'static str> {
    match action {
        ReferentialAction::NoAction => None,
        ReferentialAction::Restrict => Some("RESTRICT"),
        ReferentialAction::Cascade => Some("CASCADE"),
        ReferentialAction::SetNull => Some("SET NULL"),
        ReferentialAction::SetDefault => Some("SET DEFAULT"),
    }
}

pub(super) fn list(names: &[Ident]) -> String {
    names.iter().map(ident).collect::<Vec<_>>().join(", ")
}
