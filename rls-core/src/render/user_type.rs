//! Enums, domains and composite types.

use super::{ident, literal, qualified, table};
use crate::diff::{Named, TypeAlteration, ValuePlace};
use crate::model::{
    Attribute, Composite, Domain, DomainCheck, EnumType, QualifiedName, Sql, TypeForm, UserType,
};

/// CREATE TYPE or CREATE DOMAIN.
pub(super) fn create(ty: &UserType<Sql>) -> Vec<String> {
    let name = qualified(&ty.name);
    match &ty.form {
        TypeForm::Enum(EnumType { values }) => {
            let values: Vec<_> = values.iter().map(|value| literal(value)).collect();
            vec![format!("CREATE TYPE {name} AS ENUM ({})", values.join(", "))]
        }
        TypeForm::Composite(Composite { attributes }) => {
            let attributes: Vec<_> =
                attributes.iter().map(|it| format!("\n    {}", attribute(it))).collect();
            vec![format!("CREATE TYPE {name} AS ({}\n)", attributes.join(","))]
        }
        TypeForm::Domain(domain) => create_domain(&ty.name, domain),
    }
}

fn create_domain(name: &QualifiedName, domain: &Domain<Sql>) -> Vec<String> {
    let Domain { base, collation, not_null, default, checks } = domain;
    let mut text = format!("CREATE DOMAIN {} AS {base}", qualified(name));
    if let Some(collation) = collation {
        text += &format!(" COLLATE {}", qualified(collation));
    }
    if let Some(default) = default {
        text += &format!(" DEFAULT {}", table::default(default));
    }
    if *not_null {
        text += " NOT NULL";
    }
    // CREATE DOMAIN knows no NOT VALID.
    let (not_valid, valid): (Vec<_>, Vec<_>) =
        checks.iter().partition(|(_, check)| check.not_valid);
    for (name, DomainCheck { expr, not_valid: _ }) in valid {
        text += &format!("\n    CONSTRAINT {} CHECK ({})", ident(name), expr.as_str());
    }
    let added = not_valid.into_iter().map(|(own, check)| {
        let check = Named { name: own.clone(), item: check.clone() };
        alter(name, &TypeAlteration::AddCheck(check))
    });
    std::iter::once(text).chain(added).collect()
}

/// ALTER TYPE or ALTER DOMAIN.
pub(super) fn alter(name: &QualifiedName, alteration: &TypeAlteration) -> String {
    let name = qualified(name);
    let domain = |action: String| format!("ALTER DOMAIN {name} {action}");
    let plain = |action: String| format!("ALTER TYPE {name} {action}");
    match alteration {
        TypeAlteration::AddValue { value, place } => {
            let place = match place {
                None => String::new(),
                Some(ValuePlace::Before(other)) => format!(" BEFORE {}", literal(other)),
                Some(ValuePlace::After(other)) => format!(" AFTER {}", literal(other)),
            };
            plain(format!("ADD VALUE {}{place}", literal(value)))
        }
        TypeAlteration::DropCheck(check) => {
            domain(format!("DROP CONSTRAINT {}", ident(&check.name)))
        }
        TypeAlteration::SetDefault(None) => domain("DROP DEFAULT".to_owned()),
        TypeAlteration::SetDefault(Some(default)) => {
            domain(format!("SET DEFAULT {}", table::default(default)))
        }
        TypeAlteration::SetNotNull(true) => domain("SET NOT NULL".to_owned()),
        TypeAlteration::SetNotNull(false) => domain("DROP NOT NULL".to_owned()),
        TypeAlteration::AddCheck(check) => {
            let DomainCheck { expr, not_valid } = &check.item;
            let not_valid = if *not_valid { " NOT VALID" } else { "" };
            let name = ident(&check.name);
            domain(format!("ADD CONSTRAINT {name} CHECK ({}){not_valid}", expr.as_str()))
        }
        TypeAlteration::ValidateCheck(check) => {
            domain(format!("VALIDATE CONSTRAINT {}", ident(check)))
        }
        TypeAlteration::DropAttribute(attribute) => {
            plain(format!("DROP ATTRIBUTE {}", ident(attribute)))
        }
        TypeAlteration::AddAttribute(added) => plain(format!("ADD ATTRIBUTE {}", attribute(added))),
        TypeAlteration::AlterAttribute(altered) => {
            let Attribute { name, ty, collation } = altered;
            let collate = collation.as_ref().map(|name| format!(" COLLATE {}", qualified(name)));
            let collate = collate.unwrap_or_default();
            plain(format!("ALTER ATTRIBUTE {} TYPE {ty}{collate}", ident(name)))
        }
    }
}

fn attribute(attribute: &Attribute) -> String {
    let Attribute { name, ty, collation } = attribute;
    let collate = collation.as_ref().map(|name| format!(" COLLATE {}", qualified(name)));
    format!("{} {ty}{}", ident(name), collate.unwrap_or_default())
}
