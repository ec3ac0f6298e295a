//! A declared struct becomes a table of the model.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{DeriveInput, LitStr};

use super::decl::{self, Decl, Field};
use super::predicate::{self, Parsed, Scope};
use super::{Ctxt, lower_policy};
use crate::model::{
    Column, DeclaredTable, Expr, ForeignKey, Ident, Index, PrimaryKey, QualifiedName, RowSecurity,
    Table, Unique,
};
use crate::policy::compile::Site;
use crate::policy::link::{self, Shape, ShapeColumn};
use crate::policy::optimize::Gate;
use crate::resolve::Part;

/// A table with the places in the source that later messages point at.
pub struct Lowered {
    /// The table, as complete as its mistakes allow.
    pub table: DeclaredTable,
    /// What later rules may find fault with, and where it stands.
    pub places: BTreeMap<Part, TokenStream>,
    /// The `sql("..")` in it, to be parsed in full by those who have a parser.
    pub raw: Vec<LitStr>,
}

/// Reads a struct with `#[derive(Table)]`. Mistakes go to `ctxt`; none is returned where it is no
/// table at all.
pub fn lower(input: &DeriveInput, ctxt: &Ctxt) -> Option<Lowered> {
    let decl = decl::read(input, ctxt)?;
    let columns: Vec<_> = decl.fields.iter().filter(|field| !field.skip).collect();
    duplicate_columns(&columns, ctxt);
    let scope = Scope::of_table(shape(&decl, &columns));
    let mut places = BTreeMap::from([(Part::Table, decl.ident.to_token_stream())]);
    for field in &columns {
        places.insert(Part::Column(field.column.clone()), field.ident.to_token_stream());
    }
    for (at, (_, meta)) in decl.allowed.iter().enumerate() {
        places.insert(Part::Allow(at), meta.to_token_stream());
    }
    let lowered = lower_policy::policies(&decl, &scope, &mut places, ctxt);
    let table = Table {
        name: decl.name.clone(),
        columns: columns.iter().map(|field| column(field, &scope, &mut places, ctxt)).collect(),
        primary_key: primary_key(&decl.name, &columns, ctxt),
        uniques: named(
            &decl.name,
            &columns,
            "key",
            |field| field.unique,
            |columns| Unique { columns },
        ),
        foreign_keys: foreign_keys(&decl.name, &columns, &mut places),
        indexes: named(
            &decl.name,
            &columns,
            "idx",
            |field| field.index,
            |columns| Index { columns },
        ),
        row_security: if decl.row_security { RowSecurity::Enabled } else { RowSecurity::Disabled },
        policies: lowered.policies,
    };
    let table = DeclaredTable {
        rust_name: decl.ident.unraw().to_string(),
        fields: columns.iter().map(|field| field.field.clone()).collect(),
        skipped: skipped(&decl).map(str::to_owned).collect(),
        policy_indexes: decl.policy_indexes,
        force: decl.force,
        policy_columns: lowered.columns,
        allowed: decl.allowed.iter().map(|(allowed, _)| allowed.clone()).collect(),
        table,
    };
    Some(Lowered { table, places, raw: scope.raw.into_inner() })
}

impl Lowered {
    /// The expression at a site.
    pub fn expression(&self, site: &Site) -> Option<&Expr> {
        let table = &self.table.table;
        match site {
            Site::Policy(name, Gate::Using) => table.policies.get(name)?.using.as_ref(),
            Site::Policy(name, Gate::Check) => table.policies.get(name)?.with_check.as_ref(),
            Site::Default(name) => table.column(name)?.default.as_ref(),
        }
    }
}

/// The table as its own expressions see it.
fn shape<'a>(decl: &'a Decl<'_>, columns: &[&'a Field<'_>]) -> Shape<'a> {
    Shape {
        rust_name: decl.rust_name.as_str(),
        table: &decl.name,
        columns: columns
            .iter()
            .map(|field| ShapeColumn {
                field: &field.field,
                name: &field.column,
                ty: field.ty.as_ref(),
                nullable: field.nullable,
            })
            .collect(),
        skipped: skipped(decl).collect(),
    }
}

