//! Keys, constraints and indexes of a table that has its columns.

use rls_core::model::*;
use rls_core::render::{ident, qualified};

use super::draft::{Need, id};
use super::kinds::{self, Kind};
use super::maker::{COLLATIONS, Maker};

const NAMES: [&str; 5] = ["one_key", "Other Key", "third\"key", "ключ", "fourth_key"];
const INDEXES: [&str; 5] = ["one_idx", "Other Idx", "third\"idx", "индекс", "fourth_idx"];
const DEFERRALS: [Deferral; 4] =
    [Deferral::Never, Deferral::Never, Deferral::InitiallyImmediate, Deferral::InitiallyDeferred];

/// How a column of the table may be written.
fn spelled(maker: &mut Maker, table: &QualifiedName, column: &Ident) -> String {
    match maker.dice.below(8) {
        0 => format!("{}.{}", ident(&table.name), ident(column)),
        1 => format!("({})", ident(column)),
        _ => ident(column),
    }
}

impl Maker {
    /// Something that is true or false of a row; and of the moment, where that is allowed.
    pub fn test(&mut self, table: &Table<Sql>, moments: bool) -> Option<Sql> {
        let testable: Vec<_> =
            table.columns.iter().filter(|it| !kinds::of(&it.name).tests.is_empty()).collect();
        let column = self.dice.any(&testable)?.name.clone();
        let kind = kinds::of(&column);
        let mut tests = kind.tests.to_vec();
        tests.extend(kind.moments.iter().filter(|_| moments));
        let test = self.dice.pick(&tests).replace('§', &spelled(self, &table.name, &column));
        let one = self.draft.sql(test, [Need::Own(column)]);
        if !self.dice.one_in(3) {
            return Some(one);
        }
        let other = self.test(table, moments)?;
        let needs = self.draft.needs_of(&one).into_iter().chain(self.draft.needs_of(&other));
        let needs: Vec<_> = needs.collect();
        let (one, other) = (one.as_str(), other.as_str());
        let text = match self.dice.below(4) {
            0 => format!("({one}\n) AND ({other}\n)"),
            1 => format!("({one}\n) OR NOT ({other}\n)"),
            2 => format!("CASE WHEN {one}\n THEN {other}\n ELSE false END"),
            _ => format!("(({one}\n)) = ({other}\n)"),
        };
        Some(self.draft.sql(text, needs))
    }

    fn columns_for(
        &mut self,
        table: &Table<Sql>,
        most: usize,
        fits: fn(&Kind) -> bool,
    ) -> Vec<Ident> {
        let all: Vec<_> = table.columns.iter().map(|column| column.name.clone()).collect();
        let all: Vec<_> = all.into_iter().filter(|name| fits(kinds::of(name))).collect();
        self.dice.some(&all, most)
    }

    fn include(&mut self, table: &Table<Sql>) -> Vec<Ident> {
        if self.dice.one_in(4) { self.columns_for(table, 2, |_| true) } else { Vec::new() }
    }

    pub fn constraints(&mut self, table: &mut Table<Sql>) {
        if !self.dice.one_in(6) {
            let first = table.columns.first().filter(|column| column.name.as_str() == "id");
            let columns = match first {
                Some(column) if !self.dice.one_in(4) => vec![column.name.clone()],
                _ => self.columns_for(table, 2, |kind| kind.ordered),
            };
            let usual = Ident::shortened(&format!("{}_pkey", table.name.name)).unwrap();
            let name = if self.dice.one_in(4) { id(self.dice.pick(&NAMES)) } else { usual };
            let include = self.include(table);
            let deferral = self.dice.any(&DEFERRALS).unwrap();
            table.primary_key = Some(PrimaryKey { name, columns, include, deferral });
        }
        for name in self.dice.some(&NAMES, 2) {
            let unique = Unique {
                columns: self.columns_for(table, 3, |kind| kind.ordered),
                include: self.include(table),
                nulls_not_distinct: self.draft.version >= 15 && self.dice.one_in(3),
                deferral: self.dice.any(&DEFERRALS).unwrap(),
            };
            table.uniques.insert(id(name), unique);
        }
        for name in self.dice.some(&NAMES, 2) {
            let called = if self.dice.one_in(4) { self.calling_twice(table) } else { None };
            let Some(expr) = called.or_else(|| self.test(table, false)) else { break };
            let (no_inherit, not_valid) = (self.dice.one_in(5), self.dice.one_in(5));
            table.checks.insert(id(name), Check { expr, no_inherit, not_valid });
        }
        if self.dice.one_in(3) {
            self.exclusion(table);
        }
    }

