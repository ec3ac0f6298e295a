//! A table behind renames, with all that names its columns.

use std::collections::BTreeMap;

use super::Renamed;
use super::text::Row;
use crate::model::{
    BaseType, Check, Column, Exclusion, ExclusionElement, ForeignKey, Generated, Ident, Index,
    IndexKey, IndexValue, Literal, Partition, PartitionBound, Partitioning, Policy, PrimaryKey,
    QualifiedName, RangeEnd, Sql, Table, Trigger, Unique, usual_name,
};

impl Renamed {
    pub(super) fn table(&self, table: Table<Sql>) -> Table<Sql> {
        let Table {
            name,
            columns,
            primary_key,
            uniques,
            checks,
            foreign_keys,
            exclusions,
            indexes,
            triggers,
            partitioning,
            row_security,
            policies,
        } = table;
        let now = self.relation(name.clone());
        let fields = columns.iter().map(|column| column.name.clone()).collect();
        let on = OnTable { renamed: self, row: Row { was: name, now: now.clone(), fields } };
        // Values of enums are told by the types of the columns that hold them.
        let partitioning = partitioning.map(|partitioning| on.partitioning(partitioning, &columns));
        Table {
            columns: columns.into_iter().map(|column| on.column(column)).collect(),
            primary_key: primary_key.map(|key| on.primary_key(key)),
            uniques: each(uniques, |unique| on.unique(unique)),
            checks: each(checks, |check| on.check(check)),
            foreign_keys: each(foreign_keys, |key| on.foreign_key(key)),
            exclusions: each(exclusions, |exclusion| on.exclusion(exclusion)),
            indexes: each(indexes, |index| on.index(index)),
            triggers: each(triggers, |trigger| on.trigger(trigger)),
            partitioning,
            row_security,
            policies: policies
                .into_iter()
                .map(|(name, policy)| (self.policy_of(&now, name), on.policy(policy)))
                .collect(),
            name: now,
        }
    }
}

fn each<T>(items: BTreeMap<Ident, T>, f: impl Fn(T) -> T) -> BTreeMap<Ident, T> {
    items.into_iter().map(|(name, item)| (name, f(item))).collect()
}

/// Renames on one table; its row is what its expressions speak of.
struct OnTable<'a> {
    renamed: &'a Renamed,
    row: Row,
}

