//! Declared keys, constraints and indexes become those of the model, under the names that Postgres
//! would give them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Expr as Rust;

use super::constraint::{CheckDecl, ExclusionDecl, IndexDecl, UniqueDecl};
use super::decl::{Decl, path_name};
use super::predicate::{self, Parsed, Scope};
use super::references::References;
use super::{Ctxt, index_key};
use crate::model::{
    BaseType, Check, Commented, DeclaredPartition, Exclusion, ExclusionElement, Expr, ForeignKey,
    Ident, Index, IndexKey, IndexValue, PgType, PrimaryKey, QualifiedName, Site, Table, Unique,
};
use crate::policy::link::{self, Others};
use crate::resolve::Part;

/// What constraints of a table are lowered with.
pub(super) struct Lowering<'a, 'd> {
    pub(super) decl: &'a Decl<'d>,
    pub(super) scope: &'a Scope<'a>,
    pub(super) places: &'a mut BTreeMap<Part, TokenStream>,
    pub(super) ctxt: &'a Ctxt,
    /// What is said about each.
    pub(super) comments: &'a mut BTreeMap<Commented, String>,
    pub(super) partitions: &'a mut BTreeMap<QualifiedName, DeclaredPartition>,
}

impl Lowering<'_, '_> {
    /// Adds every key, constraint and index of the declaration to the table.
    pub(super) fn run(mut self, table: &mut Table) {
        table.partitioning = self.partitioning();
        self.primary_key(table);
        for declared in self.decl.uniques() {
            self.unique(declared, table);
        }
        for declared in self.decl.checks() {
            self.check(declared, table);
        }
        for (field, references) in self.decl.references() {
            self.foreign_key(field, references, table);
        }
        for declared in &self.decl.exclusions {
            self.exclusion(declared, table);
        }
        for declared in self.decl.indexes() {
            self.index(declared, table);
        }
        for declared in &self.decl.triggers {
            if let Some((name, trigger)) = declared.lower(&self) {
                add(&mut table.triggers, Some(name), trigger, &declared.meta, self.ctxt);
            }
        }
    }

    /// Several fields marked `primary_key` make one key of several columns, in their order.
    fn primary_key(&mut self, table: &mut Table) {
        let fields = self.decl.fields.iter().filter(|field| field.primary_key && !field.skip);
        let fields: Vec<_> = fields.collect();
        if let Some(declared) = &self.decl.primary_key {
            if let Some(field) = fields.first() {
                let help = "say it in one place";
                self.ctxt.error_help(field.ident, "the struct names a primary key too", help);
            }
            let Some(columns) = self.columns(&declared.columns) else { return };
            let name = declared.name.clone().or_else(|| self.usual("", "pkey"));
            let Some(name) = name else { return };
            self.comment(&name, declared.comment.as_ref());
            self.holds_partition_keys("a primary key", &columns, &declared.meta, table);
            table.primary_key = Some(PrimaryKey {
                include: self.columns(&declared.include).unwrap_or_default(),
                deferral: declared.deferral,
                ..PrimaryKey::new(name, columns)
            });
            return;
        }
        if let [field] = fields.as_slice()
            && field.unique.is_some()
        {
            let help = "take `unique` away";
            self.ctxt.error_help(field.ident, "a primary key is unique already", help);
        }
        let columns: Vec<_> = fields.iter().map(|field| field.column.clone()).collect();
        if let Some(field) = fields.first() {
            self.holds_partition_keys("a primary key", &columns, field.ident, table);
        }
        if let Some(name) = self.usual("", "pkey").filter(|_| !columns.is_empty()) {
            table.primary_key = Some(PrimaryKey::new(name, columns));
        }
    }

