//! Differences in columns.

use std::collections::BTreeMap;

use super::table::On;
use super::{Canonical, Change, Pair, Site};
use crate::lex::{self, TokenKind};
use crate::model::{
    BaseType, Column, Generated, Ident, PgType, QualifiedName, SequenceOptions, Sql, TypeForm,
    UserType,
};
use crate::policy::grants::counted_with;

/// Whether a column goes or changes type, which Postgres refuses while a policy leans on it.
pub(super) type Rebuilt = bool;

/// The types that are declared.
type Types = BTreeMap<QualifiedName, UserType<Sql>>;

pub(super) fn alter(
    on: On<'_>,
    columns: Pair<&Vec<Column<Sql>>>,
    types: &Types,
    canonical: &Canonical,
    changes: &mut Vec<Change>,
) -> Rebuilt {
    let find =
        |columns: &[Column<Sql>], name: &Ident| columns.iter().find(|c| &c.name == name).cloned();
    let both = |next: &Column<Sql>| {
        let mut previous = find(columns.previous, &next.name)?;
        if same_type(on, &previous, next, canonical) {
            previous.ty = next.ty.clone();
        }
        Some(Pair { previous, next: next.clone() })
    };
    let retyped: Vec<_> = columns
        .next
        .iter()
        .filter_map(both)
        .filter(is_retyped)
        .map(|pair| pair.next.name)
        .collect();
    let (mut added, mut altered, mut computed) = (Vec::new(), Vec::new(), Vec::new());
    let mut dropped = Vec::new();
    // The order of columns is no difference: a column that is added later stands last.
    for next in columns.next {
        match both(next) {
            Some(pair) if is_anew(on, &pair, &retyped, canonical) => {
                dropped.push(pair.previous);
                computed.push(Change::AddColumn(on.item(next)));
            }
            Some(pair) if !same(on, &pair, types, canonical) => altered.push(pair),
            Some(_) => {}
            // What it is computed from comes first.
            None if next.generated.is_some() => computed.push(Change::AddColumn(on.item(next))),
            None => added.push(Change::AddColumn(on.item(next))),
        }
    }
    let gone = columns.previous.iter().filter(|it| find(columns.next, &it.name).is_none());
    dropped.extend(gone.cloned());
    // What is computed from others goes before them.
    dropped.sort_by_key(|column| column.generated.is_none());
    let rebuilt = !dropped.is_empty() || !retyped.is_empty();
    changes.extend(added);
    changes.extend(altered.into_iter().flat_map(|pair| steps(on, pair)));
    changes.extend(computed);
    changes.extend(dropped.iter().map(|column| Change::DropColumn(on.item(&column.name))));
    rebuilt
}

/// What fills a column goes before what takes its place comes: a sequence and an identity column may
/// want the same name.
fn steps(on: On<'_>, pair: Pair<Column<Sql>>) -> Vec<Change> {
    let Pair { previous, next } = pair;
    let numbering = SequenceOptions::default();
    let between =
        Column { default: None, identity: None, numbering, sequence: None, ..previous.clone() };
    let counts = |sql: &Sql| counted_with(sql, &on.0.schema).is_some();
    let counted = previous.default.as_ref().is_some_and(counts);
    let refilled = counted && previous.default != next.default;
    let numbered = previous.identity.is_some() && next.identity.is_none();
    let change = |previous: &Column<Sql>, next: &Column<Sql>| {
        let pair = Pair { previous: previous.clone(), next: next.clone() };
        Change::AlterColumn(on.item(&Box::new(pair)))
    };
    if (refilled || numbered) && between != next {
        vec![change(&previous, &between), change(&between, &next)]
    } else {
        vec![change(&previous, &next)]
    }
}

