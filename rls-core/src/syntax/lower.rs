//! A declared struct becomes a table of the model.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{DeriveInput, Expr as Rust, LitStr};

use super::Ctxt;
use super::decl::{self, CrudPolicy, Decl, Field};
use super::predicate::{self, Scope, ScopeColumn};
use crate::model::{
    Column, Expr, ForeignKey, Grantee, Ident, Index, Literal, Policy, PrimaryKey, QualifiedName,
    RowSecurity, Table, Unique,
};
use crate::policy::crud::Crud;
use crate::resolve::Part;

/// A table with the places in the source that later messages point at.
pub struct Lowered {
    /// The table, as complete as its mistakes allow.
    pub table: Table,
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
    let scope = Scope {
        table: &decl.name.name,
        columns: columns
            .iter()
            .map(|field| ScopeColumn {
                field: &field.field,
                column: &field.column,
                ty: field.ty.as_ref(),
            })
            .collect(),
        skipped: decl
            .fields
            .iter()
            .filter(|field| field.skip)
            .map(|field| field.field.as_str())
            .collect(),
        raw: RefCell::new(Vec::new()),
    };
    let mut places = BTreeMap::from([(Part::Table, decl.ident.to_token_stream())]);
    let table = Table {
        name: decl.name.clone(),
        columns: columns.iter().map(|field| column(field, &scope, ctxt)).collect(),
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
        row_security: RowSecurity::Enabled,
        policies: policies(&decl, &scope, &mut places, ctxt),
    };
    Some(Lowered { table, places, raw: scope.raw.into_inner() })
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

fn column(field: &Field<'_>, scope: &Scope<'_>, ctxt: &Ctxt) -> Column {
    use crate::model::{BaseType, PgType};
    let default = field.default.as_ref();
    Column {
        name: field.column.clone(),
        // The mistake is reported; the table goes on to find others.
        ty: field.ty.clone().unwrap_or_else(|| PgType::plain(BaseType::Text)),
        nullable: field.nullable,
        default: default.and_then(|rust| predicate::default(rust, field.ty.as_ref(), scope, ctxt)),
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

fn policies(
    decl: &Decl<'_>,
    scope: &Scope<'_>,
    places: &mut BTreeMap<Part, TokenStream>,
    ctxt: &Ctxt,
) -> BTreeMap<Ident, Policy> {
    let mut policies = BTreeMap::new();
    let mut taken: Vec<&Grantee> = Vec::new();
    for declared in &decl.crud_policies {
        // Two for one role would be joined by OR, which nobody reads off either of them.
        let before = ctxt.count();
        for (role, at) in &declared.roles {
            if taken.contains(&role) {
                ctxt.error_help(
                    at,
                    format!("role `{role}` has a `crud_policy` already"),
                    "join the two with `||`",
                );
            }
        }
        let overlap = ctxt.count() > before;
        taken.extend(declared.roles.iter().map(|(role, _)| role));
        match crud(declared, scope, ctxt).policies() {
            Ok(named) => {
                for name in named.keys() {
                    places
                        .entry(Part::Policy(name.clone()))
                        .or_insert_with(|| role_tokens(declared));
                }
                for (name, policy) in named {
                    if policies.contains_key(&name) && !overlap {
                        ctxt.error(&declared.meta, format!("there is a policy `{name}` already"));
                    }
                    policies.entry(name).or_insert(policy);
                }
            }
            Err(error) => ctxt.error(&declared.meta, error.to_string()),
        }
    }
    policies
}

fn role_tokens(declared: &CrudPolicy) -> TokenStream {
    declared.roles.iter().flat_map(|(_, expr)| expr.to_token_stream()).collect()
}

/// `read` and `modify`, overridden by the commands' own keys. Each predicate is read once, so that
/// a mistake in `modify` is one message and not three. One with a mistake allows nothing, and the
/// rules that follow still see for whom it was meant.
fn crud(declared: &CrudPolicy, scope: &Scope<'_>, ctxt: &Ctxt) -> Crud {
    let read = |rust: &Option<Rust>| {
        let nothing = || Expr::Literal(Literal::Bool(false));
        rust.as_ref().map(|rust| predicate::predicate(rust, scope, ctxt).unwrap_or_else(nothing))
    };
    let all_overridden =
        declared.insert.is_some() && declared.update.is_some() && declared.delete.is_some();
    if let (Some(modify), true) = (&declared.modify, all_overridden) {
        ctxt.error_help(
            modify,
            "`modify` says nothing here",
            "`insert`, `update` and `delete` are all given",
        );
    }
    let select = read(&declared.read);
    let modify = read(&declared.modify);
    let or_modify = |own: &Option<Rust>| read(own).or_else(|| modify.clone());
    Crud {
        roles: declared.roles.iter().map(|(role, _)| role.clone()).collect(),
        select,
        insert: or_modify(&declared.insert),
        update: or_modify(&declared.update),
        delete: or_modify(&declared.delete),
    }
}