fn skipped<'a>(decl: &'a Decl<'_>) -> impl Iterator<Item = &'a str> {
    decl.fields.iter().filter(|field| field.skip).map(|field| field.field.as_str())
}

fn duplicate_columns(fields: &[&Field<'_>], ctxt: &Ctxt) {
    for (at, field) in fields.iter().enumerate() {
        if let Some(other) = fields[..at].iter().find(|other| other.column == field.column) {
            ctxt.error_help(
                field.ident,
                format!("column `{}` is already that of the field `{}`", field.column, other.field),
                "give one of the two another name with `column = \"..\"`",
            );
        }
        // Postgres keeps these names for its own columns of every table.
        const SYSTEM: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];
        if SYSTEM.contains(&field.column.as_str()) {
            ctxt.error_help(
                field.ident,
                format!("every table has a system column `{}` already", field.column),
                "give the column another name with `column = \"..\"`",
            );
        }
    }
}

fn column(
    field: &Field<'_>,
    scope: &Scope<'_>,
    places: &mut BTreeMap<Part, TokenStream>,
    ctxt: &Ctxt,
) -> Column {
    use crate::model::{BaseType, PgType};
    let default = field.default.as_ref().and_then(|rust| {
        let Parsed { expr, spans } = predicate::parse(rust, scope, ctxt)?;
        let own = scope.own.as_ref()?;
        let (_, problems) = link::default(&expr, field.ty.as_ref(), own);
        let sound = problems.is_empty();
        spans.report(problems, ctxt);
        for (node, at) in spans.in_order().into_iter().enumerate() {
            places.insert(Part::Expr(Site::Default(field.column.clone()), node), at);
        }
        sound.then_some(expr)
    });
    Column {
        name: field.column.clone(),
        // The mistake is reported; the table goes on to find others.
        ty: field.ty.clone().unwrap_or_else(|| PgType::plain(BaseType::Text)),
        nullable: field.nullable,
        default,
        identity: field.identity,
    }
}

/// Several fields marked `primary_key` make one key of several columns, in their order.
fn primary_key(table: &QualifiedName, fields: &[&Field<'_>], ctxt: &Ctxt) -> Option<PrimaryKey> {
    let columns: Vec<Ident> =
        fields.iter().filter(|field| field.primary_key).map(|field| field.column.clone()).collect();
    for field in fields.iter().filter(|field| field.primary_key && field.unique) {
        if columns.len() == 1 {
            ctxt.error_help(field.ident, "a primary key is unique already", "take `unique` away");
        }
    }
    let name = Ident::shortened(&format!("{}_pkey", table.name)).ok()?;
    (!columns.is_empty()).then_some(PrimaryKey { name, columns })
}

/// What single fields ask for, under the names that Postgres would give: `todos_email_key`.
fn named<T>(
    table: &QualifiedName,
    fields: &[&Field<'_>],
    suffix: &str,
    asks: impl Fn(&Field<'_>) -> bool,
    make: impl Fn(Vec<Ident>) -> T,
) -> BTreeMap<Ident, T> {
    fields
        .iter()
        .filter(|field| asks(field))
        .filter_map(|field| {
            let name =
                Ident::shortened(&format!("{}_{}_{suffix}", table.name, field.column)).ok()?;
            Some((name, make(vec![field.column.clone()])))
        })
        .collect()
}

fn foreign_keys(
    table: &QualifiedName,
    fields: &[&Field<'_>],
    places: &mut BTreeMap<Part, TokenStream>,
) -> BTreeMap<Ident, ForeignKey> {
    let mut keys = BTreeMap::new();
    for field in fields {
        let Some(references) = &field.references else { continue };
        let Ok(name) = Ident::shortened(&format!("{}_{}_fkey", table.name, field.column)) else {
            continue;
        };
        places.insert(Part::ForeignKey(field.column.clone()), references.meta.to_token_stream());
        keys.insert(
            name,
            ForeignKey {
                columns: vec![field.column.clone()],
                table: references.table.clone(),
                references: vec![references.column.clone()],
                on_delete: references.on_delete,
                on_update: references.on_update,
            },
        );
    }
    keys
}
