//! CREATE INDEX, and the keys that indexes and exclusion constraints have in common.

use std::collections::BTreeMap;

use super::constraint::including;
use super::{ident, literal, qualified};
use crate::diff::Named;
use crate::model::{Ident, Index, IndexKey, IndexValue, OperatorClass, QualifiedName, Sql};

pub(super) fn create(table: &QualifiedName, index: &Named<Index<Sql>>) -> String {
    let Index {
        method,
        unique,
        nulls_not_distinct,
        keys,
        include,
        predicate,
        with,
        // It is not made so.
        not_valid: _,
    } = &index.item;
    let unique = if *unique { "UNIQUE " } else { "" };
    // What everybody takes an index for needs no word.
    let using = if method.as_str() == "btree" { String::new() } else { using(method) };
    let keys: Vec<_> = keys.iter().map(key).collect();
    let mut text = format!(
        "CREATE {unique}INDEX {} ON {}{using} ({})",
        ident(&index.name),
        qualified(table),
        keys.join(", ")
    );
    text += &including(include);
    if *nulls_not_distinct {
        text += " NULLS NOT DISTINCT";
    }
    if !with.is_empty() {
        text += &format!(" WITH ({})", parameters(with));
    }
    if let Some(predicate) = predicate {
        text += &format!("\n    WHERE ({})", predicate.as_str());
    }
    text
}

fn using(method: &Ident) -> String {
    format!(" USING {}", ident(method))
}

/// A key with how it is compared and sorted.
pub(super) fn key(key: &IndexKey<Sql>) -> String {
    let IndexKey { value, collation, operator_class, descending, nulls_first } = key;
    let mut text = match value {
        IndexValue::Column(name) => ident(name),
        IndexValue::Expr(sql) => format!("({})", sql.as_str()),
    };
    if let Some(collation) = collation {
        text += &format!(" COLLATE {}", qualified(collation));
    }
    if let Some(OperatorClass { name, parameters }) = operator_class {
        text += &format!(" {}", qualified(name));
        if !parameters.is_empty() {
            text += &format!(" ({})", self::parameters(parameters));
        }
    }
    // Postgres takes NULLs for larger than anything.
    text += match (descending, nulls_first) {
        (false, false) => "",
        (false, true) => " NULLS FIRST",
        (true, true) => " DESC",
        (true, false) => " DESC NULLS LAST",
    };
    text
}

fn parameters(parameters: &BTreeMap<String, String>) -> String {
    let word =
        |value: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    let each = parameters.iter().map(|(name, value)| {
        let value = if word(value) && !value.is_empty() { value.clone() } else { literal(value) };
        format!("{name} = {value}")
    });
    each.collect::<Vec<_>>().join(", ")
}
