//! Differences in enums, domains and composite types. What Postgres cannot change where it is, is made
//! anew: the old type is set aside under another name, its columns are put over to the new one, and it
//! goes.

use std::collections::{BTreeMap, BTreeSet};

use super::constraint::matched;
use super::{Canonical, Change, Named, Pair, Site};
use crate::model::{
    Attribute, BaseType, Composite, Domain, DomainCheck, EnumType, Function, Grant, GrantObject,
    Ident, PgType, QualifiedName, Schema, Sql, Table, TypeForm, UserType, by_need,
};

/// What is changed of a type where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeAlteration {
    /// An enum gets another value.
    AddValue {
        /// The value.
        value: String,
        /// Where it stands; none is behind all others.
        place: Option<ValuePlace>,
    },
    /// A domain has a condition that is not in the next state.
    DropCheck(Named<DomainCheck<Sql>>),
    /// A domain has another default, or none.
    SetDefault(Option<Sql>),
    /// A domain refuses NULL from now on, or takes it.
    SetNotNull(bool),
    /// A domain lacks a condition.
    AddCheck(Named<DomainCheck<Sql>>),
    /// A condition is there, and values from before it are not known to fulfil it.
    ValidateCheck(Ident),
    /// A composite type has an attribute that is not in the next state.
    DropAttribute(Ident),
    /// A composite type lacks an attribute.
    AddAttribute(Attribute),
    /// An attribute has another type.
    AlterAttribute(Attribute),
}

/// Where a value of an enum is put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValuePlace {
    /// Before another one.
    Before(String),
    /// Behind another one.
    After(String),
}

/// The types that are made anew: those of `also`, those that cannot be changed where they are, and
/// those that are made of these and in use.
pub(super) fn remade(
    schemas: Pair<&Schema>,
    also: &BTreeSet<QualifiedName>,
    canonical: &Canonical,
) -> BTreeSet<QualifiedName> {
    let Pair { previous, next } = schemas;
    let mut remade = also.clone();
    loop {
        let aside = set_aside(previous, &remade);
        let pairs = next.types.values().filter_map(|next| {
            let previous = aside.types.get(&next.name)?;
            Some(Pair { previous, next })
        });
        let more: Vec<_> = pairs
            .filter(|pair| is_anew(*pair, Pair { previous: &aside, next }, canonical))
            .map(|pair| pair.next.name.clone())
            .collect();
        if more.is_empty() {
            return remade;
        }
        remade.extend(more);
    }
}

/// Whether a type has to be made anew for it to become the next one.
fn is_anew(types: Pair<&UserType<Sql>>, schemas: Pair<&Schema>, canonical: &Canonical) -> bool {
    let name = &types.next.name;
    match (&types.previous.form, &types.next.form) {
        (TypeForm::Enum(was), TypeForm::Enum(is)) => !is_grown(&was.values, &is.values),
        (TypeForm::Domain(was), TypeForm::Domain(is)) => {
            let Domain { base, collation, not_null, default: _, checks: _ } = is;
            let checks = checks(name, Pair { previous: was, next: is }, canonical);
            let tighter = !was.not_null && *not_null
                || checks.iter().any(|change| {
                    matches!(change, TypeAlteration::AddCheck(_) | TypeAlteration::ValidateCheck(_))
                });
            // Postgres looks at the values of columns, and not at those inside of others.
            &was.base != base || &was.collation != collation || tighter && is_inside(name, schemas)
        }
        (TypeForm::Composite(was), TypeForm::Composite(is)) => {
            let altered = attributes(Pair { previous: was, next: is })
                .iter()
                .any(|change| matches!(change, TypeAlteration::AlterAttribute(_)));
            altered && is_stored(name, schemas)
        }
        (TypeForm::Enum(_) | TypeForm::Domain(_) | TypeForm::Composite(_), _) => true,
    }
}

/// Whether all the values are still there, in their order.
fn is_grown(previous: &[String], next: &[String]) -> bool {
    let mut next = next.iter();
    previous.iter().all(|value| next.any(|other| other == value))
}

fn is_of(ty: &PgType, name: &QualifiedName) -> bool {
    matches!(&ty.base, BaseType::Named(other) if other == name)
}

/// The types of the columns that stay, as they are now.
fn kept_columns(schemas: Pair<&Schema>) -> impl Iterator<Item = &PgType> {
    let Pair { previous, next } = schemas;
    let tables = previous.tables.values().filter_map(|table| {
        let next = next.tables.get(&table.name)?;
        Some(table.columns.iter().filter(|column| next.column(&column.name).is_some()))
    });
    tables.flatten().map(|column| &column.ty)
}

/// Whether a column holds values of a type, by itself or inside of others.
fn is_stored(name: &QualifiedName, schemas: Pair<&Schema>) -> bool {
    let made_of = |ty: &&UserType<Sql>| ty.parts().iter().any(|part| is_of(part, name));
    kept_columns(schemas).any(|ty| is_of(ty, name))
        || schemas.previous.types.values().filter(made_of).any(|ty| is_stored(&ty.name, schemas))
}

