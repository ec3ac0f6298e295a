//! What the server has to be asked about partitions before they are compared.

use super::Pair;
use super::constraint::tested;
use crate::model::{
    IndexKey, IndexValue, Literal, PartitionBound, Partitioning, PgType, RangeEnd, Sql, Table,
};
use crate::render;

/// Something that the server has to be asked about.
pub(crate) enum Doubt {
    /// A predicate over the row.
    Predicate(Sql),
    /// A constant as a value of a column's type, which decides about that predicate.
    Constant(Sql, Literal, PgType),
}

/// Each key, and each value of a bound, that is there twice with different texts.
pub(crate) fn doubts(tables: Pair<&Table<Sql>>) -> Vec<Doubt> {
    let Pair { previous, next } = tables;
    let both = previous.partitioning.as_ref().zip(next.partitioning.as_ref());
    let mut found = Vec::new();
    if let Some((previous, next)) = both {
        doubts_of(tables.next, Pair { previous, next }, &mut found);
    }
    found
}

fn doubts_of(table: &Table<Sql>, levels: Pair<&Partitioning<Sql>>, found: &mut Vec<Doubt>) {
    let Pair { previous, next } = levels;
    let texts = |keys: &[IndexKey<Sql>]| -> Vec<Sql> {
        let exprs = keys.iter().filter_map(|key| match &key.value {
            IndexValue::Expr(sql) => Some(tested(sql)),
            IndexValue::Column(_) => None,
        });
        exprs.collect()
    };
    let (was, is) = (texts(&previous.keys), texts(&next.keys));
    if was != is {
        found.extend(was.into_iter().chain(is).map(Doubt::Predicate));
    }
    for (name, partition) in &next.partitions {
        let Some(was) = previous.partitions.get(name) else { continue };
        if was.bound != partition.bound {
            found.extend(values(table, &previous.keys, &was.bound));
            found.extend(values(table, &next.keys, &partition.bound));
        }
        let inner = was.partitioning.as_ref().zip(partition.partitioning.as_ref());
        if let Some((previous, next)) = inner {
            doubts_of(table, Pair { previous, next }, found);
        }
    }
}

fn values(table: &Table<Sql>, keys: &[IndexKey<Sql>], bound: &PartitionBound) -> Vec<Doubt> {
    let value = |at: usize, value: &Literal| {
        let key = &keys.get(at)?.value;
        let predicate = render::key_equals(key, value);
        Some(match key {
            IndexValue::Column(name) => {
                Doubt::Constant(predicate, value.clone(), table.column(name)?.ty.clone())
            }
            IndexValue::Expr(_) => Doubt::Predicate(predicate),
        })
    };
    match bound {
        PartitionBound::Range { from, to } => {
            let ends = from.iter().enumerate().chain(to.iter().enumerate());
            let values = ends.filter_map(|(at, end)| match end {
                RangeEnd::Value(literal) => value(at, literal),
                RangeEnd::MinValue | RangeEnd::MaxValue => None,
            });
            values.collect()
        }
        PartitionBound::List(list) => {
            list.iter().flatten().filter_map(|literal| value(0, literal)).collect()
        }
        PartitionBound::Hash { .. } | PartitionBound::Default => Vec::new(),
    }
}
