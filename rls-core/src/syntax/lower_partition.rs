//! Declared partitions become those of the model: each value judged against its key, and each key of
//! the table held to what Postgres asks of keys of partitioned tables.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::Expr as Rust;

use super::decl::path_name;
use super::lower_constraint::Lowering;
use super::partition::{BoundDecl, PartitionDecl, PartitioningDecl, SpreadDecl, help};
use super::{lower, predicate};
use crate::model::{
    Commented, CompareOp, DeclaredPartition, Expr, Ident, IndexKey, IndexValue, Literal, Partition,
    PartitionBound, PartitionStrategy, Partitioning, QualifiedName, RangeEnd, RowSecurity, Site,
    Table,
};
use crate::policy::link::{self, Others, Problem};
use crate::resolve::Part;

/// The expression of a key of a table, or of one of its partitions.
pub(super) fn key<'a>(table: &'a Table, of: &QualifiedName, at: usize) -> Option<&'a Expr> {
    let whole = table.partitioning.as_ref()?;
    let level = if of == &table.name {
        whole
    } else {
        let all = whole.all();
        all.into_iter().find(|partition| &partition.name == of)?.partitioning.as_ref()?
    };
    match &level.keys.get(at)?.value {
        IndexValue::Expr(expr) => Some(expr),
        IndexValue::Column(_) => None,
    }
}

impl Lowering<'_, '_> {
    /// How the table's rows are spread, if they are.
    pub(super) fn partitioning(&mut self) -> Option<Partitioning> {
        let decl = self.decl;
        self.level(&decl.name, &decl.spread)
    }

    fn level(&mut self, of: &QualifiedName, spread: &SpreadDecl) -> Option<Partitioning> {
        let SpreadDecl { partition_by, partitions: declared } = spread;
        let Some(by) = partition_by else {
            for partition in declared {
                let help = "write `partition_by(range, columns = [..])` beside it";
                let message = "nothing says how rows find their partition";
                self.ctxt.error_help(&partition.meta, message, help);
            }
            return None;
        };
        let mut keys = Vec::new();
        for (at, rust) in by.keys.iter().enumerate() {
            keys.extend(self.partition_key(rust, Site::PartitionKey(of.clone(), at)));
        }
        // Values are judged against keys, so without one of those there is nothing to judge.
        if keys.len() < by.keys.len() {
            return None;
        }
        let mut partitions: BTreeMap<QualifiedName, Partition> = BTreeMap::new();
        for partition in declared {
            let Some(lowered) = self.partition(by, &keys, partition) else { continue };
            let rest = |it: &Partition| it.bound == PartitionBound::Default;
            if rest(&lowered) && partitions.values().any(rest) {
                let message = "what is left over goes to one partition";
                self.ctxt.error(&partition.meta, message);
            }
            self.said(partition);
            if partitions.insert(lowered.name.clone(), lowered).is_some() {
                let message = format!("there is a partition called `{}` already", partition.name);
                self.ctxt.error_help(&partition.meta, message, "give one of the two another name");
            }
        }
        let keep_undeclared = by.keep_undeclared;
        Some(Partitioning { strategy: by.strategy, keys, keep_undeclared, partitions })
    }

    /// What a partition says of itself, beside its rows.
    fn said(&mut self, partition: &PartitionDecl) {
        let PartitionDecl { name, force, owner, grants, comment, .. } = partition;
        let on = Commented::Table(name.clone());
        self.comments.extend(comment.clone().map(|text| (on, text)));
        for (at, grant) in grants.iter().enumerate() {
            for (role, tokens) in &grant.roles {
                let part = Part::PartitionGrantee(name.clone(), at, role.clone());
                self.places.insert(part, tokens.to_token_stream());
            }
        }
        let grants = lower::grants(grants, self.scope, self.ctxt);
        let said = DeclaredPartition { force: *force, owner: owner.clone(), grants };
        if said != DeclaredPartition::default() {
            self.partitions.insert(name.clone(), said);
        }
    }

    fn partition_key(&mut self, rust: &Rust, site: Site) -> Option<IndexKey> {
        let key = self.key(rust, site)?;
        if key.descending || key.nulls_first {
            self.ctxt.error_help(rust, "partitions are not sorted", "write just the column");
        }
        let field = self.decl.fields.iter().find(|field| key.plain_column() == Some(&field.column));
        if field.is_some_and(|field| field.generated.is_some()) {
            let message = "a generated column tells no partitions apart";
            self.ctxt.error_help(rust, message, "write out what it is computed from");
        }
        Some(key)
    }