/// Whether values of a domain stand in arrays or composite values of columns.
fn is_inside(name: &QualifiedName, schemas: Pair<&Schema>) -> bool {
    let around = |ty: &&UserType<Sql>| match &ty.form {
        TypeForm::Composite(_) => ty.parts().iter().any(|part| is_of(part, name)),
        TypeForm::Domain(domain) => is_of(&domain.base, name) && domain.base.array,
        TypeForm::Enum(_) => false,
    };
    kept_columns(schemas).any(|ty| ty.array && is_of(ty, name))
        || schemas.previous.types.values().filter(around).any(|ty| is_stored(&ty.name, schemas))
}

/// The name that a type has while another one takes its place.
fn aside(name: &QualifiedName) -> Option<QualifiedName> {
    let other = Ident::shortened(&format!("rls_old_{}", name.name)).ok()?;
    Some(QualifiedName::new(name.schema.clone(), other))
}

/// A schema in which types that are made anew have made way.
pub(super) fn set_aside(schema: &Schema, remade: &BTreeSet<QualifiedName>) -> Schema {
    let mut schema = schema.clone();
    if remade.is_empty() {
        return schema;
    }
    let put = |ty: &mut PgType| {
        if let BaseType::Named(name) = &mut ty.base
            && remade.contains(name)
            && let Some(other) = aside(name)
        {
            *name = other;
        }
    };
    for table in schema.tables.values_mut() {
        let Table { columns, .. } = table;
        columns.iter_mut().for_each(|column| put(&mut column.ty));
    }
    for mut function in std::mem::take(&mut schema.functions).into_values() {
        let Function { name: _, arguments, returns, attributes: _, body: _ } = &mut function;
        arguments.iter_mut().for_each(|argument| put(&mut argument.ty));
        returns.types_mut().into_iter().for_each(put);
        schema.functions.insert(function.routine(), function);
    }
    let renamed = |mut grant: Grant| {
        if let GrantObject::Routine(routine) = &mut grant.object {
            routine.arguments.iter_mut().for_each(put);
        }
        grant
    };
    schema.grants = std::mem::take(&mut schema.grants).into_iter().map(renamed).collect();
    schema.grant_options =
        std::mem::take(&mut schema.grant_options).into_iter().map(renamed).collect();
    let types = std::mem::take(&mut schema.types);
    for mut ty in types.into_values() {
        match &mut ty.form {
            TypeForm::Enum(_) => {}
            TypeForm::Domain(domain) => put(&mut domain.base),
            TypeForm::Composite(Composite { attributes }) => {
                attributes.iter_mut().for_each(|attribute| put(&mut attribute.ty));
            }
        }
        if remade.contains(&ty.name)
            && let Some(other) = aside(&ty.name)
        {
            ty.name = other;
        }
        schema.types.insert(ty.name.clone(), ty);
    }
    schema
}

/// The changes of types; in the previous schema, what is made anew has made way.
pub(super) fn alter(
    schemas: Pair<&Schema>,
    remade: &BTreeSet<QualifiedName>,
    canonical: &Canonical,
    changes: &mut Vec<Change>,
) {
    let Pair { previous, next } = schemas;
    for ty in by_need(&next.types) {
        let old = if remade.contains(&ty.name) { aside(&ty.name) } else { None };
        match (old, previous.types.get(&ty.name)) {
            (Some(old), _) => anew(ty, &old, previous, changes),
            (None, None) => changes.push(Change::CreateType(Box::new(ty.clone()))),
            (None, Some(was)) => {
                let found = alterations(Pair { previous: was, next: ty }, canonical);
                changes.extend(found.into_iter().map(|alteration| on(&ty.name, alteration)));
            }
        }
    }
    // What is made of others goes before them.
    let gone = by_need(&previous.types).into_iter().rev();
    let gone = gone.filter(|ty| !next.types.contains_key(&ty.name));
    changes.extend(gone.map(|ty| Change::DropType(ty.name.clone())));
}

fn on(name: &QualifiedName, alteration: TypeAlteration) -> Change {
    Change::AlterType { name: name.clone(), alteration: Box::new(alteration) }
}

/// A composite type is put over attribute by attribute, so the old one first gets those of the new one,
/// and the new one is made in the order of the old.
fn anew(ty: &UserType<Sql>, old: &QualifiedName, previous: &Schema, changes: &mut Vec<Change>) {
    changes.push(Change::RenameType { name: ty.name.clone(), to: old.name.clone() });
    let mut ty = ty.clone();
    let was = previous.types.get(old).map(|was| &was.form);
    if let (Some(TypeForm::Composite(was)), TypeForm::Composite(is)) = (was, &mut ty.form) {
        let found = attributes(Pair { previous: was, next: is });
        let kept = found.into_iter().filter(|it| !matches!(it, TypeAlteration::AlterAttribute(_)));
        changes.extend(kept.map(|alteration| on(old, alteration)));
        let place = |attribute: &Attribute| {
            let position = was.attributes.iter().position(|other| other.name == attribute.name);
            position.unwrap_or(was.attributes.len())
        };
        is.attributes.sort_by_key(place);
    }
    changes.push(Change::CreateType(Box::new(ty)));
}

