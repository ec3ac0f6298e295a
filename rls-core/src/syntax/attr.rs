//! `#[rls(..)]` as a list of keys, before any of them is understood: reading keys and values,
//! refusing those that are unknown or given twice.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, MetaList, Token};

use super::Ctxt;
use super::decl::path_name;
use crate::model::{Ident, QualifiedName};
use crate::resolve::nearest;

/// One key with what was said about it.
pub(super) struct Item {
    /// The key.
    pub(super) key: String,
    /// All of it, for messages.
    pub(super) meta: Meta,
}

/// The items of every `#[rls(..)]` among the attributes.
pub(super) fn items(
    attrs: &[Attribute],
    known: &[&str],
    repeatable: &[&str],
    ctxt: &Ctxt,
) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("rls")) {
        let list = match &attr.meta {
            Meta::List(list) => list,
            Meta::Path(_) | Meta::NameValue(_) => {
                ctxt.error_help(attr, "`rls` takes a list", "write `#[rls(..)]`");
                continue;
            }
        };
        for meta in metas(list, ctxt) {
            let Some(item) = item(meta, known, ctxt) else { continue };
            let twice = items.iter().any(|other| other.key == item.key);
            if twice && !repeatable.contains(&item.key.as_str()) {
                ctxt.error(item.meta.path(), format!("`{}` is given twice", item.key));
            } else {
                items.push(item);
            }
        }
    }
    items
}

/// The items of a nested list such as `crud_policy(..)`.
pub(super) fn nested(list: &MetaList, known: &[&str], ctxt: &Ctxt) -> Vec<Item> {
    self::known(metas(list, ctxt), known, ctxt)
}

/// The same, where some may be said more than once.
pub(super) fn nested_repeatable(
    list: &MetaList,
    known: &[&str],
    repeatable: &[&str],
    ctxt: &Ctxt,
) -> Vec<Item> {
    listed(metas(list, ctxt), known, repeatable, ctxt)
}

/// Those of them that are known, each once.
pub(super) fn known(metas: Vec<Meta>, known: &[&str], ctxt: &Ctxt) -> Vec<Item> {
    listed(metas, known, &[], ctxt)
}

fn listed(metas: Vec<Meta>, known: &[&str], repeatable: &[&str], ctxt: &Ctxt) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for item in metas.into_iter().filter_map(|meta| item(meta, known, ctxt)) {
        let twice = items.iter().any(|other| other.key == item.key);
        if twice && !repeatable.contains(&item.key.as_str()) {
            ctxt.error(item.meta.path(), format!("`{}` is given twice", item.key));
        } else {
            items.push(item);
        }
    }
    items
}

/// What stands between the brackets, separated by commas.
pub(super) fn metas(list: &MetaList, ctxt: &Ctxt) -> Vec<Meta> {
    match list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
        Ok(metas) => metas.into_iter().collect(),
        Err(error) => {
            ctxt.syn_error(error);
            Vec::new()
        }
    }
}

fn item(meta: Meta, known: &[&str], ctxt: &Ctxt) -> Option<Item> {
    let key = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
    if known.contains(&key.as_str()) {
        return Some(Item { key, meta });
    }
    let help = match nearest(&key, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known are {}", quoted(known)),
    };
    ctxt.error_help(meta.path(), format!("unknown key `{}`", path_text(&meta)), help);
    None
}

fn path_text(meta: &Meta) -> String {
    let segments: Vec<_> =
        meta.path().segments.iter().map(|segment| segment.ident.to_string()).collect();
    segments.join("::")
}

