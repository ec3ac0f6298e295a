//! Sequences, and how identity columns count.

use std::collections::BTreeSet;

use super::change::grantees;
use super::{ident, literal, qualified};
use crate::diff::Pair;
use crate::model::{BaseType, Grantee, Ident, QualifiedName, Sequence, SequenceOptions};

/// CREATE SEQUENCE, and at once the end of what default privileges give away.
pub(super) fn create(sequence: &Sequence, revoke_from: &BTreeSet<Grantee>) -> Vec<String> {
    let Sequence { name, ty, options: _, owner: _ } = sequence;
    let name = qualified(name);
    let mut text = format!("CREATE SEQUENCE {name}");
    if ty.base != BaseType::BigInt {
        text += &format!(" AS {ty}");
    }
    for option in options(&sequence.as_kept().options) {
        text += &format!(" {option}");
    }
    let revoke_from = grantees(revoke_from);
    vec![text, format!("REVOKE ALL ON SEQUENCE {name} FROM {revoke_from}")]
}

pub(super) fn alter(sequences: &Pair<Sequence>) -> String {
    let Sequence { name, ty, options, owner: _ } = &sequences.next;
    let previous = &sequences.previous;
    let retyped = if &previous.ty == ty { String::new() } else { format!(" AS {ty}") };
    let options = changed(&previous.options.as_kept(&previous.ty.base), &options.as_kept(&ty.base));
    let options: String = options.iter().map(|option| format!(" {option}")).collect();
    format!("ALTER SEQUENCE {}{retyped}{options}", qualified(name))
}

/// Whose it is; where the column has values that it did not give out, it goes on after them.
pub(super) fn own(sequence: &Sequence, go_on: bool) -> Vec<String> {
    let name = qualified(&sequence.name);
    let Some(owner) = &sequence.owner else {
        return vec![format!("ALTER SEQUENCE {name} OWNED BY NONE")];
    };
    let (table, column) = (qualified(&owner.table), ident(&owner.column));
    let own = format!("ALTER SEQUENCE {name} OWNED BY {table}.{column}");
    if !go_on {
        return vec![own];
    }
    let regclass = format!("{}::regclass", literal(&name));
    vec![own, count_on(&regclass, &owner.table, &owner.column, &sequence.options)]
}

/// Sets a sequence behind the numbers that a column holds.
pub(super) fn count_on(
    sequence: &str,
    table: &QualifiedName,
    column: &Ident,
    options: &SequenceOptions,
) -> String {
    let by = options.increment.unwrap_or(1);
    let first = first(options);
    let (table, column) = (qualified(table), ident(column));
    let (farthest, other) = if by < 0 { ("min", "least") } else { ("max", "greatest") };
    format!(
        "SELECT pg_catalog.setval({sequence}, {other}({farthest}({column}) + ({by}), {first}), false) FROM {table}"
    )
}

/// How it counts, as far as that is not as usual.
pub(super) fn options(options: &SequenceOptions) -> Vec<String> {
    let mut texts = changed(&SequenceOptions::default(), options);
    // Where it starts by itself depends on the others.
    texts.retain(|text| options.start.is_some() || !text.starts_with("START"));
    texts
}

/// The options that lead from one way of counting to another; both without what is usual.
pub(super) fn changed(previous: &SequenceOptions, next: &SequenceOptions) -> Vec<String> {
    let SequenceOptions { start: _, increment, min, max, cache, cycle } = next;
    let mut options = Vec::new();
    let mut value = |word: &str, was: &Option<i64>, is: &Option<i64>, usual: &str| {
        if was != is {
            options.push(is.map_or(usual.to_owned(), |value| format!("{word} {value}")));
        }
    };
    value("INCREMENT BY", &previous.increment, increment, "INCREMENT BY 1");
    value("MINVALUE", &previous.min, min, "NO MINVALUE");
    value("MAXVALUE", &previous.max, max, "NO MAXVALUE");
    value("CACHE", &previous.cache, cache, "CACHE 1");
    // A start does not move with the bounds.
    if first(previous) != first(next) {
        options.push(format!("START WITH {}", first(next)));
    }
    if previous.cycle != *cycle {
        options.push(if *cycle { "CYCLE" } else { "NO CYCLE" }.to_owned());
    }
    options
}

/// The first number.
fn first(options: &SequenceOptions) -> i64 {
    let down = options.increment.is_some_and(|by| by < 0);
    let usual = if down { options.max.unwrap_or(-1) } else { options.min.unwrap_or(1) };
    options.start.unwrap_or(usual)
}
