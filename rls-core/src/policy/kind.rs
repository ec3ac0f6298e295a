//! What is known of an expression's type, and what Postgres compares with what.

use crate::model::{BaseType, Expr, PgType, SubjectType, TypeFamily};

use super::term::{Request, Term};

/// The type of a linked expression, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A type.
    Known(PgType),
    /// A number as it was written: fits every number.
    Number,
    /// A string as it was written: Postgres reads it as what it is compared with.
    Untyped,
    /// `auth_uid()`: text or uuid, as its partner wants it.
    Subject,
    /// Raw SQL, or a column that cannot be seen from here.
    Unknown,
}

impl Kind {
    pub(super) fn base(base: BaseType) -> Self {
        Kind::Known(PgType::plain(base))
    }

    pub(super) fn family(&self) -> Option<TypeFamily> {
        match self {
            Kind::Known(ty) => Some(ty.family()),
            Kind::Number => Some(TypeFamily::Number),
            Kind::Untyped | Kind::Subject => Some(TypeFamily::Text),
            Kind::Unknown => None,
        }
    }

    /// As it stands in a message.
    pub(super) fn describe(&self) -> String {
        match self {
            Kind::Known(ty) => ty.to_string(),
            Kind::Number => "a number".to_owned(),
            Kind::Untyped => "a string".to_owned(),
            Kind::Subject => "the user's id".to_owned(),
            Kind::Unknown => "unknown".to_owned(),
        }
    }
}

/// A linked expression with its type.
pub(super) struct Typed {
    pub(super) term: Term,
    pub(super) kind: Kind,
}

/// The type in which the subject is compared with another, if it can be.
pub(super) fn subject_type(ty: &PgType) -> Option<SubjectType> {
    match ty.family() {
        TypeFamily::Text => Some(SubjectType::Text),
        TypeFamily::Uuid => Some(SubjectType::Uuid),
        TypeFamily::Boolean | TypeFamily::Number | TypeFamily::DateTime | TypeFamily::Other => None,
    }
}

/// Gives a subject the type of its partner. `Err` where the partner can never be one.
pub(super) fn settle(subject: &mut Typed, partner: &Kind) -> Result<(), ()> {
    if subject.kind != Kind::Subject {
        return Ok(());
    }
    if let Kind::Known(ty) = partner {
        let settled = subject_type(ty).ok_or(())?;
        subject.term = Term::Request(Request::Subject(settled));
        subject.kind = partner.clone();
    }
    Ok(())
}

/// Whether Postgres compares the two without a cast.
pub(super) fn comparable(left: &Kind, right: &Kind) -> bool {
    match (left, right) {
        (Kind::Unknown, _) | (_, Kind::Unknown) => true,
        (Kind::Known(left), Kind::Known(right)) => match left.family() {
            TypeFamily::Other => left == right,
            family => family == right.family(),
        },
        // Postgres reads a string as anything but refuses most of it for numbers and booleans.
        (Kind::Known(ty), Kind::Untyped) | (Kind::Untyped, Kind::Known(ty)) => {
            ![TypeFamily::Number, TypeFamily::Boolean].contains(&ty.family())
        }
        (Kind::Known(ty), Kind::Number) | (Kind::Number, Kind::Known(ty)) => {
            ty.family() == TypeFamily::Number
        }
        (Kind::Subject, Kind::Untyped) | (Kind::Untyped, Kind::Subject) => true,
        (Kind::Number, Kind::Number)
        | (Kind::Untyped, Kind::Untyped)
        | (Kind::Subject, Kind::Subject) => true,
        (Kind::Number, Kind::Untyped | Kind::Subject)
        | (Kind::Untyped | Kind::Subject, Kind::Number) => false,
        (Kind::Subject, Kind::Known(_)) | (Kind::Known(_), Kind::Subject) => false,
    }
}

/// Whether a value of one kind can be written `as` another type.
pub(super) fn castable(from: &Kind, to: &PgType) -> bool {
    let Some(family) = from.family() else { return true };
    family == TypeFamily::Text
        || to.family() == TypeFamily::Text
        || (family == to.family() && family != TypeFamily::Other)
        || *from == Kind::Known(to.clone())
}

/// What to write where two types do not compare, inside of lookups with these `rows`.
pub(super) fn remedy(left: (&Expr, &Kind), right: (&Expr, &Kind), rows: &[String]) -> String {
    let (literal, other) = match (left.1, right.1) {
        (Kind::Untyped | Kind::Number, Kind::Known(_)) => (true, None),
        (Kind::Known(_), Kind::Untyped | Kind::Number) => (true, None),
        (Kind::Known(one), Kind::Known(two)) => {
            // Text becomes what it is compared with; anything else becomes text.
            let cast = match (one.family(), two.family()) {
                (TypeFamily::Text, _) => {
                    let two = rust_type(two).map(|ty| (left.0, ty));
                    Some(two.unwrap_or((right.0, "String")))
                }
                (_, TypeFamily::Text) => {
                    let one = rust_type(one).map(|ty| (right.0, ty));
                    Some(one.unwrap_or((left.0, "String")))
                }
                _ => Some((right.0, "String")),
            };
            (false, cast)
        }
        _ => (false, None),
    };
    match (literal, other) {
        (true, _) => "write a literal of the other's type".to_owned(),
        (false, Some((expr, ty))) => {
            let text = expr.text_within(rows);
            let simple = expr.parts().is_empty();
            if simple {
                format!("write `{text} as {ty}`")
            } else {
                format!("write `({text}) as {ty}`")
            }
        }
        (false, None) => "cast one of them in `sql(\"..\")`".to_owned(),
    }
}

/// The Rust type that a cast to a type is written with, for the common ones.
fn rust_type(ty: &PgType) -> Option<&'static str> {
    if ty.array {
        return None;
    }
    Some(match &ty.base {
        BaseType::SmallInt => "i16",
        BaseType::Integer => "i32",
        BaseType::BigInt => "i64",
        BaseType::Real => "f32",
        BaseType::DoublePrecision => "f64",
        BaseType::Numeric => "Decimal",
        BaseType::Boolean => "bool",
        BaseType::Uuid => "Uuid",
        BaseType::Text | BaseType::Varchar | BaseType::Char => "String",
        BaseType::Date => "NaiveDate",
        BaseType::Timestamp => "NaiveDateTime",
        _ => return None,
    })
}
