//! Rust types as Postgres types, by the last segment of their path.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

use crate::model::{BaseType, PgType};

/// What a field's type says about its column.
pub(super) struct Mapped {
    pub(super) ty: FieldType,
    pub(super) nullable: bool,
}

/// What a Rust type is in Postgres.
#[derive(Clone)]
pub(super) enum FieldType {
    /// A type that is known by its name.
    Known(PgType),
    /// One that somebody has to declare.
    Declared(RustType),
}

/// A Rust type that is declared elsewhere.
#[derive(Clone)]
pub struct RustType {
    /// Its path, or what else it is.
    pub ty: Box<Type>,
    /// The last segment of the path.
    pub name: String,
    /// Whether this is about a list of them.
    pub array: bool,
}

/// A type that is not mapped: what to say, and what to write instead.
pub(super) struct Unmapped {
    pub(super) message: String,
    pub(super) help: String,
}

/// The column type of a field.
pub(super) fn map(ty: &Type) -> Result<Mapped, Unmapped> {
    match option(ty) {
        Some(inner) => Ok(Mapped { ty: field_type(inner)?, nullable: true }),
        None => Ok(Mapped { ty: field_type(ty)?, nullable: false }),
    }
}

/// The type of something that is no column, where none is declared elsewhere.
pub(super) fn known(ty: &Type) -> Result<PgType, Unmapped> {
    match map(ty)?.ty {
        FieldType::Known(ty) => Ok(ty),
        FieldType::Declared(_) => Err(unknown(ty)),
    }
}

/// Whether a field may be NULL, for a column whose type is written by hand.
pub(super) fn nullable(ty: &Type) -> bool {
    option(ty).is_some()
}

fn option(ty: &Type) -> Option<&Type> {
    let segment = last_segment(ty)?;
    if segment.ident == "Option" { argument(segment) } else { None }
}

fn field_type(ty: &Type) -> Result<FieldType, Unmapped> {
    match ty {
        Type::Reference(reference) => return field_type(&reference.elem),
        Type::Paren(inner) => return field_type(&inner.elem),
        Type::Group(inner) => return field_type(&inner.elem),
        Type::Array(array) => return array_of(&array.elem),
        Type::Slice(slice) => return array_of(&slice.elem),
        _ => {}
    }
    let segment = last_segment(ty).ok_or_else(|| unknown(ty))?;
    let name = segment.ident.unraw().to_string();
    let base = match (name.as_str(), argument(segment)) {
        ("Vec", Some(element)) => return array_of(element),
        ("Box" | "Arc" | "Rc" | "Cow", Some(inner)) => return field_type(inner),
        ("Json" | "Jsonb", Some(_)) => BaseType::Jsonb,
        // chrono's has a time zone as its argument, jiff's civil one has none.
        ("DateTime", Some(_)) => BaseType::Timestamptz,
        (known, _) => match by_name(known) {
            Some(base) => base,
            None => match known {
                "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "isize" | "i128" => {
                    return Err(Unmapped {
                        message: format!("Postgres has no type for `{name}`"),
                        help: "use `i16`, `i32` or `i64`, or name a type with `sql_type = \"..\"`"
                            .to_owned(),
                    });
                }
                "Option" => {
                    return Err(Unmapped {
                        message: "an `Option` inside another type has no meaning in Postgres"
                            .to_owned(),
                        help: "make the whole field an `Option`".to_owned(),
                    });
                }
                _ => {
                    let ty = Box::new(ty.clone());
                    return Ok(FieldType::Declared(RustType { ty, name, array: false }));
                }
            },
        },
    };
    Ok(FieldType::Known(PgType::plain(base)))
}

fn by_name(name: &str) -> Option<BaseType> {
    Some(match name {
        "i8" | "i16" => BaseType::SmallInt,
        "i32" => BaseType::Integer,
        "i64" => BaseType::BigInt,
        "f32" => BaseType::Real,
        "f64" => BaseType::DoublePrecision,
        "bool" => BaseType::Boolean,
        "String" | "str" => BaseType::Text,
        "Uuid" => BaseType::Uuid,
        "OffsetDateTime" | "Timestamp" | "UtcDateTime" => BaseType::Timestamptz,
        "NaiveDateTime" | "PrimitiveDateTime" | "DateTime" => BaseType::Timestamp,
        "NaiveDate" | "Date" => BaseType::Date,
        "NaiveTime" | "Time" => BaseType::Time,
        "Decimal" | "BigDecimal" => BaseType::Numeric,
        "Value" => BaseType::Jsonb,
        "IpAddr" | "Ipv4Addr" | "Ipv6Addr" | "IpNet" | "IpNetwork" => BaseType::Inet,
        "Duration" | "TimeDelta" | "Span" | "SignedDuration" => BaseType::Interval,
        _ => return None,
    })
}

/// Bytes are `bytea`; everything else is an array, whose elements may always be NULL in Postgres.
fn array_of(element: &Type) -> Result<FieldType, Unmapped> {
    if last_segment(element).is_some_and(|segment| segment.ident == "u8") {
        return Ok(FieldType::Known(PgType::plain(BaseType::Bytea)));
    }
    Ok(match field_type(option(element).unwrap_or(element))? {
        FieldType::Known(element) => FieldType::Known(PgType { array: true, ..element }),
        FieldType::Declared(element) => FieldType::Declared(RustType { array: true, ..element }),
    })
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// The last type among the generic arguments: `T` of `Option<T>`, `str` of `Cow<'_, str>`.
fn argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().rev().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn unknown(ty: &Type) -> Unmapped {
    let text: String = ty.to_token_stream().to_string().split(' ').collect();
    Unmapped {
        message: format!("no Postgres type is known for `{text}`"),
        help: "name it with `#[rls(sql_type = \"..\")]`".to_owned(),
    }
}