    fn exclusion(&mut self, table: &mut Table<Sql>) {
        let Some(column) = self.dice.any(&table.columns) else { return };
        let kind = kinds::of(&column.name);
        let (method, operator) = match column.ty.to_string().as_str() {
            "int4range" | "int8range" | "daterange" => (self.dice.pick(&["gist", "spgist"]), "&&"),
            "box" | "circle" | "polygon" => ("gist", "&&"),
            "inet" => (self.dice.pick(&["gist", "spgist"]), "&&"),
            _ if kind.ordered => ("btree", "="),
            _ => return,
        };
        let mut key = IndexKey::column(column.name.clone());
        if method == "btree" && self.dice.one_in(3) {
            key = self.made_key(table, &column.name).unwrap_or(key);
        }
        if method == "gist" && column.ty.base == BaseType::Inet {
            key.operator_class = Some(operator_class("inet_ops", &[]));
        }
        let text = column.ty.family() == TypeFamily::Text && kind.names.contains(&"name");
        if method == "btree" && text && self.dice.one_in(2) {
            let collation = id(self.dice.pick(&COLLATIONS));
            key.collation = Some(QualifiedName::new(id("pg_catalog"), collation));
        }
        if method == "btree" {
            (key.descending, key.nulls_first) = (self.dice.one_in(4), self.dice.one_in(4));
        }
        let mut elements = vec![ExclusionElement { key, operator: Sql::new(operator) }];
        if method == "btree" && self.dice.one_in(3) {
            let more = self.columns_for(table, 1, |kind| kind.ordered);
            elements.extend(more.into_iter().map(|name| ExclusionElement {
                key: IndexKey::column(name),
                operator: Sql::new("="),
            }));
        }
        let exclusion = Exclusion {
            method: id(method),
            elements,
            include: if method == "btree" { self.include(table) } else { Vec::new() },
            predicate: if self.dice.one_in(3) { self.test(table, false) } else { None },
            deferral: self.dice.any(&DEFERRALS).unwrap(),
        };
        table.exclusions.insert(id(self.dice.pick(&NAMES)), exclusion);
    }

    /// An index key that is made of a column.
    fn made_key(&mut self, table: &Table<Sql>, column: &Ident) -> Option<IndexKey<Sql>> {
        let made = kinds::of(column).made;
        let made = self.dice.any(made)?.replace('§', &spelled(self, &table.name, column));
        let value = IndexValue::Expr(self.draft.sql(made, [Need::Own(column.clone())]));
        Some(IndexKey { value, ..IndexKey::column(column.clone()) })
    }

    pub fn indexes(&mut self, table: &mut Table<Sql>) {
        for name in self.dice.some(&INDEXES, 3) {
            let index = match self.dice.below(3) {
                0 => self.other_index(table),
                _ => self.btree(table),
            };
            table.indexes.extend(index.map(|index| (id(name), index)));
        }
    }

    fn btree(&mut self, table: &Table<Sql>) -> Option<Index<Sql>> {
        let mut keys = Vec::new();
        for column in self.columns_for(table, 3, |kind| kind.ordered) {
            let mut key = IndexKey::column(column.clone());
            let class = kinds::of(&column).methods.iter().find(|method| method.name == "btree");
            let text = kinds::of(&column).names.contains(&"name");
            if self.dice.one_in(4) {
                key = self.made_key(table, &column).unwrap_or(key);
            } else if let Some((class, _)) =
                class.and_then(|method| method.class).filter(|_| self.dice.one_in(4))
            {
                key.operator_class = Some(operator_class(class, &[]));
            } else if text && self.dice.one_in(4) {
                let collation = id(self.dice.pick(&COLLATIONS));
                key.collation = Some(QualifiedName::new(id("pg_catalog"), collation));
            }
            (key.descending, key.nulls_first) = (self.dice.one_in(4), self.dice.one_in(4));
            keys.push(key);
        }
        let unique = self.dice.one_in(4);
        let mut index = Index {
            unique,
            nulls_not_distinct: unique && self.draft.version >= 15 && self.dice.one_in(3),
            keys,
            include: self.include(table),
            predicate: if self.dice.one_in(3) { self.test(table, false) } else { None },
            ..Index::btree([])
        };
        if self.dice.one_in(5) {
            let with = self.dice.pick(&["fillfactor", "deduplicate_items"]);
            let value = if with == "fillfactor" { "70" } else { "off" };
            index.with.insert(with.to_owned(), value.to_owned());
        }
        Some(index)
    }

