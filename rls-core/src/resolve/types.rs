//! Enums, domains and composite types: each name has one meaning, and what domains say of their values
//! is compiled.

use std::collections::BTreeMap;

use super::{Part, ResolveError, Tables};
use crate::model::{
    BaseType, Column, DeclaredType, Domain, DomainCheck, Expr, Ident, QualifiedName, Schema,
    Sequence, Sql, TypeForm, UserType,
};
use crate::policy::link::{self, Problem};
use crate::policy::term::Term;
use crate::provider::Settings;
use crate::render;

type Types = BTreeMap<QualifiedName, UserType<Sql>>;

/// Every type that is declared by itself or by a table that uses it.
pub(super) fn all(tables: &Tables, free: &[DeclaredType]) -> Vec<DeclaredType> {
    let of_tables = tables.values().flat_map(|declared| &declared.types);
    let mut all: Vec<DeclaredType> = Vec::new();
    for declared in of_tables.chain(free) {
        if !all.contains(declared) {
            all.push(declared.clone());
        }
    }
    all
}

/// Checks their names, and compiles them.
pub(super) fn compile(
    types: &[DeclaredType],
    tables: &Tables,
    settings: &Settings,
    errors: &mut Vec<ResolveError>,
) -> Types {
    let mut compiled = Types::new();
    let mut error = |name: &QualifiedName, message: String, help: Option<String>| {
        errors.push(ResolveError { table: name.clone(), part: Part::Table, message, help });
    };
    for DeclaredType { ty, .. } in types {
        let name = &ty.name;
        let other_name = || Some("give one of the two another name".to_owned());
        if tables.contains_key(name) {
            let message = format!("`{name}` is a table, and a type of that name is its row");
            error(name, message, other_name());
        }
        let (ty, problems) = compile_type(ty, types, settings);
        for Problem { node: _, message, help } in problems {
            error(name, message, help);
        }
        if compiled.insert(name.clone(), ty).is_some() {
            error(name, format!("type `{name}` is declared twice"), other_name());
        }
    }
    for declared in tables.values() {
        let counts = |name: &Ident| {
            let column = declared.table.column(name);
            column.is_some_and(|Column { ty, .. }| {
                let integers = [BaseType::SmallInt, BaseType::Integer, BaseType::BigInt];
                !ty.array && integers.contains(&ty.base)
            })
        };
        let identity = declared.table.columns.iter().filter(|column| column.identity.is_some());
        let own = |sequence: &Sequence| sequence.owner.as_ref().map(|owner| owner.column.clone());
        let serial = declared.sequences.iter().filter_map(own);
        for name in identity.map(|column| column.name.clone()).chain(serial) {
            if !counts(&name) {
                errors.push(ResolveError {
                    table: declared.table.name.clone(),
                    part: Part::Column(name),
                    message: "a column that is numbered is a `smallint`, `integer` or `bigint`"
                        .to_owned(),
                    help: Some("make the field an `i16`, `i32` or `i64`".to_owned()),
                });
            }
        }
    }
    compiled
}

/// Adds them to the schema that the tables make.
pub(super) fn add(
    compiled: Types,
    types: &[DeclaredType],
    settings: &Settings,
    schema: &mut Schema,
) {
    schema.namespaces.extend(compiled.keys().map(|name| name.schema.clone()));
    schema.types = compiled;
    if settings.comments {
        schema.comments.extend(types.iter().flat_map(|declared| declared.comments.clone()));
    }
}

fn compile_type(
    ty: &UserType<Expr>,
    types: &[DeclaredType],
    settings: &Settings,
) -> (UserType<Sql>, Vec<Problem>) {
    let mut problems = Vec::new();
    let form = match &ty.form {
        TypeForm::Enum(values) => TypeForm::Enum(values.clone()),
        TypeForm::Composite(composite) => TypeForm::Composite(composite.clone()),
        TypeForm::Domain(Domain { base, collation, not_null, default, checks }) => {
            let mut sql = |(term, found): (Term, Vec<Problem>)| {
                problems.extend(found);
                render::term(&term, None, settings.provider)
            };
            let default =
                default.as_ref().map(|expr| sql(link::default_of_type(expr, Some(base), types)));
            let checks = checks.iter().map(|(name, DomainCheck { expr, not_valid })| {
                let expr = sql(link::of_value(expr, Some(base), types));
                (name.clone(), DomainCheck { expr, not_valid: *not_valid })
            });
            TypeForm::Domain(Domain {
                base: base.clone(),
                collation: collation.clone(),
                not_null: *not_null,
                default,
                checks: checks.collect(),
            })
        }
    };
    (UserType { name: ty.name.clone(), form }, problems)
}