/// Whether a column has to be dropped and added: Postgres 14 to 16 change no expression, and none
/// changes a stored column into a virtual one, or a type under an expression.
fn is_anew(on: On<'_>, pair: &Pair<Column<Sql>>, retyped: &[Ident], canonical: &Canonical) -> bool {
    let Pair { previous, next } = pair;
    let is_retyped_here = |name: &str| retyped.iter().any(|column| column.as_str() == name);
    let reads = |sql: &Sql| lex::has_name(sql.as_str(), is_retyped_here);
    match (&previous.generated, &next.generated) {
        (None, None) => false,
        (None, Some(_)) => true,
        (Some(Generated { expr: _, stored }), None) => !stored,
        (Some(was), Some(is)) => {
            let site = Site { table: on.0.clone(), default_of: Some(next.name.clone()) };
            was.stored != is.stored
                || is_retyped(pair)
                || reads(&was.expr)
                || !canonical.same(&site, Some(&was.expr), Some(&is.expr))
        }
    }
}

/// Whether two types are one. What stands in the brackets of an extension's type is for the extension
/// to understand.
fn same_type(
    on: On<'_>,
    previous: &Column<Sql>,
    next: &Column<Sql>,
    canonical: &Canonical,
) -> bool {
    let site = Site { table: on.0.clone(), default_of: Some(next.name.clone()) };
    let (was, is) = (nothing_of(&previous.ty), nothing_of(&next.ty));
    previous.ty == next.ty || canonical.same(&site, Some(&was), Some(&is))
}

/// NULL of a type, which the server writes with the type as it has understood it.
pub(crate) fn nothing_of(ty: &PgType) -> Sql {
    Sql::new(format!("NULL::{ty}"))
}

/// Whether it gets another type, or another order of its text, which Postgres changes alike.
pub(super) fn is_retyped(columns: &Pair<Column<Sql>>) -> bool {
    let Pair { previous, next } = columns;
    previous.ty != next.ty || previous.collation != next.collation
}

fn same(on: On<'_>, columns: &Pair<Column<Sql>>, types: &Types, canonical: &Canonical) -> bool {
    let Column { name, ty, collation, nullable, default, identity, numbering, sequence, generated } =
        &columns.next;
    let previous = &columns.previous;
    let site = Site { table: on.0.clone(), default_of: Some(name.clone()) };
    &previous.ty == ty
        && &previous.collation == collation
        && &previous.nullable == nullable
        && &previous.identity == identity
        && previous.numbering.as_kept(&previous.ty.base) == numbering.as_kept(&ty.base)
        && (sequence.is_none() || &previous.sequence == sequence)
        && previous.generated.is_some() == generated.is_some()
        && canonical.same(
            &site,
            kept(previous, previous.default.as_ref(), types),
            kept(previous, default.as_ref(), types),
        )
}

/// Postgres keeps no default that is NULL, unless the type may have one of its own to override, as a domain
/// does, or there is a length to cut it to.
fn kept<'a>(column: &Column<Sql>, default: Option<&'a Sql>, types: &Types) -> Option<&'a Sql> {
    let of_its_own = |name| match types.get(name).map(|ty| &ty.form) {
        Some(TypeForm::Enum(_) | TypeForm::Composite(_)) => false,
        Some(TypeForm::Domain(_)) | None => !column.ty.array,
    };
    let keeps = if let BaseType::Named(name) = &column.ty.base {
        of_its_own(name)
    } else {
        !column.ty.modifiers.is_empty()
    };
    default.filter(|sql| keeps || !is_null(sql, &column.ty))
}

/// Whether a text is NULL, of itself or said to be of that very type.
fn is_null(sql: &Sql, ty: &PgType) -> bool {
    let text = sql.as_str();
    let tokens = lex::tokens(text).unwrap_or_default();
    let Some((first, rest)) = tokens.split_first() else { return false };
    let cast = |token: &lex::Token| token.kind == TokenKind::Operator("::".to_owned());
    first.kind.word() == Some("null")
        && match rest {
            [] => true,
            [next, ..] if cast(next) => {
                PgType::parse(&text[next.range.end..]).is_ok_and(|it| &it == ty)
            }
            [_, ..] => false,
        }
}
