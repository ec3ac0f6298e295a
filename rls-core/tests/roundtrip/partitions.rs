//! How rows are spread over partitions.

use std::collections::BTreeMap;

use rls_core::model::*;
use rls_core::render::ident;

use super::draft::{Draft, Need, id};
use super::keys::operator_class;
use super::kinds::{self, KINDS};
use super::maker::{COLLATIONS, Maker};

/// Values of one sort in their order.
#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Numbers,
    Texts,
    Truths,
}

impl Sort {
    /// That of a column which rows can be told apart by.
    fn of(column: &Column<Sql>) -> Option<Sort> {
        let names = kinds::of(&column.name).names;
        let plain = column.generated.is_none() && !column.ty.array;
        let sort = match names {
            names if names == KINDS[0].names => Sort::Numbers,
            names if names == KINDS[1].names => Sort::Texts,
            names if names == KINDS[2].names => Sort::Truths,
            _ => return None,
        };
        plain.then_some(sort)
    }

    fn value(self, at: usize) -> Literal {
        match self {
            Sort::Numbers => Literal::Number((at as i64 * 2 - 1).to_string()),
            Sort::Texts => Literal::Text(["", "it's", "m", "z"][at].to_owned()),
            Sort::Truths => Literal::Bool(at > 0),
        }
    }

    /// How many partitions values are told apart by.
    fn most(self) -> usize {
        if self == Sort::Truths { 2 } else { 3 }
    }
}

/// Which rows each of some partitions holds, by how they are told apart.
fn bounds(
    strategy: PartitionStrategy,
    count: usize,
    sorts: &[Sort],
    between: RangeEnd,
) -> Vec<PartitionBound> {
    let first = sorts[0];
    match strategy {
        PartitionStrategy::Range => {
            let end = |at: usize| {
                let mut ends = vec![match at {
                    0 => RangeEnd::MinValue,
                    at if at == count => RangeEnd::MaxValue,
                    at => RangeEnd::Value(first.value(at)),
                }];
                // Behind what has no end there is none either.
                ends.extend(sorts.get(1).map(|more| match at {
                    0 => RangeEnd::MinValue,
                    at if at == count => RangeEnd::MaxValue,
                    1 => RangeEnd::Value(more.value(1)),
                    _ => between.clone(),
                }));
                ends
            };
            let range = |at| PartitionBound::Range { from: end(at), to: end(at + 1) };
            (0..count).map(range).collect()
        }
        PartitionStrategy::List => {
            let list = |at: usize| match at {
                0 => PartitionBound::List(vec![Some(first.value(1)), None]),
                1 => PartitionBound::Default,
                at => PartitionBound::List(vec![Some(first.value(at))]),
            };
            (0..count).map(list).collect()
        }
        PartitionStrategy::Hash => {
            let modulus = u32::try_from(count).unwrap();
            (0..modulus).map(|remainder| PartitionBound::Hash { modulus, remainder }).collect()
        }
    }
}

impl Maker {
    pub fn partitioning(&mut self, table: &mut Table<Sql>) {
        if !self.dice.one_in(6) {
            return;
        }
        let columns: Vec<_> =
            table.columns.iter().filter(|it| Sort::of(it).is_some()).cloned().collect();
        let columns = self.dice.some(&columns, 2);
        if columns.is_empty() {
            return;
        }
        let name = table.name.clone();
        table.partitioning = Some(self.spread(&name, &columns, 0));
    }