/// Names in back quotes, separated by commas.
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Item {
    /// A key that stands alone: `unique`.
    pub(super) fn flag(&self, ctxt: &Ctxt) -> bool {
        let alone = matches!(self.meta, Meta::Path(_));
        if !alone {
            ctxt.error_help(
                &self.meta,
                format!("`{}` takes no value", self.key),
                format!("write just `{}`", self.key),
            );
        }
        alone
    }

    /// A key that stands alone for `true`, or has `true` or `false` behind `=`.
    pub(super) fn switch(&self, ctxt: &Ctxt) -> Option<bool> {
        let value = match &self.meta {
            Meta::Path(_) => return Some(true),
            Meta::NameValue(pair) => Some(&pair.value),
            Meta::List(_) => None,
        };
        match value {
            Some(Expr::Lit(ExprLit { lit: Lit::Bool(value), .. })) => Some(value.value),
            _ => {
                ctxt.error_help(
                    &self.meta,
                    format!("`{}` is on or off", self.key),
                    format!("write `{} = true` or `{} = false`", self.key, self.key),
                );
                None
            }
        }
    }

    /// The value behind `=`.
    pub(super) fn value(&self, ctxt: &Ctxt) -> Option<&Expr> {
        match &self.meta {
            Meta::NameValue(pair) => Some(&pair.value),
            Meta::Path(_) | Meta::List(_) => {
                ctxt.error_help(
                    &self.meta,
                    format!("`{}` needs a value", self.key),
                    format!("write `{} = ..`", self.key),
                );
                None
            }
        }
    }

    /// The brackets behind the key.
    pub(super) fn list(&self, ctxt: &Ctxt) -> Option<&MetaList> {
        match &self.meta {
            Meta::List(list) => Some(list),
            Meta::Path(_) | Meta::NameValue(_) => {
                ctxt.error_help(
                    &self.meta,
                    format!("`{}` takes a list", self.key),
                    format!("write `{}(..)`", self.key),
                );
                None
            }
        }
    }

    /// A string behind `=`.
    pub(super) fn string(&self, ctxt: &Ctxt) -> Option<LitStr> {
        let value = self.value(ctxt)?;
        match string_literal(value) {
            Some(text) => Some(text.clone()),
            None => {
                ctxt.error_help(
                    value,
                    format!("`{}` is a string", self.key),
                    format!("write `{} = \"..\"`", self.key),
                );
                None
            }
        }
    }

    /// A name behind `=`, as a string.
    pub(super) fn name(&self, ctxt: &Ctxt) -> Option<Ident> {
        let text = self.string(ctxt)?;
        checked(&text, text.value(), ctxt)
    }
}

/// The name of something that Postgres brings along: in `pg_catalog`, unless a schema is named. Locales of
/// operating systems have a full stop too: `en_US.utf8`, `C.UTF-8`.
pub(super) fn catalog_name(text: &LitStr, ctxt: &Ctxt) -> Option<QualifiedName> {
    let value = text.value();
    let parts = value.split_once('.').filter(|(first, _)| !is_locale(first));
    let (schema, name) = parts.unwrap_or(("pg_catalog", &value));
    let schema = checked(text, schema.to_owned(), ctxt)?;
    Some(QualifiedName::new(schema, checked(text, name.to_owned(), ctxt)?))
}

/// Whether a name is a language and a country, or none of either.
fn is_locale(name: &str) -> bool {
    let of_country = |(language, country): (&str, &str)| {
        matches!(language.len(), 2 | 3)
            && language.chars().all(|c| c.is_ascii_lowercase())
            && country.len() == 2
            && country.chars().all(|c| c.is_ascii_uppercase())
    };
    ["C", "POSIX"].contains(&name) || name.split_once('_').is_some_and(of_country)
}

/// A string literal, if the expression is one.
pub(super) fn string_literal(expr: &Expr) -> Option<&LitStr> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
        _ => None,
    }
}

/// The text in `sql("..")`, if the expression is that.
pub(super) fn sql_literal(expr: &Expr) -> Option<&LitStr> {
    let Expr::Call(call) = expr else { return None };
    let called = path_name(&call.func).is_some_and(|name| name == "sql");
    call.args.first().filter(|_| called && call.args.len() == 1).and_then(string_literal)
}

/// A text as a name that Postgres can store.
pub(super) fn checked(tokens: impl quote::ToTokens, text: String, ctxt: &Ctxt) -> Option<Ident> {
    Ident::new(text).map_err(|error| ctxt.error(tokens, error.to_string())).ok()
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use syn::LitStr;

    use super::{Ctxt, catalog_name};

    #[test]
    fn the_full_stop_of_a_locale_is_part_of_its_name() {
        for (text, schema, name) in [
            ("C", "pg_catalog", "C"),
            ("C.UTF-8", "pg_catalog", "C.UTF-8"),
            ("en_US.utf8", "pg_catalog", "en_US.utf8"),
            ("pg_catalog.en_US.utf8", "pg_catalog", "en_US.utf8"),
            ("public.names", "public", "names"),
            ("en_us.names", "en_us", "names"),
        ] {
            let ctxt = Ctxt::new();
            let read = catalog_name(&LitStr::new(text, Span::call_site()), &ctxt);
            let read = read.map(|it| (it.schema.to_string(), it.name.to_string()));
            assert_eq!(read, Some((schema.to_owned(), name.to_owned())), "{text}");
            assert!(ctxt.into_diagnostics().is_empty());
        }
    }
}
