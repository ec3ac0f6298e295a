//! Types that a schema makes for itself: enums, domains and composite types.
//!
//! Source: Postgres manual, `CREATE TYPE`, `CREATE DOMAIN`.

use std::collections::{BTreeMap, BTreeSet};

use super::{BaseType, Commented, Expr, Ident, PgType, QualifiedName, Renames};

/// A type of a schema's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound(serialize = "E: serde::Serialize")))]
pub struct UserType<E = Expr> {
    /// Schema and name.
    pub name: QualifiedName,
    /// What it is.
    pub form: TypeForm<E>,
}

/// What a type of a schema's own is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "serde", serde(bound(serialize = "E: serde::Serialize")))]
pub enum TypeForm<E = Expr> {
    /// One of a list of values.
    Enum(EnumType),
    /// Another type with conditions.
    Domain(Domain<E>),
    /// Several values in one.
    Composite(Composite),
}

/// An enum.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EnumType {
    /// In the order in which they compare.
    pub values: Vec<String>,
}

impl EnumType {
    /// Whether Postgres takes a text as a value: it cuts none that is too long, as it does with names
    /// (<https://www.postgresql.org/docs/current/datatype-enum.html>).
    #[must_use]
    pub fn can_hold(value: &str) -> bool {
        value.len() <= 63 && !value.contains('\0')
    }
}

/// A domain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound(serialize = "E: serde::Serialize")))]
pub struct Domain<E = Expr> {
    /// The type under it.
    pub base: PgType,
    /// How its text is sorted and compared, where that is not the way of the type under it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub collation: Option<QualifiedName>,
    /// Whether it refuses NULL.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub not_null: bool,
    /// What a column of the type gets that has no default of its own.
    #[cfg_attr(
        feature = "serde",
        serde(default = "Option::default", skip_serializing_if = "Option::is_none")
    )]
    pub default: Option<E>,
    /// Conditions by name. They say `VALUE` for the value.
    #[cfg_attr(
        feature = "serde",
        serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")
    )]
    pub checks: BTreeMap<Ident, DomainCheck<E>>,
}

/// A condition on the values of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DomainCheck<E = Expr> {
    /// What has to hold.
    pub expr: E,
    /// Whether values from before it may break it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub not_valid: bool,
}

/// A composite type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Composite {
    /// In the order of declaration, which is the order of a new type.
    pub attributes: Vec<Attribute>,
}

/// A part of a composite type. It may always be NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Attribute {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: PgType,
    /// How its text is sorted and compared, where that is not the type's own way.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub collation: Option<QualifiedName>,
}

/// What `#[derive(PgEnum)]` or `#[derive(PgType)]` makes of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredType {
    /// The type.
    pub ty: UserType<Expr>,
    /// The role that it belongs to; none takes what rls.toml says of all.
    pub owner: Option<Ident>,
    /// Comments on it and its attributes.
    pub comments: BTreeMap<Commented, String>,
    /// What its values were called before.
    pub renames: Renames,
}

/// What a Rust type is in the database: a column's type, and the types of the schema's own that it is
/// made of, each behind those that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedAs {
    /// The type of a column.
    pub ty: PgType,
    /// What has to be there for it.
    pub types: Vec<DeclaredType>,
}

impl TypedAs {
    /// A type that is declared by itself.
    pub fn declared(declared: DeclaredType) -> TypedAs {
        TypedAs { ty: declared.ty.as_type(), types: vec![declared] }
    }

    /// The same as an array, if it is one.
    #[must_use]
    pub fn in_array(mut self, array: bool) -> TypedAs {
        self.ty.array |= array;
        self
    }

    /// The same with the type of a part: an attribute by its place, or what a domain stands on.
    #[must_use]
    pub fn with_part(mut self, at: usize, part: TypedAs) -> TypedAs {
        let TypedAs { ty, types } = part;
        let Some(mut own) = self.types.pop() else { return self };
        bring(&mut self.types, types);
        match &mut own.ty.form {
            TypeForm::Enum(_) => {}
            TypeForm::Domain(domain) => domain.base = ty,
            TypeForm::Composite(composite) => {
                if let Some(attribute) = composite.attributes.get_mut(at) {
                    attribute.ty = ty;
                }
            }
        }
        self.types.push(own);
        self
    }
}

/// Adds the types that are not there yet.
pub(super) fn bring(types: &mut Vec<DeclaredType>, more: Vec<DeclaredType>) {
    for ty in more {
        if !types.contains(&ty) {
            types.push(ty);
        }
    }
}

impl<E> UserType<E> {
    /// The types that it is made of.
    pub fn parts(&self) -> Vec<&PgType> {
        match &self.form {
            TypeForm::Enum(_) => Vec::new(),
            TypeForm::Domain(domain) => vec![&domain.base],
            TypeForm::Composite(composite) => {
                composite.attributes.iter().map(|attribute| &attribute.ty).collect()
            }
        }
    }

    /// The type as a column has it.
    pub fn as_type(&self) -> PgType {
        PgType::plain(BaseType::Named(self.name.clone()))
    }

    /// The values, where it is an enum.
    pub fn values(&self) -> Option<&[String]> {
        match &self.form {
            TypeForm::Enum(EnumType { values }) => Some(values),
            TypeForm::Domain(_) | TypeForm::Composite(_) => None,
        }
    }
}

/// The names of types in an order in which each stands behind those that it is made of.
pub fn by_need<E>(types: &BTreeMap<QualifiedName, UserType<E>>) -> Vec<&UserType<E>> {
    fn visit<'a, E>(
        ty: &'a UserType<E>,
        types: &'a BTreeMap<QualifiedName, UserType<E>>,
        seen: &mut BTreeSet<&'a QualifiedName>,
        ordered: &mut Vec<&'a UserType<E>>,
    ) {
        if !seen.insert(&ty.name) {
            return;
        }
        for part in ty.parts() {
            if let BaseType::Named(name) = &part.base
                && let Some(needed) = types.get(name)
            {
                visit(needed, types, seen, ordered);
            }
        }
        ordered.push(ty);
    }
    let (mut seen, mut ordered) = (BTreeSet::new(), Vec::new());
    for ty in types.values() {
        visit(ty, types, &mut seen, &mut ordered);
    }
    ordered
}