impl OnTable<'_> {
    fn text(&self, sql: Sql) -> Sql {
        self.renamed.of_row(sql, &self.row)
    }

    fn name(&self, column: Ident) -> Ident {
        self.renamed.column_of(&self.row.now, column)
    }

    fn names(&self, columns: Vec<Ident>) -> Vec<Ident> {
        columns.into_iter().map(|column| self.name(column)).collect()
    }

    /// The sequence of an identity column keeps its name, which Postgres would give otherwise now.
    fn column(&self, column: Column<Sql>) -> Column<Sql> {
        let Column {
            name,
            ty,
            collation,
            nullable,
            default,
            identity,
            numbering,
            sequence,
            generated,
        } = column;
        let now = self.name(name.clone());
        let usual = |table: &QualifiedName, column: &Ident| {
            Ident::new(usual_name(table.name.as_str(), Some(column.as_str()), "seq")).ok()
        };
        let (was, is) = (usual(&self.row.was, &name), usual(&self.row.now, &now));
        let called = sequence.or(was).filter(|_| identity.is_some());
        Column {
            name: now,
            ty: self.renamed.ty(ty),
            collation,
            nullable,
            default: default.map(|sql| self.text(self.renamed.counted(sql))),
            identity,
            numbering,
            sequence: called.filter(|name| Some(name) != is.as_ref()),
            generated: generated
                .map(|Generated { expr, stored }| Generated { expr: self.text(expr), stored }),
        }
    }

    fn primary_key(&self, key: PrimaryKey) -> PrimaryKey {
        let PrimaryKey { name, columns, include, deferral } = key;
        let (columns, include) = (self.names(columns), self.names(include));
        PrimaryKey { name, columns, include, deferral }
    }

    fn unique(&self, unique: Unique) -> Unique {
        let Unique { columns, include, nulls_not_distinct, deferral } = unique;
        let (columns, include) = (self.names(columns), self.names(include));
        Unique { columns, include, nulls_not_distinct, deferral }
    }

    fn check(&self, check: Check<Sql>) -> Check<Sql> {
        let Check { expr, no_inherit, not_valid } = check;
        Check { expr: self.text(expr), no_inherit, not_valid }
    }

    fn foreign_key(&self, key: ForeignKey) -> ForeignKey {
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
        let table = self.renamed.relation(table);
        let references =
            references.into_iter().map(|column| self.renamed.column_of(&table, column));
        ForeignKey {
            columns: self.names(columns),
            references: references.collect(),
            table,
            on_delete,
            on_update,
            set_columns: self.names(set_columns),
            match_full,
            deferral,
            not_valid,
        }
    }

    fn exclusion(&self, exclusion: Exclusion<Sql>) -> Exclusion<Sql> {
        let Exclusion { method, elements, include, predicate, deferral } = exclusion;
        let element =
            |ExclusionElement { key, operator }| ExclusionElement { key: self.key(key), operator };
        Exclusion {
            method,
            elements: elements.into_iter().map(element).collect(),
            include: self.names(include),
            predicate: predicate.map(|sql| self.text(sql)),
            deferral,
        }
    }

    fn index(&self, index: Index<Sql>) -> Index<Sql> {
        let Index { method, unique, nulls_not_distinct, keys, include, predicate, with, not_valid } =
            index;
        Index {
            method,
            unique,
            nulls_not_distinct,
            keys: keys.into_iter().map(|key| self.key(key)).collect(),
            include: self.names(include),
            predicate: predicate.map(|sql| self.text(sql)),
            with,
            not_valid,
        }
    }

    fn key(&self, key: IndexKey<Sql>) -> IndexKey<Sql> {
        let IndexKey { value, collation, operator_class, descending, nulls_first } = key;
        let value = match value {
            IndexValue::Column(name) => IndexValue::Column(self.name(name)),
            IndexValue::Expr(sql) => IndexValue::Expr(self.text(sql)),
        };
        IndexKey { value, collation, operator_class, descending, nulls_first }
    }

    fn trigger(&self, trigger: Trigger) -> Trigger {
        let Trigger {
            timing,
            events,
            columns,
            for_each_row,
            when,
            function,
            arguments,
            old_table,
            new_table,
            constraint,
            state,
        } = trigger;
        Trigger {
            timing,
            events,
            columns: columns.into_iter().map(|column| self.name(column)).collect(),
            for_each_row,
            when: when.map(|sql| self.renamed.of_two_rows(sql, &self.row)),
            function,
            arguments,
            old_table,
            new_table,
            constraint,
            state,
        }
    }

    fn policy(&self, policy: Policy<Sql>) -> Policy<Sql> {
        let Policy { kind, command, roles, using, with_check } = policy;
        Policy {
            kind,
            command,
            roles: roles.into_iter().map(|role| self.renamed.grantee(role)).collect(),
            using: using.map(|sql| self.text(sql)),
            with_check: with_check.map(|sql| self.text(sql)),
        }
    }

    /// Partitions have the columns of their table, and names of their own that stay.
    fn partitioning(
        &self,
        partitioning: Partitioning<Sql>,
        columns: &[Column<Sql>],
    ) -> Partitioning<Sql> {
        let Partitioning { strategy, keys, keep_undeclared, partitions } = partitioning;
        let enums: Vec<_> = keys.iter().map(|key| type_of(key, columns)).collect();
        let partition = |(key, partition)| {
            let Partition { name, bound, row_security, partitioning } = partition;
            let bound = self.bound(bound, &enums);
            let partitioning = partitioning.map(|inner| self.partitioning(inner, columns));
            (key, Partition { name, bound, row_security, partitioning })
        };
        Partitioning {
            strategy,
            partitions: partitions.into_iter().map(partition).collect(),
            keys: keys.into_iter().map(|key| self.key(key)).collect(),
            keep_undeclared,
        }
    }

    fn bound(&self, bound: PartitionBound, types: &[Option<QualifiedName>]) -> PartitionBound {
        let value = |literal: Literal, ty: Option<&QualifiedName>| match (literal, ty) {
            (Literal::Text(text), Some(ty)) => {
                let to = self.renamed.values.get(&(ty.clone(), text.clone())).cloned();
                Literal::Text(to.unwrap_or(text))
            }
            (literal, _) => literal,
        };
        let of_key = |at: usize| types.get(at).and_then(Option::as_ref);
        let ends = |ends: Vec<RangeEnd>| {
            let end = |(at, end)| match end {
                RangeEnd::Value(literal) => RangeEnd::Value(value(literal, of_key(at))),
                RangeEnd::MinValue => RangeEnd::MinValue,
                RangeEnd::MaxValue => RangeEnd::MaxValue,
            };
            ends.into_iter().enumerate().map(end).collect()
        };
        match bound {
            PartitionBound::Range { from, to } => {
                PartitionBound::Range { from: ends(from), to: ends(to) }
            }
            PartitionBound::List(values) => {
                let renamed = |it: Option<Literal>| it.map(|literal| value(literal, of_key(0)));
                PartitionBound::List(values.into_iter().map(renamed).collect())
            }
            PartitionBound::Hash { modulus, remainder } => {
                PartitionBound::Hash { modulus, remainder }
            }
            PartitionBound::Default => PartitionBound::Default,
        }
    }
}

/// The schema's own type of the column that a key is, if it is one.
fn type_of(key: &IndexKey<Sql>, columns: &[Column<Sql>]) -> Option<QualifiedName> {
    let IndexValue::Column(name) = &key.value else { return None };
    let column = columns.iter().find(|column| column.name == *name)?;
    if let BaseType::Named(name) = &column.ty.base { Some(name.clone()) } else { None }
}