    fn unique(&mut self, declared: &UniqueDecl, table: &mut Table) {
        let Some(columns) = self.columns(&declared.columns) else { return };
        self.holds_partition_keys("a unique constraint", &columns, &declared.meta, table);
        let name = declared.name.clone().or_else(|| self.usual(&joined(&columns), "key"));
        let Some(name) = name else { return };
        self.comment(&name, declared.comment.as_ref());
        let unique = Unique {
            include: self.columns(&declared.include).unwrap_or_default(),
            nulls_not_distinct: declared.nulls_not_distinct,
            deferral: declared.deferral,
            ..Unique::new(columns)
        };
        add(&mut table.uniques, Some(name), unique, &declared.meta, self.ctxt);
    }

    fn check(&mut self, declared: &CheckDecl, table: &mut Table) {
        let Some(parsed) = self.parse(&declared.expr) else { return };
        let read: BTreeSet<_> = parsed
            .expr
            .nodes()
            .filter_map(|node| match node {
                Expr::Column(column) => Some(column.field.as_str()),
                _ => None,
            })
            .collect();
        let own = self.decl.fields.iter().filter(|field| read.contains(field.field.as_str()));
        // Postgres names it after its column, where it has one.
        let own: Vec<_> = own.map(|field| field.column.clone()).collect();
        let of = if own.len() == 1 { joined(&own) } else { String::new() };
        let free = |name: &Ident| !table.checks.contains_key(name);
        let name = declared.name.clone().or_else(|| self.free(&of, "check", free));
        let Some(name) = name else { return };
        let sound = self.judge(parsed, Site::Check(name.clone()), Some(BaseType::Boolean));
        let Some(expr) = sound else { return };
        if let (true, Some(_)) = (declared.no_inherit, &table.partitioning) {
            let help = "take `no_inherit` away";
            let message = "the check of a partitioned table is that of each partition";
            self.ctxt.error_help(&declared.meta, message, help);
        }
        self.comment(&name, declared.comment.as_ref());
        let check = Check { expr, no_inherit: declared.no_inherit, not_valid: declared.not_valid };
        add(&mut table.checks, Some(name), check, &declared.meta, self.ctxt);
    }

    fn foreign_key(&mut self, field: Option<&Ident>, declared: &References, table: &mut Table) {
        let columns = match field {
            Some(field) => Some(vec![field.clone()]),
            None => self.columns(&declared.columns),
        };
        let Some(columns) = columns else { return };
        if columns.len() != declared.targets.len() {
            let (own, other) = (columns.len(), declared.targets.len());
            let message = format!("{own} columns cannot refer to {other}");
            self.ctxt.error_help(&declared.meta, message, "name as many on both sides");
            return;
        }
        let free = |name: &Ident| !table.foreign_keys.contains_key(name);
        let name = declared.name.clone().or_else(|| self.free(&joined(&columns), "fkey", free));
        let Some(name) = name else { return };
        self.comment(&name, declared.comment.as_ref());
        if let Some(first) = columns.first() {
            let part = Part::ForeignKey(first.clone());
            self.places.entry(part).or_insert_with(|| declared.meta.to_token_stream());
        }
        let key = ForeignKey {
            on_delete: declared.on_delete,
            on_update: declared.on_update,
            set_columns: self.columns(&declared.set_columns).unwrap_or_default(),
            match_full: declared.match_full,
            deferral: declared.deferral,
            not_valid: declared.not_valid,
            ..ForeignKey::new(columns, declared.table.clone(), declared.targets.clone())
        };
        add(&mut table.foreign_keys, Some(name), key, &declared.meta, self.ctxt);
    }

    fn exclusion(&mut self, declared: &ExclusionDecl, table: &mut Table) {
        let values: Vec<_> = declared.elements.iter().map(|(value, _)| value).collect();
        let name = declared.name.clone();
        let name = name.or_else(|| self.usual(&self.named_after(&values), "excl"));
        let Some(name) = name else { return };
        self.comment(&name, declared.comment.as_ref());
        let mut elements = Vec::new();
        for (at, (value, operator)) in declared.elements.iter().enumerate() {
            let Some(key) = self.key(value, Site::IndexKey(name.clone(), at)) else { return };
            elements.push(ExclusionElement { key, operator: operator.clone() });
        }
        let columns = keyed(elements.iter().map(|element| &element.key));
        self.holds_partition_keys("an exclusion constraint", &columns, &declared.meta, table);
        let exclusion = Exclusion {
            method: declared.method.clone().unwrap_or_else(|| Ident::literal("gist")),
            elements,
            include: self.columns(&declared.include).unwrap_or_default(),
            predicate: self.filter(declared.predicate.as_ref(), &name),
            deferral: declared.deferral,
        };
        add(&mut table.exclusions, Some(name), exclusion, &declared.meta, self.ctxt);
    }

