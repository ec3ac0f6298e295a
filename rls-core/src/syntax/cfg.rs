//! Conditional compilation, as far as a reader of source can know it: features are given, tests are
//! not the program, and everything else is a doubt.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Fields, Lit, Meta, Token, parse_quote};

/// The features that a declaration is read with.
pub type Features = BTreeSet<String>;

/// Whether something is compiled in.
pub(super) enum Verdict {
    Yes,
    No,
    /// Only the compiler knows; the attribute that says so.
    Doubt(Box<Attribute>),
}

/// The verdict of all `#[cfg(..)]` among the attributes; `#[test]` counts as `#[cfg(test)]`.
pub(super) fn verdict(attrs: &[Attribute], features: &Features) -> Verdict {
    let attrs = match expand(attrs, features) {
        Ok(attrs) => attrs,
        Err(attr) => return Verdict::Doubt(attr),
    };
    let mut verdict = Verdict::Yes;
    for attr in &attrs {
        let known = if attr.path().is_ident("test") {
            Some(false)
        } else if attr.path().is_ident("cfg") {
            attr.parse_args::<Meta>().ok().and_then(|meta| evaluate(&meta, features))
        } else {
            continue;
        };
        match known {
            Some(true) => {}
            Some(false) => return Verdict::No,
            None => verdict = Verdict::Doubt(Box::new(attr.clone())),
        }
    }
    verdict
}

/// The attributes with every `#[cfg_attr(..)]` resolved, or the one that cannot be.
pub(super) fn expand(
    attrs: &[Attribute],
    features: &Features,
) -> Result<Vec<Attribute>, Box<Attribute>> {
    let mut expanded = Vec::new();
    for attr in attrs {
        if !attr.path().is_ident("cfg_attr") {
            expanded.push(attr.clone());
            continue;
        }
        let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
        let metas = attr.parse_args_with(parse).map_err(|_| Box::new(attr.clone()))?;
        let mut metas = metas.into_iter();
        let condition = metas.next().and_then(|meta| evaluate(&meta, features));
        let relevant = |meta: &Meta| {
            ["cfg", "cfg_attr", "derive", "path", "rls", "test"]
                .iter()
                .any(|name| meta.path().is_ident(name))
        };
        match condition {
            Some(true) => {
                let inner: Vec<Attribute> = metas.map(|meta| parse_quote!(#[#meta])).collect();
                expanded.extend(expand(&inner, features)?);
            }
            Some(false) => {}
            None if metas.any(|meta| relevant(&meta)) => return Err(Box::new(attr.clone())),
            None => {}
        }
    }
    Ok(expanded)
}

/// None where only the compiler knows.
fn evaluate(meta: &Meta, features: &Features) -> Option<bool> {
    match meta {
        Meta::Path(path) if path.is_ident("test") => Some(false),
        Meta::Path(path)
            if path.is_ident("doc") || path.is_ident("doctest") || path.is_ident("miri") =>
        {
            Some(false)
        }
        Meta::Path(path) if path.is_ident("true") => Some(true),
        Meta::Path(path) if path.is_ident("false") => Some(false),
        Meta::Path(_) => None,
        Meta::NameValue(pair) if pair.path.is_ident("feature") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => {
                Some(features.contains(&name.value()))
            }
            _ => None,
        },
        Meta::NameValue(_) => None,
        Meta::List(list) => {
            let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
            let inner = list.parse_args_with(parse).ok()?;
            let mut verdicts = inner.iter().map(|meta| evaluate(meta, features));
            if list.path.is_ident("all") {
                all(verdicts)
            } else if list.path.is_ident("any") {
                all(verdicts.map(|verdict| verdict.map(|known| !known))).map(|none| !none)
            } else if list.path.is_ident("not") {
                verdicts.next()?.map(|known| !known)
            } else {
                None
            }
        }
    }
}

/// One `false` decides, whatever the doubts.
fn all(verdicts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for verdict in verdicts {
        match verdict {
            Some(false) => return Some(false),
            Some(true) => {}
            None => all = None,
        }
    }
    all
}

/// The compiler takes away fields that are not compiled before a derive sees them, and variants too; so do we.
pub(super) fn strip_fields(
    input: &mut DeriveInput,
    features: &Features,
) -> Result<(), Box<Attribute>> {
    match &mut input.data {
        Data::Struct(data) => match &mut data.fields {
            Fields::Named(fields) => strip(&mut fields.named, |field| &mut field.attrs, features),
            Fields::Unnamed(_) | Fields::Unit => Ok(()),
        },
        Data::Enum(data) => strip(&mut data.variants, |variant| &mut variant.attrs, features),
        Data::Union(_) => Ok(()),
    }
}

fn strip<T>(
    items: &mut Punctuated<T, Token![,]>,
    attrs: impl Fn(&mut T) -> &mut Vec<Attribute>,
    features: &Features,
) -> Result<(), Box<Attribute>> {
    let mut kept = Punctuated::new();
    for mut item in std::mem::take(items) {
        match verdict(attrs(&mut item), features) {
            Verdict::No => continue,
            Verdict::Doubt(attr) => return Err(attr),
            Verdict::Yes => {}
        }
        *attrs(&mut item) = expand(attrs(&mut item), features)?;
        kept.push(item);
    }
    *items = kept;
    Ok(())
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::{Features, evaluate};

    #[test]
    fn features_decide_and_doubts_spread_only_where_they_matter() {
        let features = Features::from(["a".to_owned()]);
        let known = |meta| evaluate(&meta, &features);
        assert_eq!(known(parse_quote!(feature = "a")), Some(true));
        assert_eq!(known(parse_quote!(not(feature = "b"))), Some(true));
        assert_eq!(known(parse_quote!(any(unix, feature = "a"))), Some(true));
        assert_eq!(known(parse_quote!(all(unix, feature = "b"))), Some(false));
        assert_eq!(known(parse_quote!(all(unix, feature = "a"))), None);
        assert_eq!(known(parse_quote!(test)), Some(false));
        assert_eq!(known(parse_quote!(unix)), None);
    }
}
