//! Sequences, and how identity columns count.

use std::collections::BTreeSet;

use super::closing::closing;
use super::{ident, literal, qualified};
use crate::diff::Pair;
use crate::model::{
    BaseType, Column, Grantee, Ident, QualifiedName, Sequence, SequenceOptions, Sql, usual_name,
};

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
    let closing = closing(&format!("SEQUENCE {name}"), revoke_from);
    std::iter::once(text).chain(closing).collect()
}

pub(super) fn alter(sequences: &Pair<Sequence>) -> Vec<String> {
    let Sequence { name, ty, options, owner: _ } = &sequences.next;
    let Pair { previous, next: _ } = sequences;
    let counting = Pair {
        previous: Counting {
            options: previous.options.as_kept(&previous.ty.base),
            ty: &previous.ty.base,
        },
        next: Counting { options: options.as_kept(&ty.base), ty: &ty.base },
    };
    let retyped = if &previous.ty == ty { String::new() } else { format!(" AS {ty}") };
    let options: String = changed(&counting).iter().map(|option| format!(" {option}")).collect();
    let name = qualified(name);
    let alter = format!("ALTER SEQUENCE {name}{retyped}{options}");
    let narrowed = narrowed(&counting, &format!("{}::regclass", literal(&name)));
    narrowed.into_iter().chain([alter]).collect()
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

/// It belongs to no column any more, or else would go with its own.
pub(super) fn free(name: &QualifiedName, take: bool) -> Vec<String> {
    let name = qualified(name);
    let free = format!("ALTER SEQUENCE {name} OWNED BY NONE");
    let take = take.then(|| format!("ALTER SEQUENCE {name} OWNER TO CURRENT_USER"));
    std::iter::once(free).chain(take).collect()
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

/// How numbers of a type are counted, without what is usual.
pub(super) struct Counting<'a> {
    pub(super) options: SequenceOptions,
    pub(super) ty: &'a BaseType,
}

impl Counting<'_> {
    fn range(&self) -> (i64, i64) {
        self.options.range(self.ty)
    }
}

/// How it counts, as far as that is not as usual.
pub(super) fn options(options: &SequenceOptions) -> Vec<String> {
    let usual = SequenceOptions::default();
    let mut texts = differences(&usual, options);
    // Where it starts by itself depends on the others.
    texts.retain(|text| options.start.is_some() || !text.starts_with("START"));
    texts
}

/// What stands behind AS IDENTITY: the name, where it is not the one that Postgres gives, and the options.
pub(super) fn of_identity(
    name: Option<&Ident>,
    table: &QualifiedName,
    numbering: &SequenceOptions,
) -> String {
    let full = |name: &Ident| qualified(&QualifiedName::new(table.schema.clone(), name.clone()));
    let name = name.map(|name| format!("SEQUENCE NAME {}", full(name)));
    let all: Vec<_> = name.into_iter().chain(options(numbering)).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(" ")) }
}

/// Calls the sequence of an identity column as it is declared. Where nothing is, it keeps its name.
pub(super) fn renamed(table: &QualifiedName, columns: &Pair<Column<Sql>>) -> Option<String> {
    let Pair { previous, next } = columns;
    let called = next.sequence.as_ref().filter(|name| previous.sequence.as_ref() != Some(name))?;
    let usual =
        || Ident::new(usual_name(table.name.as_str(), Some(next.name.as_str()), "seq")).ok();
    let was = QualifiedName::new(table.schema.clone(), previous.sequence.clone().or_else(usual)?);
    Some(rename(&was, called))
}

pub(super) fn rename(name: &QualifiedName, to: &Ident) -> String {
    format!("ALTER SEQUENCE {} RENAME TO {}", qualified(name), ident(to))
}

/// The options that lead from one way of counting to another.
pub(super) fn changed(counting: &Pair<Counting<'_>>) -> Vec<String> {
    let Pair { previous, next } = counting;
    let mut options = differences(&previous.options, &next.options);
    let (was, is) = (previous.range(), next.range());
    if previous.options.counts_down() != next.options.counts_down() {
        // What Postgres has by itself depends on the direction, and does not turn with it.
        options.retain(|option| !option.contains("MINVALUE") && !option.contains("MAXVALUE"));
        options.extend([format!("MINVALUE {}", is.0), format!("MAXVALUE {}", is.1)]);
    }
    if was.0.max(is.0) > was.1.min(is.1) {
        // No number that it can have come to is one of the new ones.
        options.push(format!("RESTART WITH {}", first(&next.options)));
    }
    options
}

/// Where fewer numbers are left than there were: moves one that has come to another, or begins there, to
/// the nearest that is left.
pub(super) fn narrowed(counting: &Pair<Counting<'_>>, sequence: &str) -> Option<String> {
    let (was, is) = (counting.previous.range(), counting.next.range());
    let (least, greatest) = (was.0.max(is.0), was.1.min(is.1));
    let first = first(&counting.previous.options);
    (least <= greatest && (least, greatest) != was).then(|| {
        let last = format!("pg_catalog.pg_sequence_last_value({sequence})");
        format!(
            "SELECT pg_catalog.setval({sequence}, least(greatest(coalesce({last}, {first}), {least}), {greatest}), {last} IS NOT NULL)"
        )
    })
}

fn differences(previous: &SequenceOptions, next: &SequenceOptions) -> Vec<String> {
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
    let usual =
        if options.counts_down() { options.max.unwrap_or(-1) } else { options.min.unwrap_or(1) };
    options.start.unwrap_or(usual)
}

/// The next number of a sequence, in the words of the server.
pub(crate) fn next_of(sequence: &QualifiedName) -> Sql {
    Sql::new(format!("nextval({}::regclass)", literal(&qualified(sequence))))
}
