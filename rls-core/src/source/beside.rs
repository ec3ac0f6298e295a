//! What stands beside tables becomes what is declared: types with their comments and what a column of such
//! a type brings along, functions with who may call them, and views with who may read them.

use std::collections::{BTreeMap, BTreeSet};

use super::declare::{Unsaid, gathered, on_relation};
use super::function;
use crate::model::{
    BaseType, Body, Commented, DeclaredFunction, DeclaredTable, DeclaredType, DeclaredView, Domain,
    DomainCheck, Expr, Grant, GrantObject, Owned, PgType, QualifiedName, Renames, Schema, Sql,
    TypeForm, TypedAs, UserType, View, by_need,
};

/// Enums, domains and composite types, each behind those that it is made of.
pub(super) struct Types(Vec<DeclaredType>);

impl Types {
    pub(super) fn of(schema: &Schema) -> Self {
        let declared = by_need(&schema.types).into_iter().map(|ty| {
            let own = |on: &Commented| match on {
                Commented::Type(name) | Commented::Column(name, _) => *name == ty.name,
                _ => false,
            };
            let comments = schema.comments.iter().filter(|(on, _)| own(on));
            let comments = comments.map(|(on, text)| (on.clone(), text.clone()));
            let owner = schema.owners.get(&Owned::Type(ty.name.clone())).cloned();
            let comments = comments.collect::<BTreeMap<_, _>>();
            DeclaredType { ty: self::ty(ty), owner, comments, renames: Renames::default() }
        });
        Types(declared.collect())
    }

    /// Gives the columns of a table what their types bring along.
    pub(super) fn bring_to(&self, declared: &mut DeclaredTable) {
        let columns = declared.table.columns.iter().zip(&declared.fields);
        let columns: Vec<_> =
            columns.map(|(column, field)| (column.ty.clone(), field.clone())).collect();
        for (ty, field) in columns {
            if let Some(typed) = self.typed(&ty) {
                declared.set_type(&field, typed);
            }
        }
    }

    /// A type with all that it is made of, where it is one of these.
    fn typed(&self, ty: &PgType) -> Option<TypedAs> {
        let BaseType::Named(name) = &ty.base else { return None };
        let declared = self.find(name)?;
        let mut typed = TypedAs::declared(declared.clone());
        for (at, part) in declared.ty.parts().into_iter().enumerate() {
            if let Some(part) = self.typed(part) {
                typed = typed.with_part(at, part);
            }
        }
        Some(typed.in_array(ty.array))
    }

    fn find(&self, name: &QualifiedName) -> Option<&DeclaredType> {
        self.0.iter().find(|declared| declared.ty.name == *name)
    }

    pub(super) fn into_declared(self) -> Vec<DeclaredType> {
        self.0
    }
}

/// The type with its conditions in the words of the database.
fn ty(ty: &UserType<Sql>) -> UserType<Expr> {
    let expr = |sql: &Sql| Expr::Sql(sql.as_str().trim().to_owned());
    let form = match &ty.form {
        TypeForm::Enum(values) => TypeForm::Enum(values.clone()),
        TypeForm::Composite(composite) => TypeForm::Composite(composite.clone()),
        TypeForm::Domain(Domain { base, collation, not_null, default, checks }) => {
            let check = |check: &DomainCheck<Sql>| DomainCheck {
                expr: expr(&check.expr),
                not_valid: check.not_valid,
            };
            let checks = checks.iter().map(|(name, it)| (name.clone(), check(it)));
            TypeForm::Domain(Domain {
                base: base.clone(),
                collation: collation.clone(),
                not_null: *not_null,
                default: default.as_ref().map(expr),
                checks: checks.collect(),
            })
        }
    };
    UserType { name: ty.name.clone(), form }
}

/// The functions that a declaration can say.
pub(super) fn functions(
    schema: &Schema,
    grants: &BTreeSet<Grant>,
    unsaid: &mut Unsaid,
) -> Vec<DeclaredFunction> {
    let mut declared = Vec::new();
    for (routine, function) in &schema.functions {
        if routine.is_private() {
            continue;
        }
        if !function::can_be_said(function) {
            unsaid.push(format!(
                "the function {routine} is left alone: it has a setting whose name is none in Rust"
            ));
            continue;
        }
        let mut function = function.clone();
        if let Body::Standard { standard } = &mut function.body {
            *standard = Sql::new(standard.as_str().trim());
        }
        declared.push(DeclaredFunction {
            function,
            owner: schema.owners.get(&Owned::Function(routine.clone())).cloned(),
            grants: gathered(&GrantObject::Routine(routine.clone()), schema, grants),
            comment: schema.comments.get(&Commented::Function(routine.clone())).cloned(),
            allowed: Vec::new(),
        });
    }
    declared
}

/// The views, with what stands on them.
pub(super) fn views(schema: &Schema, grants: &BTreeSet<Grant>) -> Vec<DeclaredView> {
    let declared = schema.views.values().map(|view| {
        let name = &view.name;
        let own = |on: &Commented| match on {
            Commented::Column(of, _) | Commented::Trigger(of, _) => of == name,
            Commented::Index(index) => {
                index.schema == name.schema && view.indexes.contains_key(&index.name)
            }
            on => *on == view.commented(),
        };
        let comments = schema.comments.iter().filter(|(on, _)| own(on));
        DeclaredView {
            view: View { query: Sql::new(view.query.as_str().trim()), ..view.clone() },
            owner: schema.owners.get(&Owned::Relation(name.clone())).cloned(),
            grants: on_relation(name, schema, grants),
            comments: comments.map(|(on, text)| (on.clone(), text.clone())).collect(),
            allowed: Vec::new(),
        }
    });
    declared.collect()
}
