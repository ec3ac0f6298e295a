//! Partitions: PARTITION BY, PARTITION OF, and what each of them holds.

use super::{ident, index, literal, qualified};
use crate::diff::OnTable;
use crate::model::{
    IndexValue, Literal, Partition, PartitionBound, PartitionStrategy, Partitioning, QualifiedName,
    RangeEnd, Sql,
};

/// `RANGE (created_at)`, as it follows PARTITION BY.
pub(crate) fn keys_of(partitioning: &Partitioning<Sql>) -> String {
    let strategy = match partitioning.strategy {
        PartitionStrategy::Range => "RANGE",
        PartitionStrategy::List => "LIST",
        PartitionStrategy::Hash => "HASH",
    };
    let keys: Vec<_> = partitioning.keys.iter().map(index::key).collect();
    format!("{strategy} ({})", keys.join(", "))
}

pub(super) fn create(partition: &OnTable<Box<Partition<Sql>>>) -> String {
    let OnTable { table, item } = partition;
    let Partition { name, bound, row_security: _, partitioning } = &**item;
    let (name, table) = (qualified(name), qualified(table));
    let mut text = format!("CREATE TABLE {name} PARTITION OF {table}\n    {}", self::bound(bound));
    if let Some(partitioning) = partitioning {
        text += &format!(" PARTITION BY {}", keys_of(partitioning));
    }
    text
}

pub(super) fn detach(partition: &OnTable<QualifiedName>) -> String {
    let OnTable { table, item } = partition;
    format!("ALTER TABLE {} DETACH PARTITION {}", qualified(table), qualified(item))
}

pub(super) fn attach(partition: &OnTable<Box<Partition<Sql>>>) -> String {
    let OnTable { table, item } = partition;
    let (table, name) = (qualified(table), qualified(&item.name));
    format!("ALTER TABLE {table} ATTACH PARTITION {name} {}", bound(&item.bound))
}

fn bound(bound: &PartitionBound) -> String {
    let list = |values: Vec<String>| values.join(", ");
    match bound {
        PartitionBound::Range { from, to } => format!(
            "FOR VALUES FROM ({}) TO ({})",
            list(from.iter().map(end).collect()),
            list(to.iter().map(end).collect())
        ),
        PartitionBound::List(values) => {
            let value =
                |value: &Option<Literal>| value.as_ref().map_or("NULL".to_owned(), constant);
            format!("FOR VALUES IN ({})", list(values.iter().map(value).collect()))
        }
        PartitionBound::Hash { modulus, remainder } => {
            format!("FOR VALUES WITH (MODULUS {modulus}, REMAINDER {remainder})")
        }
        PartitionBound::Default => "DEFAULT".to_owned(),
    }
}

fn end(end: &RangeEnd) -> String {
    match end {
        RangeEnd::MinValue => "MINVALUE".to_owned(),
        RangeEnd::Value(value) => constant(value),
        RangeEnd::MaxValue => "MAXVALUE".to_owned(),
    }
}

fn constant(value: &Literal) -> String {
    match value {
        Literal::Bool(value) => value.to_string(),
        Literal::Number(digits) => digits.clone(),
        Literal::Text(text) => literal(text),
    }
}

/// That a key has a value, as a predicate over the row. In quotes every constant is read as the key's
/// type wants it, just as in the bound of a partition.
pub(crate) fn key_equals(key: &IndexValue<Sql>, value: &Literal) -> Sql {
    let key = match key {
        IndexValue::Column(name) => ident(name),
        IndexValue::Expr(sql) => format!("({}\n)", sql.as_str()),
    };
    Sql::new(format!("{key} = {}", constant_text(value)))
}

/// A constant in quotes, whatever its type.
pub(crate) fn constant_text(value: &Literal) -> String {
    match value {
        Literal::Bool(value) => literal(&value.to_string()),
        Literal::Number(text) | Literal::Text(text) => literal(text),
    }
}
