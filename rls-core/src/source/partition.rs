//! How the rows of a table are spread over partitions.

use super::attribute::{Code, Item};
use super::constraint::Writer;
use super::expression;
use super::object::{string, switch};
use crate::model::{
    Commented, Expr, Ident, Literal, Partition, PartitionBound, PartitionStrategy, Partitioning,
    RangeEnd, RowSecurity,
};

/// `partition_by(range, columns = [at])` and each `partition(..)`, of what is in `schema`.
pub(super) fn items(partitioning: &Partitioning, schema: &Ident, writer: &Writer<'_>) -> Vec<Item> {
    let Partitioning { strategy, keys, keep_undeclared, partitions } = partitioning;
    let strategy = match strategy {
        PartitionStrategy::Range => "range",
        PartitionStrategy::List => "list",
        PartitionStrategy::Hash => "hash",
    };
    let keys = keys.iter().map(|key| writer.key(key)).collect();
    let mut by = vec![Item::Flag(strategy), Item::Value("columns", Code::array(keys))];
    by.extend(keep_undeclared.then_some(Item::Flag("keep_undeclared")));
    let parts = partitions.values().map(|partition| one(partition, schema, writer));
    std::iter::once(Item::List("partition_by", by)).chain(parts).collect()
}

fn one(partition: &Partition, schema: &Ident, writer: &Writer<'_>) -> Item {
    let Partition { name, bound, row_security, partitioning } = partition;
    let mut items = vec![string("name", name.name.as_str())];
    items.extend((&name.schema != schema).then(|| string("schema", name.schema.as_str())));
    items.extend(self::bound(bound));
    let open = *row_security == RowSecurity::Disabled;
    items.extend(open.then(|| switch("row_security", false)));
    items.extend(writer.partition(name));
    items.extend(writer.said(&Commented::Table(name.clone())));
    items.extend(partitioning.iter().flat_map(|inner| self::items(inner, &name.schema, writer)));
    Item::List("partition", items)
}

fn bound(bound: &PartitionBound) -> Vec<Item> {
    let number = |value: &u32| Code::literal(value.to_string());
    match bound {
        PartitionBound::Range { from, to } => {
            vec![Item::Value("from", ends(from)), Item::Value("to", ends(to))]
        }
        PartitionBound::List(values) => {
            let null = || "null".to_owned();
            let values = values.iter().map(|value| value.as_ref().map_or_else(null, constant));
            vec![Item::Value("values", Code::array(values.collect()))]
        }
        PartitionBound::Hash { modulus, remainder } => vec![
            Item::Value("modulus", number(modulus)),
            Item::Value("remainder", number(remainder)),
        ],
        PartitionBound::Default => vec![Item::Flag("default")],
    }
}

/// One value, or a list with one for each key.
fn ends(ends: &[RangeEnd]) -> Code {
    let end = |end: &RangeEnd| match end {
        RangeEnd::MinValue => "minvalue".to_owned(),
        RangeEnd::MaxValue => "maxvalue".to_owned(),
        RangeEnd::Value(value) => constant(value),
    };
    match ends {
        [one] => Code::other(end(one)),
        several => Code::array(several.iter().map(end).collect()),
    }
}

fn constant(value: &Literal) -> String {
    expression::code(&Expr::Literal(value.clone())).inline()
}