/// What leads from one type to another of its form.
fn alterations(types: Pair<&UserType<Sql>>, canonical: &Canonical) -> Vec<TypeAlteration> {
    match (&types.previous.form, &types.next.form) {
        (TypeForm::Enum(previous), TypeForm::Enum(next)) => added(Pair { previous, next }),
        (TypeForm::Domain(previous), TypeForm::Domain(next)) => {
            domain(&types.next.name, Pair { previous, next }, canonical)
        }
        (TypeForm::Composite(previous), TypeForm::Composite(next)) => {
            attributes(Pair { previous, next })
        }
        // Another form is another type, which was made anew.
        (TypeForm::Enum(_) | TypeForm::Domain(_) | TypeForm::Composite(_), _) => Vec::new(),
    }
}

/// Each value that is new, behind the one that it stands behind.
fn added(types: Pair<&EnumType>) -> Vec<TypeAlteration> {
    let EnumType { values } = types.next;
    let previous = &types.previous.values;
    let is_new = |value: &&String| !previous.contains(value);
    let last = values.iter().rposition(|value| previous.contains(value));
    let mut found = Vec::new();
    for (at, value) in values.iter().enumerate().filter(|(_, value)| is_new(value)) {
        let place = match at.checked_sub(1).and_then(|at| values.get(at)) {
            _ if last.is_none_or(|last| at > last) => None,
            Some(before) => Some(ValuePlace::After(before.clone())),
            None => previous.first().cloned().map(ValuePlace::Before),
        };
        found.push(TypeAlteration::AddValue { value: value.clone(), place });
    }
    found
}

fn domain(
    name: &QualifiedName,
    domains: Pair<&Domain<Sql>>,
    canonical: &Canonical,
) -> Vec<TypeAlteration> {
    // Another type under it makes it another domain.
    let Domain { base: _, collation: _, not_null, default, checks: _ } = domains.next;
    let previous = domains.previous;
    let mut found = checks(name, domains, canonical);
    let site = Site::default_of_type(name);
    if !canonical.same(&site, previous.default.as_ref(), default.as_ref()) {
        found.push(TypeAlteration::SetDefault(default.clone()));
    }
    if previous.not_null != *not_null {
        found.push(TypeAlteration::SetNotNull(*not_null));
    }
    found
}

/// Conditions are compared by what they say.
fn checks(
    name: &QualifiedName,
    domains: Pair<&Domain<Sql>>,
    canonical: &Canonical,
) -> Vec<TypeAlteration> {
    let site = Site { table: name.clone(), default_of: None };
    let same = |one: &DomainCheck<Sql>, other: &DomainCheck<Sql>| {
        let DomainCheck { expr, not_valid: _ } = other;
        canonical.same(&site, Some(&one.expr), Some(expr))
    };
    let found = matched(&domains.previous.checks, &domains.next.checks, same);
    let named = |(name, item): (&Ident, &DomainCheck<Sql>)| Named {
        name: name.clone(),
        item: item.clone(),
    };
    let gone = found.gone.map(|check| TypeAlteration::DropCheck(named(check)));
    let missing = found.missing.map(|check| TypeAlteration::AddCheck(named(check)));
    let proven = found.both.into_iter().filter(|(_, both)| {
        let Pair { previous, next } = both;
        previous.not_valid && !next.not_valid
    });
    let proven = proven.map(|(name, _)| TypeAlteration::ValidateCheck(name.clone()));
    gone.chain(missing).chain(proven).collect()
}

/// The order of attributes is no difference: one that is added later stands last.
fn attributes(types: Pair<&Composite>) -> Vec<TypeAlteration> {
    let Pair { previous, next } = types;
    let find = |attributes: &[Attribute], name: &Ident| {
        attributes.iter().find(|attribute| &attribute.name == name).cloned()
    };
    let gone = previous.attributes.iter().filter(|it| find(&next.attributes, &it.name).is_none());
    let mut found: Vec<_> =
        gone.map(|attribute| TypeAlteration::DropAttribute(attribute.name.clone())).collect();
    for attribute in &next.attributes {
        match find(&previous.attributes, &attribute.name) {
            None => found.push(TypeAlteration::AddAttribute(attribute.clone())),
            Some(was) if was != *attribute => {
                found.push(TypeAlteration::AlterAttribute(attribute.clone()));
            }
            Some(_) => {}
        }
    }
    found
}

/// Where types stand that were set aside, by the names that they have for now.
pub(crate) fn names_aside(changes: &[Change]) -> BTreeMap<QualifiedName, QualifiedName> {
    let renamed = changes.iter().filter_map(|change| {
        let Change::RenameType { name, to } = change else { return None };
        Some((QualifiedName::new(name.schema.clone(), to.clone()), name.clone()))
    });
    renamed.collect()
}