    fn spread(
        &mut self,
        of: &QualifiedName,
        columns: &[Column<Sql>],
        depth: usize,
    ) -> Partitioning<Sql> {
        let strategies =
            [PartitionStrategy::Range, PartitionStrategy::List, PartitionStrategy::Hash];
        let strategy = self.dice.any(&strategies).unwrap();
        let several = strategy != PartitionStrategy::List;
        let columns = &columns[..if several { columns.len() } else { 1 }];
        let sorts: Vec<_> = columns.iter().filter_map(Sort::of).collect();
        let keys = columns.iter().map(|column| self.partition_key(column)).collect();
        let mut partitions = BTreeMap::new();
        let count = 1 + self.dice.below(sorts[0].most());
        let securities = [RowSecurity::Enabled, RowSecurity::Forced, RowSecurity::Disabled];
        let between = self.dice.any(&[RangeEnd::MinValue, RangeEnd::MaxValue]).unwrap();
        let bounds = bounds(strategy, count, &sorts, between);
        for (at, bound) in bounds.into_iter().enumerate() {
            let own = Ident::shortened(&format!("{}_{at}", of.name)).unwrap();
            let schema = if self.dice.one_in(4) { id("app") } else { of.schema.clone() };
            let name = QualifiedName::new(schema, own);
            let deeper = depth == 0 && self.dice.one_in(6);
            let partition = Partition {
                bound,
                row_security: self.dice.any(&securities).unwrap(),
                partitioning: deeper.then(|| self.spread(&name, columns, depth + 1)),
                name: name.clone(),
            };
            partitions.insert(name, partition);
        }
        let keep_undeclared = self.dice.one_in(8);
        Partitioning { strategy, keys, keep_undeclared, partitions }
    }

    fn partition_key(&mut self, column: &Column<Sql>) -> IndexKey<Sql> {
        let mut key = IndexKey::column(column.name.clone());
        match Sort::of(column) {
            Some(Sort::Numbers) if self.dice.one_in(5) => {
                let text = self.dice.pick(&["abs(§)", "(§ + 1)", "coalesce(§, 0)"]);
                let text = text.replace('§', &ident(&column.name));
                key.value =
                    IndexValue::Expr(self.draft.sql(text, [Need::Own(column.name.clone())]));
            }
            Some(Sort::Texts) if self.dice.one_in(2) => {
                let collation = id(self.dice.pick(&COLLATIONS));
                key.collation = Some(QualifiedName::new(id("pg_catalog"), collation));
                if self.dice.one_in(2) {
                    key.operator_class = Some(operator_class("text_pattern_ops", &[]));
                }
            }
            Some(_) | None => {}
        }
        key
    }
}

/// What partitions of a table are named.
pub fn names(table: &Table<Sql>) -> Vec<QualifiedName> {
    let all = table.partitioning.iter().flat_map(Partitioning::all);
    all.map(|partition| partition.name.clone()).collect()
}

/// Takes away what Postgres does not let partitioned tables have, or the partitions where they cannot
/// be any more.
pub fn repair(table: &mut Table<Sql>, draft: &Draft) {
    let Some(partitioning) = &table.partitioning else { return };
    let mut keys: Vec<_> = partitioning.keys.iter().collect();
    let inner = partitioning.all().into_iter().filter_map(|it| it.partitioning.as_ref());
    keys.extend(inner.flat_map(|it| &it.keys));
    let stays = |name: &Ident| table.column(name).is_some_and(|it| Sort::of(it).is_some());
    let fits = |key: &IndexKey<Sql>| match &key.value {
        IndexValue::Column(name) => stays(name),
        IndexValue::Expr(sql) => {
            let needs = draft.needs_of(sql);
            needs.iter().all(|need| matches!(need, Need::Own(name) if stays(name)))
        }
    };
    if !keys.iter().all(|key| fits(key)) {
        table.partitioning = None;
        return;
    }
    // A key is unique within a partition: it has to tell which one.
    let tells = |columns: &[Ident]| {
        keys.iter().all(|key| match &key.value {
            IndexValue::Column(name) => columns.contains(name) && key.collation.is_none(),
            IndexValue::Expr(_) => false,
        })
    };
    table.primary_key = table.primary_key.take().filter(|key| tells(&key.columns));
    table.uniques.retain(|_, unique| tells(&unique.columns));
    table.exclusions.clear();
    table.indexes.retain(|_, index| !index.unique);
    table.checks.values_mut().for_each(|check| check.no_inherit = false);
    table.foreign_keys.values_mut().for_each(|key| key.not_valid = false);
    if draft.version < 17 {
        // Only later ones number the rows of partitions.
        for column in &mut table.columns {
            (column.identity, column.numbering) = (None, SequenceOptions::default());
            column.sequence = None;
        }
    }
}