    fn partition(
        &mut self,
        by: &PartitioningDecl,
        keys: &[IndexKey],
        declared: &PartitionDecl,
    ) -> Option<Partition> {
        let PartitionDecl { meta, name, bound, row_security, spread, .. } = declared;
        let partitioning = self.level(name, spread);
        let bound = match (by.strategy, bound) {
            (PartitionStrategy::Range, BoundDecl::Range { from, to }) => {
                let (from, to) = (self.ends(keys, from), self.ends(keys, to));
                Some(PartitionBound::Range { from: from?, to: to? })
            }
            (PartitionStrategy::List, BoundDecl::List(values)) => {
                let values: Vec<_> =
                    values.iter().map(|rust| self.listed(keys.first(), rust)).collect();
                values.into_iter().collect::<Option<_>>().map(PartitionBound::List)
            }
            (PartitionStrategy::Hash, BoundDecl::Hash { modulus, remainder }) => {
                Some(PartitionBound::Hash { modulus: *modulus, remainder: *remainder })
            }
            (PartitionStrategy::Range | PartitionStrategy::List, BoundDecl::Default) => {
                Some(PartitionBound::Default)
            }
            (strategy, _) => {
                let way = match strategy {
                    PartitionStrategy::Range => "by ranges",
                    PartitionStrategy::List => "by lists of values",
                    PartitionStrategy::Hash => "by a hash, which leaves nothing over",
                };
                self.ctxt.error_help(meta, format!("rows are spread {way}"), help(strategy));
                None
            }
        };
        let name = name.clone();
        let row_security = if *row_security { RowSecurity::Enabled } else { RowSecurity::Disabled };
        Some(Partition { name, bound: bound?, row_security, partitioning })
    }

    fn ends(&self, keys: &[IndexKey], values: &[Rust]) -> Option<Vec<RangeEnd>> {
        if let Some(first) = values.first().filter(|_| values.len() != keys.len()) {
            let (given, wanted) = (values.len(), keys.len());
            let message = format!("{given} of {wanted} values: each column has one");
            self.ctxt.error_help(first, message, "write `[a, b]`, with `minvalue` or `maxvalue`");
            return None;
        }
        let ends: Vec<_> = values.iter().zip(keys).map(|(rust, key)| self.end(key, rust)).collect();
        ends.into_iter().collect()
    }

    fn end(&self, key: &IndexKey, rust: &Rust) -> Option<RangeEnd> {
        match path_name(rust).as_deref() {
            Some("minvalue") => Some(RangeEnd::MinValue),
            Some("maxvalue") => Some(RangeEnd::MaxValue),
            Some("null") => {
                let help = "rows without a value are in the `default` partition";
                self.ctxt.error_help(rust, "no range begins or ends at NULL", help);
                None
            }
            _ => self.constant(Some(key), rust).map(RangeEnd::Value),
        }
    }

    fn listed(&self, key: Option<&IndexKey>, rust: &Rust) -> Option<Option<Literal>> {
        if path_name(rust).as_deref() == Some("null") {
            return Some(None);
        }
        self.constant(key, rust).map(Some)
    }

    /// A constant that can be compared with its key.
    fn constant(&self, key: Option<&IndexKey>, rust: &Rust) -> Option<Literal> {
        let before = self.ctxt.count();
        let parsed = predicate::parse(rust, self.scope, self.ctxt);
        let Some(Expr::Literal(literal)) = parsed.map(|parsed| parsed.expr) else {
            if self.ctxt.count() == before {
                let help = "write a string, a number, `true` or `false`";
                self.ctxt.error_help(rust, "this is not a constant", help);
            }
            return None;
        };
        let column = key.and_then(IndexKey::plain_column);
        let field = self.decl.fields.iter().find(|field| Some(&field.column) == column);
        if let (Some(field), Some(own)) = (field, &self.scope.own) {
            let equal = Expr::Compare {
                op: CompareOp::Eq,
                left: Box::new(Expr::column(&*field.field)),
                right: Box::new(Expr::Literal(literal.clone())),
            };
            let (_, problems) = link::row(&equal, own, Others::Unseen);
            for Problem { node: _, message, help } in problems {
                match help {
                    Some(help) => self.ctxt.error_help(rust, message, help),
                    None => self.ctxt.error(rust, message),
                }
            }
        }
        (self.ctxt.count() == before).then_some(literal)
    }

    /// Postgres looks for a second row of the same key in one partition only, so each key has to say
    /// which that is.
    pub(super) fn holds_partition_keys(
        &self,
        what: &str,
        columns: &[Ident],
        at: &impl ToTokens,
        table: &Table,
    ) {
        let Some(partitioning) = &table.partitioning else { return };
        let inner = partitioning.all().into_iter().filter_map(|it| it.partitioning.as_ref());
        for key in std::iter::once(partitioning).chain(inner).flat_map(|level| &level.keys) {
            let (message, help) = match &key.value {
                IndexValue::Column(name) if columns.contains(name) => continue,
                IndexValue::Column(name) => (
                    format!(
                        "{what} holds what partitions are told apart by, and `{name}` is not in it"
                    ),
                    format!("add `{name}` to its columns"),
                ),
                IndexValue::Expr(_) => (
                    format!("{what} cannot hold the expression that partitions are told apart by"),
                    "spread the rows by columns".to_owned(),
                ),
            };
            self.ctxt.error_help(at, message, help);
            return;
        }
    }
}