    fn index(&mut self, declared: &IndexDecl, table: &mut Table) {
        let values: Vec<_> = declared.keys.iter().collect();
        let free = |name: &Ident| !table.indexes.contains_key(name);
        let of = self.named_after(&values);
        let Some(name) = declared.name.clone().or_else(|| self.free(&of, "idx", free)) else {
            return;
        };
        if let Some(text) = declared.comment.clone() {
            let index = QualifiedName::new(self.decl.name.schema.clone(), name.clone());
            self.comments.insert(Commented::Index(index), text);
        }
        let mut keys = Vec::new();
        for (at, value) in declared.keys.iter().enumerate() {
            keys.extend(self.key(value, Site::IndexKey(name.clone(), at)));
        }
        if declared.unique {
            let columns = keyed(keys.iter());
            self.holds_partition_keys("a unique index", &columns, &declared.meta, table);
        }
        let index = Index {
            unique: declared.unique,
            nulls_not_distinct: declared.nulls_not_distinct,
            keys,
            include: self.columns(&declared.include).unwrap_or_default(),
            predicate: self.filter(declared.predicate.as_ref(), &name),
            with: declared.with.iter().cloned().collect(),
            ..Index::btree([])
        };
        let index = match &declared.method {
            Some(method) => Index { method: method.clone(), ..index },
            None => index,
        };
        add(&mut table.indexes, Some(name), index, &declared.meta, self.ctxt);
    }

    fn comment(&mut self, constraint: &Ident, text: Option<&String>) {
        let on = Commented::Constraint(self.decl.name.clone(), constraint.clone());
        self.comments.extend(text.map(|text| (on, text.clone())));
    }

    fn filter(&mut self, rust: Option<&Rust>, name: &Ident) -> Option<Expr> {
        let parsed = self.parse(rust?)?;
        self.judge(parsed, Site::IndexPredicate(name.clone()), Some(BaseType::Boolean))
    }

    /// A key: a field or an expression, in calls that say how it is sorted and compared.
    pub(super) fn key(&mut self, rust: &Rust, site: Site) -> Option<IndexKey> {
        let ctxt = self.ctxt;
        let key = index_key::key(rust, ctxt, &mut |value| self.value(value, site.clone()))?;
        // What the column has anyway is not the index's own.
        let own = match &key.value {
            IndexValue::Column(column) => self.collation_of(column),
            IndexValue::Expr(_) => None,
        };
        let collation = key.collation.clone().filter(|collation| own != Some(collation));
        Some(IndexKey { collation, ..key })
    }

    fn value(&mut self, rust: &Rust, site: Site) -> Option<IndexValue<Expr>> {
        let parsed = self.parse(rust)?;
        let expr = self.judge(parsed, site, None)?;
        let own = match &expr {
            Expr::Column(column) => self.field(&column.field),
            _ => None,
        };
        Some(own.map_or(IndexValue::Expr(expr), IndexValue::Column))
    }

    fn parse(&self, rust: &Rust) -> Option<Parsed> {
        predicate::parse(rust, self.scope, self.ctxt)
    }

