//! What a plan has to know of types: which enums cannot just grow, and what a type that changes does to
//! the values that are there.

use std::collections::BTreeSet;

use super::Origin;
use super::hazard::{Hazard, HazardKind, fits, loses_data};
use crate::diff::{Change, Pair, TypeAlteration};
use crate::lex::{self, TokenKind};
use crate::model::{EnumType, QualifiedName, Schema, TypeForm};
use crate::render;

/// The enums that get a value which another step of the same plan says: until the transaction that adds
/// it has ended, Postgres refuses to use it. A string that only looks like the value costs an enum that
/// is made anew for nothing.
pub(super) fn used_early(changes: &[Change]) -> BTreeSet<QualifiedName> {
    let mut added = Vec::new();
    let mut others = Vec::new();
    for change in changes {
        if let Change::AlterType { name, alteration } = change
            && let TypeAlteration::AddValue { value, place: _ } = &**alteration
        {
            added.push((name, value));
        } else if !matches!(change, Change::Comment { .. }) {
            others.push(change);
        }
    }
    if added.is_empty() {
        return BTreeSet::new();
    }
    let statements: Vec<_> = others.into_iter().flat_map(render::statements).collect();
    let said = |value: &str| statements.iter().any(|statement| says(statement, value));
    let early = added.into_iter().filter(|(_, value)| said(value));
    early.map(|(name, _)| name.clone()).collect()
}

/// Whether a string constant of a statement is a value, or holds it: an array, a function's body.
fn says(statement: &str, value: &str) -> bool {
    let tokens = lex::tokens(statement).unwrap_or_default();
    let strings = tokens.iter().filter(|token| token.kind == TokenKind::String);
    let mut texts = strings.map(|token| &statement[token.range.clone()]);
    let written = render::literal(value);
    texts.any(|text| {
        let array = text.starts_with("'{") || text.starts_with("E'{");
        text == written || text.contains(value) && (array || text.starts_with('$'))
    })
}

/// What becomes of the values of a type that is made anew.
pub(super) fn remade(name: &QualifiedName, schemas: Pair<&Schema>) -> Vec<Hazard> {
    let find = |schema: &Schema| schema.types.get(name).map(|ty| ty.form.clone());
    let (Some(previous), Some(next)) = (find(schemas.previous), find(schemas.next)) else {
        return Vec::new();
    };
    match (previous, next) {
        (TypeForm::Enum(EnumType { values }), TypeForm::Enum(next)) => {
            let gone = values.iter().filter(|value| !next.values.contains(value));
            let gone = gone.map(|value| {
                loses_data(format!(
                    "the type {name} loses the value {}: rows that hold it are refused",
                    render::literal(value)
                ))
            });
            gone.collect()
        }
        (TypeForm::Domain(previous), TypeForm::Domain(next))
            if fits(&previous.base, &next.base) =>
        {
            Vec::new()
        }
        (TypeForm::Domain(previous), TypeForm::Domain(next)) => vec![loses_data(format!(
            "the type {name} becomes {} from {}: values that do not fit are refused or cut",
            next.base, previous.base
        ))],
        (TypeForm::Composite(previous), TypeForm::Composite(next)) => {
            let pairs = previous.attributes.iter().filter_map(|was| {
                let is = next.attributes.iter().find(|is| is.name == was.name)?;
                (!fits(&was.ty, &is.ty)).then_some((was, is))
            });
            let lost = pairs.map(|(was, is)| {
                loses_data(format!(
                    "the attribute {} of the type {name} becomes {} from {}: values that do not fit are refused or cut",
                    is.name, is.ty, was.ty
                ))
            });
            lost.collect()
        }
        (TypeForm::Enum(_) | TypeForm::Domain(_) | TypeForm::Composite(_), _) => {
            vec![loses_data(format!(
                "the type {name} becomes one of another kind: values that do not fit are refused"
            ))]
        }
    }
}

/// What a type that is changed where it is does.
pub(super) fn altered(
    name: &QualifiedName,
    alteration: &TypeAlteration,
    origin: Origin<'_>,
) -> Vec<Hazard> {
    match alteration {
        TypeAlteration::DropAttribute(attribute) => vec![loses_data(format!(
            "the attribute {attribute} of the type {name} and its values are dropped"
        ))],
        TypeAlteration::DropCheck(check) => match origin {
            Origin::Snapshot => Vec::new(),
            Origin::Live { .. } => vec![Hazard {
                kind: HazardKind::DropsUndeclared,
                message: format!(
                    "the check \"{}\" of the type {name} is not declared and is dropped",
                    check.name
                ),
            }],
        },
        TypeAlteration::AddValue { .. }
        | TypeAlteration::SetDefault(_)
        | TypeAlteration::SetNotNull(_)
        | TypeAlteration::AddCheck(_)
        | TypeAlteration::ValidateCheck(_)
        | TypeAlteration::AddAttribute(_)
        | TypeAlteration::AlterAttribute(_) => Vec::new(),
    }
}
