//! How rows are spread over partitions.

use std::collections::BTreeMap;

use rls_core::model::*;
use rls_core::render::ident;

use super::draft::{Need, id};
use super::kinds::{self, KINDS};
use super::maker::Maker;

/// Which rows each of some partitions holds, by how they are told apart.
fn bounds(strategy: PartitionStrategy, count: usize) -> Vec<PartitionBound> {
    let number = |n: i64| Literal::Number(n.to_string());
    match strategy {
        PartitionStrategy::Range => {
            let end = |at: usize| match at {
                0 => RangeEnd::MinValue,
                at if at == count => RangeEnd::MaxValue,
                at => RangeEnd::Value(number(at as i64 * 2 - 1)),
            };
            let range = |at| PartitionBound::Range { from: vec![end(at)], to: vec![end(at + 1)] };
            (0..count).map(range).collect()
        }
        PartitionStrategy::List => {
            let list = |at: usize| match at {
                0 => PartitionBound::List(vec![Some(number(-1)), Some(number(1)), None]),
                1 => PartitionBound::Default,
                at => PartitionBound::List(vec![Some(number(at as i64))]),
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
        let whole = |column: &&Column<Sql>| fits(column);
        let columns: Vec<_> = table.columns.iter().filter(whole).cloned().collect();
        let Some(column) = self.dice.any(&columns) else { return };
        let name = table.name.clone();
        table.partitioning = Some(self.spread(&name, &column.name, 0));
        if self.draft.version < 17 {
            // Only later ones number the rows of partitions.
            for column in &mut table.columns {
                (column.identity, column.numbering) = (None, SequenceOptions::default());
            }
        }
    }

    fn spread(&mut self, of: &QualifiedName, column: &Ident, depth: usize) -> Partitioning<Sql> {
        let strategies =
            [PartitionStrategy::Range, PartitionStrategy::List, PartitionStrategy::Hash];
        let strategy = self.dice.any(&strategies).unwrap();
        let mut key = IndexKey::column(column.clone());
        if self.dice.one_in(5) {
            let text = self.dice.pick(&["abs(§)", "(§ + 1)", "coalesce(§, 0)"]);
            let text = text.replace('§', &ident(column));
            key.value = IndexValue::Expr(self.draft.sql(text, [Need::Own(column.clone())]));
        }
        let mut partitions = BTreeMap::new();
        let count = 1 + self.dice.below(3);
        let securities = [RowSecurity::Enabled, RowSecurity::Forced, RowSecurity::Disabled];
        for (at, bound) in bounds(strategy, count).into_iter().enumerate() {
            let own = Ident::shortened(&format!("{}_{at}", of.name)).unwrap();
            let schema = if self.dice.one_in(4) { id("app") } else { of.schema.clone() };
            let name = QualifiedName::new(schema, own);
            let deeper = depth == 0 && self.dice.one_in(6);
            let partition = Partition {
                bound,
                row_security: self.dice.any(&securities).unwrap(),
                partitioning: deeper.then(|| self.spread(&name, column, depth + 1)),
                name: name.clone(),
            };
            partitions.insert(name, partition);
        }
        let keep_undeclared = self.dice.one_in(8);
        Partitioning { strategy, keys: vec![key], keep_undeclared, partitions }
    }
}

/// Whether rows can be told apart by a column.
fn fits(column: &Column<Sql>) -> bool {
    column.generated.is_none() && kinds::of(&column.name).names == KINDS[0].names
}

/// What partitions of a table are named.
pub fn names(table: &Table<Sql>) -> Vec<QualifiedName> {
    let all = table.partitioning.iter().flat_map(Partitioning::all);
    all.map(|partition| partition.name.clone()).collect()
}

/// Takes away what Postgres does not let partitioned tables have, or the partitions where they cannot
/// be any more.
pub fn repair(table: &mut Table<Sql>, version: u32) {
    let Some(partitioning) = &table.partitioning else { return };
    let mut keys: Vec<_> = partitioning.keys.iter().collect();
    let inner = partitioning.all().into_iter().filter_map(|it| it.partitioning.as_ref());
    keys.extend(inner.flat_map(|it| &it.keys));
    let all_fit = table.columns.iter().filter(|column| fits(column));
    let all_fit: Vec<_> = all_fit.map(|column| column.name.clone()).collect();
    let used = |column: &Ident| {
        keys.iter().any(|key| match &key.value {
            IndexValue::Column(name) => name == column,
            IndexValue::Expr(sql) => sql.as_str().contains(&ident(column)),
        })
    };
    let column = keys.iter().find_map(|key| match &key.value {
        IndexValue::Column(name) => Some(name.clone()),
        IndexValue::Expr(_) => None,
    });
    let computed = keys.iter().any(|key| matches!(key.value, IndexValue::Expr(_)));
    if !all_fit.iter().any(used) {
        table.partitioning = None;
        return;
    }
    // A key is unique within a partition: it has to tell which one.
    let tells = |columns: &[Ident]| {
        !computed && column.as_ref().is_none_or(|column| columns.contains(column))
    };
    table.primary_key = table.primary_key.take().filter(|key| tells(&key.columns));
    table.uniques.retain(|_, unique| tells(&unique.columns));
    table.exclusions.clear();
    table.indexes.retain(|_, index| !index.unique);
    table.checks.values_mut().for_each(|check| check.no_inherit = false);
    table.foreign_keys.values_mut().for_each(|key| key.not_valid = false);
    if version < 17 {
        for column in &mut table.columns {
            (column.identity, column.numbering) = (None, SequenceOptions::default());
        }
    }
}