    /// An expression over the row alone, and of that type, if one is asked for.
    fn judge(&mut self, parsed: Parsed, site: Site, ty: Option<BaseType>) -> Option<Expr> {
        let Parsed { expr, spans } = parsed;
        let own = self.scope.own.as_ref()?;
        let problems = match ty {
            Some(BaseType::Boolean) => link::row(&expr, own, Others::Unseen).1,
            ty => link::value_of_row(&expr, ty.map(PgType::plain).as_ref(), own).1,
        };
        let sound = problems.is_empty();
        for (node, at) in spans.in_order().into_iter().enumerate() {
            self.places.insert(Part::Expr(site.clone(), node), at);
        }
        spans.report(problems, self.ctxt);
        sound.then_some(expr)
    }

    /// The columns of fields; none where one is not a field.
    pub(super) fn columns(&self, fields: &[Rust]) -> Option<Vec<Ident>> {
        let own = self.scope.own.as_ref()?;
        let before = self.ctxt.count();
        let mut columns: Vec<Ident> = Vec::new();
        for rust in fields {
            let Some(field) = path_name(rust) else {
                self.ctxt.error_help(rust, "this is not a column", "write the name of a field");
                continue;
            };
            // The same messages as for a column in a predicate.
            let named = Expr::IsNull(Box::new(Expr::column(&*field)));
            let (_, problems) = link::predicate(&named, own, Others::Unseen);
            Parsed::leaf(Expr::bool(true), rust).spans.report(problems, self.ctxt);
            let Some(column) = self.field(&field) else { continue };
            if columns.contains(&column) {
                self.ctxt.error(rust, format!("`{field}` is named twice"));
            }
            columns.push(column);
        }
        (self.ctxt.count() == before).then_some(columns)
    }

    fn collation_of(&self, column: &Ident) -> Option<&QualifiedName> {
        let field = self.decl.fields.iter().find(|field| &field.column == column)?;
        field.collation.as_ref()
    }

    fn field(&self, field: &str) -> Option<Ident> {
        let own = self.scope.own.as_ref()?;
        let found = own.columns.iter().find(|column| column.field == field);
        found.map(|column| column.name.clone())
    }

    /// What the keys of an index are called in its name.
    fn named_after(&self, keys: &[&Rust]) -> String {
        let names: Vec<_> = keys.iter().map(|key| self.name_of(key)).collect();
        names.join("_")
    }

    fn name_of(&self, key: &Rust) -> String {
        let column = path_name(index_key::innermost(key)).and_then(|field| self.field(&field));
        column.map_or_else(|| "expr".to_owned(), |column| column.as_str().to_owned())
    }

    /// `table_columns_suffix`.
    fn usual(&self, of: &str, suffix: &str) -> Option<Ident> {
        let table = &self.decl.name.name;
        let middle = if of.is_empty() { String::new() } else { format!("_{of}") };
        Ident::shortened(&format!("{table}{middle}_{suffix}")).ok()
    }

    /// The usual name, with a number where it is taken.
    fn free(&self, of: &str, suffix: &str, free: impl Fn(&Ident) -> bool) -> Option<Ident> {
        let numbered = (1..).map(|number| self.usual(of, &format!("{suffix}{number}")));
        let mut names = std::iter::once(self.usual(of, suffix)).chain(numbered);
        names.find_map(|name| name.filter(|name| free(name)))
    }
}

fn keyed<'a>(keys: impl Iterator<Item = &'a IndexKey>) -> Vec<Ident> {
    keys.filter_map(|key| key.plain_column().cloned()).collect()
}

fn joined(columns: &[Ident]) -> String {
    columns.iter().map(Ident::as_str).collect::<Vec<_>>().join("_")
}

pub(super) fn add<T>(
    items: &mut BTreeMap<Ident, T>,
    name: Option<Ident>,
    item: T,
    at: &impl ToTokens,
    ctxt: &Ctxt,
) {
    let Some(name) = name else { return };
    match items.entry(name) {
        Entry::Vacant(free) => {
            free.insert(item);
        }
        Entry::Occupied(taken) => {
            let message = format!("there is one called `{}` already", taken.key());
            ctxt.error_help(at, message, "give one of the two another `name = \"..\"`");
        }
    }
}
