//! Where the files of modules are, and what of a file the parser does not see.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

pub(super) fn path_attribute(attrs: &[Attribute]) -> Option<String> {
    attrs.iter().find_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

/// The modules of a crate root are beside it; but a root that rls.toml names may be a module of the
/// crate, and then they are in the folder of its name.
pub(super) fn root_directory(root: &Path) -> PathBuf {
    let crate_root = root.file_stem().is_some_and(|stem| stem == "lib" || stem == "main");
    let module = module_directory(root);
    if !crate_root && module.is_dir() {
        module
    } else {
        root.parent().unwrap_or(Path::new("")).to_owned()
    }
}

/// The modules of a crate root and of `mod.rs` are beside it, those of `a.rs` in `a/`.
pub(super) fn module_directory(path: &Path) -> PathBuf {
    let parent = path.parent().unwrap_or(Path::new(""));
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod") | None => parent.to_owned(),
        Some(stem) => parent.join(stem),
    }
}

/// How many bytes `syn::parse_file` would skip, a first line for the shell: spans do not count it.
pub(super) fn unseen(text: &str) -> usize {
    let shell = text.starts_with("#!") && !text[2..].trim_start().starts_with('[');
    if shell { text.find('\n').unwrap_or(text.len()) } else { 0 }
}

/// What keeps a text from being tokens at all, of which the parser says nothing that helps.
pub(super) fn unpaired(text: &str) -> Option<syn::Error> {
    let error = text.parse::<TokenStream>().err()?;
    Some(syn::Error::new(error.span(), "a bracket or a quotation mark has no partner from here on"))
}
