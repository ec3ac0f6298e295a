//! Comments: what `///` says, as rustdoc reads it, or `comment = ".."` in its place.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use super::Ctxt;
use super::attr::Item;

/// The comment on a struct or a field. An empty one in `comment = ""` is none.
pub(super) fn comment(attrs: &[Attribute], said: Option<&Item>, ctxt: &Ctxt) -> Option<String> {
    let text = match said {
        Some(item) => item.string(ctxt)?.value(),
        None => documentation(attrs),
    };
    if text.contains('\0')
        && let Some(item) = said
    {
        ctxt.error(&item.meta, "a comment cannot hold a NUL byte");
    }
    Some(text).filter(|text| !text.is_empty())
}

/// The first paragraph of the documentation, which is what rustdoc shows of it in lists, on one line.
fn documentation(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter(|attr| attr.path().is_ident("doc")).filter_map(|attr| {
        let Meta::NameValue(pair) = &attr.meta else { return None };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
        Some(text.value())
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    // The stars that begin the lines of `/** .. */`.
    let lines = text.lines().map(|line| line.trim().trim_start_matches("* ").trim());
    let paragraph = lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty());
    paragraph.collect::<Vec<_>>().join(" ").replace('\0', "")
}
