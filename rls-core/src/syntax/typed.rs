//! Types that a scan has found, put where fields have them.

use std::ops::Range;
use std::path::PathBuf;

use quote::ToTokens;

use super::places::source_error;
use super::scan::Scan;
use super::{LoweredForm, LoweredType, RustType};
use crate::model::TypedAs;
use crate::resolve::nearest;

/// A type and where it was declared.
pub struct ScannedType {
    /// The file.
    pub path: PathBuf,
    /// The bytes of its name.
    pub range: Range<usize>,
    /// The type, as far as its own item says.
    pub(super) lowered: LoweredType,
    /// Where the file's bytes begin for `syn`.
    pub(super) offset: usize,
    /// What it is, once the types that it is made of are known.
    pub typed: Option<TypedAs>,
}

/// A field whose type is declared elsewhere.
pub(super) struct Pending {
    /// The table's place among those that were found.
    pub(super) table: usize,
    pub(super) field: String,
    pub(super) ty: RustType,
    pub(super) range: Range<usize>,
}

/// Why a type is not known: the message, and what to write instead.
struct Unknown(String, Option<String>);

impl Scan {
    /// Gives every column and every part of a type the type that its name stands for.
    pub(super) fn fill_in_types(&mut self) {
        for at in 0..self.types.len() {
            if let Err((part, unknown)) = self.typed(at, &mut Vec::new()) {
                let found = &self.types[at];
                let range = bytes(&part, found.offset);
                self.unknown(found.path.clone(), range, unknown);
            }
        }
        for pending in std::mem::take(&mut self.pending) {
            let Pending { table, field, ty, range } = pending;
            match self.find(&ty) {
                Ok(at) => {
                    let typed = at.and_then(|at| self.types[at].typed.clone());
                    if let Some(typed) = typed {
                        let table = &mut self.tables[table].table;
                        table.set_type(&field, typed.in_array(ty.array));
                    }
                }
                Err(unknown) => self.unknown(self.tables[table].path.clone(), range, unknown),
            }
        }
    }

    fn unknown(&mut self, path: PathBuf, range: Range<usize>, Unknown(message, help): Unknown) {
        self.errors.push(source_error(&self.sources, path, range, message, help));
    }

    /// What a type is, after the types that it is made of. A mistake in one of these is told there.
    fn typed(&mut self, at: usize, open: &mut Vec<usize>) -> Result<(), (RustType, Unknown)> {
        if self.types[at].typed.is_some() || self.broken_types.contains(&at) {
            return Ok(());
        }
        open.push(at);
        let (mut typed, parts) = match &self.types[at].lowered.form {
            LoweredForm::Own { declared, parts } => {
                (Some(TypedAs::declared((**declared).clone())), parts.clone())
            }
            LoweredForm::Inner(ty) => {
                (Some(TypedAs { ty: ty.clone(), types: Vec::new() }), Vec::new())
            }
            LoweredForm::InnerDeclared(inner) => (None, vec![(0, inner.clone())]),
        };
        for (place, part) in parts {
            let inner = self.find(&part).and_then(|inner| {
                if inner.is_some_and(|inner| open.contains(&inner)) {
                    let message = format!("`{}` is made of itself, by this", part.name);
                    return Err(Unknown(message, None));
                }
                Ok(inner)
            });
            let inner = inner.map_err(|unknown| {
                self.broken_types.insert(at);
                (part.clone(), unknown)
            })?;
            // Its own mistakes are told when its turn comes.
            let inner = inner.filter(|inner| self.typed(*inner, open).is_ok());
            let Some(inner) = inner.and_then(|inner| self.types[inner].typed.clone()) else {
                open.pop();
                return Ok(());
            };
            let inner = inner.in_array(part.array);
            typed = Some(match typed {
                Some(typed) => typed.with_part(place, inner),
                None => inner,
            });
        }
        open.pop();
        self.types[at].typed = typed;
        Ok(())
    }

    /// The place of the type of that name; none for one that has a mistake of its own.
    fn find(&self, ty: &RustType) -> Result<Option<usize>, Unknown> {
        if self.mistaken_types.contains(&ty.name) {
            return Ok(None);
        }
        let named = self.types.iter().enumerate();
        let named: Vec<_> = named.filter(|(_, found)| found.lowered.rust_name == ty.name).collect();
        match named.as_slice() {
            [(at, _)] => Ok(Some(*at)),
            [] => {
                let known = self.types.iter().map(|found| found.lowered.rust_name.as_str());
                let help = match nearest(&ty.name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "derive `PgEnum` or `PgType` for it, or name one with \
                             `#[rls(sql_type = \"..\")]`"
                        .to_owned(),
                };
                let message = format!("no Postgres type is known for `{}`", ty.name);
                Err(Unknown(message, Some(help)))
            }
            [_, _, ..] => {
                let message = format!("there are two types of the name `{}`", ty.name);
                Err(Unknown(message, Some("give one of the two another name".to_owned())))
            }
        }
    }
}

fn bytes(ty: &RustType, offset: usize) -> Range<usize> {
    super::scan::byte_range(ty.ty.to_token_stream(), offset)
}