    fn other_index(&mut self, table: &Table<Sql>) -> Option<Index<Sql>> {
        let all = table.columns.iter().filter(|column| column.generated.is_none());
        let all = all.flat_map(|column| {
            kinds::of(&column.name).methods.iter().map(move |method| (column, method))
        });
        let all: Vec<_> = all.filter(|(_, method)| method.name != "btree").collect();
        let (column, method) = self.dice.any(&all)?;
        if !fits(method, column) {
            return None;
        }
        let class = method.class.map(|(name, parameters)| {
            let parameters = if self.dice.one_in(2) { parameters } else { &[] };
            operator_class(name, parameters)
        });
        let key = IndexKey { operator_class: class, ..IndexKey::column(column.name.clone()) };
        let with: &[(&str, &str)] = match method.name {
            "gin" => &[("fastupdate", "off"), ("gin_pending_list_limit", "128")],
            "gist" => &[("buffering", "auto"), ("fillfactor", "80")],
            "brin" => &[("pages_per_range", "32"), ("autosummarize", "true")],
            _ => &[("fillfactor", "80")],
        };
        let mut index = Index { method: id(method.name), keys: vec![key], ..Index::btree([]) };
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        index.with = self.dice.some(with, 1).into_iter().map(pair).collect();
        index.predicate = if self.dice.one_in(3) { self.test(table, false) } else { None };
        Some(index)
    }

    pub fn foreign_keys(&mut self, table: &mut Table<Sql>) {
        use ReferentialAction::{Cascade, NoAction, Restrict, SetDefault, SetNull};
        for name in self.dice.some(&NAMES, 2) {
            let targets: Vec<_> = self.draft.schema.tables.values().cloned().collect();
            let Some(target) = self.dice.any(&targets) else { return };
            let target = if target.name == table.name { table.clone() } else { target };
            let mut keys: Vec<_> = target.uniques.values().map(|key| key.columns.clone()).collect();
            keys.extend(target.primary_key.as_ref().map(|key| key.columns.clone()));
            let Some(mut references) = self.dice.any(&keys) else { continue };
            if self.dice.one_in(4) {
                references.reverse();
            }
            let mut columns = Vec::new();
            for key in &references {
                let like = |column: &&Column<Sql>| {
                    kinds::of(&column.name).names == kinds::of(key).names
                        && !columns.contains(&column.name)
                };
                let like: Vec<_> = table.columns.iter().filter(like).cloned().collect();
                columns.extend(self.dice.any(&like).map(|column| column.name));
            }
            let actions = [NoAction, NoAction, Restrict, Cascade, SetNull, SetDefault];
            let on_delete = self.dice.any(&actions).unwrap();
            let some_of_them =
                self.draft.version >= 15 && matches!(on_delete, SetNull | SetDefault);
            let key = ForeignKey {
                set_columns: if some_of_them { self.dice.some(&columns, 1) } else { Vec::new() },
                on_delete,
                on_update: self.dice.any(&actions).unwrap(),
                match_full: self.dice.one_in(4),
                deferral: self.dice.any(&DEFERRALS).unwrap(),
                not_valid: self.dice.one_in(5),
                ..ForeignKey::new(columns, target.name, references)
            };
            table.foreign_keys.insert(id(name), key);
        }
    }
}

/// Whether an access method, or its operator class, is for the type that a column has.
pub fn fits(method: &kinds::Method, column: &Column<Sql>) -> bool {
    let ty = column.ty.to_string();
    method.types.iter().any(|begin| if begin.is_empty() { true } else { ty == *begin })
}

pub fn operator_class(name: &str, parameters: &[(&str, &str)]) -> OperatorClass {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let name = QualifiedName::new(id("pg_catalog"), id(name));
    OperatorClass { name, parameters: parameters.iter().map(pair).collect() }
}

/// A query's FROM item, for what looks into another table.
pub fn from(table: &QualifiedName) -> String {
    format!("FROM {} AS m", qualified(table))
}
