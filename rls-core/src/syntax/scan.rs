//! Crate roots → declarations, by following `mod`. Nothing is compiled, so it works in `build.rs`
//! and on code that does not build yet; what only the compiler could know is an error.

mod files;
mod items;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Attribute, DeriveInput, Item, ItemMod};

use self::files::{module_directory, path_attribute, root_directory, unpaired, unseen};
pub use super::cfg::Features;
use super::cfg::{self, Verdict};
use super::derives::predicate_attribute;
use super::found::Predicates;
use super::places::source_error;
use super::typed::Pending;
pub use super::typed::ScannedType;
use super::{Ctxt, Diagnostic};
use crate::model::{DeclaredFunction, DeclaredSequence, DeclaredTable, DeclaredView, Schema};
use crate::provider::Settings;
use crate::resolve::Part;

/// Everything that was declared in the files read.
#[derive(Default)]
pub struct Scan {
    /// The tables, in the order of the files.
    pub tables: Vec<Scanned>,
    /// The sequences.
    pub sequences: Vec<ScannedObject<DeclaredSequence>>,
    /// The enums, domains, composite types and newtypes.
    pub types: Vec<ScannedType>,
    /// The functions.
    pub functions: Vec<ScannedObject<DeclaredFunction>>,
    /// The views.
    pub views: Vec<ScannedObject<DeclaredView>>,
    /// The mistakes in them.
    pub errors: Vec<SourceError>,
    /// The text of every file read.
    pub sources: BTreeMap<PathBuf, String>,
    /// The named predicates.
    pub(super) predicates: Predicates,
    /// The fields whose types are yet to be looked up.
    pub(super) pending: Vec<Pending>,
    /// The names of types that have a mistake, which is told once.
    pub(super) mistaken_types: BTreeSet<String>,
    /// The types that are made of something unknown.
    pub(super) broken_types: BTreeSet<usize>,
    /// The files read, whatever they were called on the way.
    visited: BTreeSet<PathBuf>,
}

/// A table and where it was declared.
pub struct Scanned {
    /// The file.
    pub path: PathBuf,
    /// The table.
    pub table: DeclaredTable,
    /// The `sql("..")` in it, with the bytes that each covers.
    pub raw: Vec<(String, Range<usize>)>,
    /// Where each part stands.
    pub(super) places: BTreeMap<Part, Range<usize>>,
}

/// Something beside tables and where it was declared.
pub struct ScannedObject<T> {
    /// The file.
    pub path: PathBuf,
    /// The bytes of its name.
    pub range: Range<usize>,
    /// What was declared.
    pub declared: T,
}

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// The file.
    pub path: PathBuf,
    /// The bytes at fault.
    pub range: Range<usize>,
    /// Where they begin: line and column, counted from 1, the column in characters.
    pub line: usize,
    /// See `line`.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SourceError { path, line, column, message, help, range: _ } = self;
        write!(f, "{}:{line}:{column}: {message}", path.display())?;
        help.iter().try_for_each(|help| write!(f, "; {help}"))
    }
}

impl std::error::Error for SourceError {}

/// Reads the files at `roots` and every module that they bring in.
pub fn scan(roots: &[PathBuf], features: &Features) -> Scan {
    let mut scan = Scan::default();
    for root in roots {
        File::read(root, root_directory(root), features, None, &mut scan);
    }
    scan.fill_in_types();
    scan.fill_in_predicates();
    scan
}

/// Reads the declarations at `roots` and puts them together: what a `build.rs` calls.
///
/// # Errors
/// Every mistake in every file.
pub fn schema(
    roots: &[PathBuf],
    features: &Features,
    settings: &Settings,
) -> Result<Schema, Vec<SourceError>> {
    scan(roots, features).schema(settings)
}

/// The file being read.
struct File<'a> {
    path: PathBuf,
    /// Where the files of its modules are.
    directory: PathBuf,
    /// How deep in inline modules we are.
    inline: usize,
    /// A condition on the way here that only the compiler can decide, and the file that has it.
    doubt: Option<Doubt>,
    /// The bytes that `syn` does not see: a first line for the shell.
    offset: usize,
    features: &'a Features,
    scan: &'a mut Scan,
}

#[derive(Clone)]
struct Doubt {
    path: PathBuf,
    range: Range<usize>,
    condition: String,
}

impl<'a> File<'a> {
    fn read(
        path: &Path,
        directory: PathBuf,
        features: &'a Features,
        doubt: Option<Doubt>,
        scan: &'a mut Scan,
    ) {
        let identity = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if !scan.visited.insert(identity) {
            return;
        }
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text),
            Err(error) => {
                let message = format!("cannot read the file: {error}");
                scan.errors.push(source_error(&scan.sources, path.to_owned(), 0..0, message, None));
                return;
            }
        };
        let offset = unseen(&text);
        let parsed = syn::parse_file(&text[offset..]);
        let unpaired = parsed.as_ref().err().and_then(|_| unpaired(&text[offset..]));
        scan.sources.insert(path.to_owned(), text);
        let mut file =
            File { path: path.to_owned(), directory, inline: 0, doubt, offset, features, scan };
        match parsed {
            Ok(parsed) => match cfg::verdict(&parsed.attrs, features) {
                Verdict::No => {}
                Verdict::Yes => file.visit_file(&parsed),
                Verdict::Doubt(attr) => {
                    file.doubt = Some(file.doubt_at(&attr));
                    file.visit_file(&parsed);
                }
            },
            Err(error) => {
                let ctxt = Ctxt::new();
                ctxt.syn_error(unpaired.unwrap_or(error));
                file.report(ctxt);
            }
        }
    }

    fn report(&mut self, ctxt: Ctxt) {
        for Diagnostic { start, end, message, help } in ctxt.into_diagnostics() {
            let range = start.byte_range().start + self.offset..end.byte_range().end + self.offset;
            let error = source_error(&self.scan.sources, self.path.clone(), range, message, help);
            self.scan.errors.push(error);
        }
    }

    fn error(&mut self, at: impl ToTokens, message: &str, help: &str) {
        let ctxt = Ctxt::new();
        ctxt.error_help(at, message, help);
        self.report(ctxt);
    }

    fn doubt_at(&self, attr: &Attribute) -> Doubt {
        Doubt {
            path: self.path.clone(),
            range: byte_range(attr.to_token_stream(), self.offset),
            condition: attr.to_token_stream().to_string().replace(' ', ""),
        }
    }

    /// An item under its own conditions.
    fn item(&mut self, item: &Item, attrs: &[Attribute]) {
        match cfg::verdict(attrs, self.features) {
            Verdict::No => {}
            Verdict::Yes => self.known_item(item),
            Verdict::Doubt(attr) => {
                let doubt = self.doubt_at(&attr);
                let outer = self.doubt.replace(doubt);
                self.known_item(item);
                self.doubt = outer;
            }
        }
    }

    fn known_item(&mut self, item: &Item) {
        match item {
            Item::Mod(module) => self.module(module),
            Item::Struct(item) => self.table(DeriveInput::from(item.clone())),
            Item::Enum(item) => self.table(DeriveInput::from(item.clone())),
            Item::Union(item) => self.table(DeriveInput::from(item.clone())),
            Item::Fn(item) if predicate_attribute(&item.attrs).is_some() => self.predicate(item),
            Item::Macro(item) if item.mac.path.is_ident("include") => self.include(&item.mac),
            other => visit::visit_item(self, other),
        }
    }

    fn module(&mut self, module: &ItemMod) {
        let name = module.ident.to_string();
        let name = name.strip_prefix("r#").unwrap_or(&name);
        if module.content.is_some() {
            let outer = std::mem::replace(&mut self.directory, PathBuf::new());
            self.directory = outer.join(name);
            self.inline += 1;
            visit::visit_item_mod(self, module);
            self.inline -= 1;
            self.directory = outer;
            return;
        }
        let attrs = match cfg::expand(&module.attrs, self.features) {
            Ok(attrs) => attrs,
            Err(attr) => return self.undecidable(&attr),
        };
        let candidates = match path_attribute(&attrs) {
            // Beside the file, or, in an inline module, where that module's files would be.
            Some(path) if self.inline == 0 => {
                vec![self.path.parent().unwrap_or(Path::new("")).join(path)]
            }
            Some(path) => vec![self.directory.join(path)],
            None => vec![
                self.directory.join(format!("{name}.rs")),
                self.directory.join(name).join("mod.rs"),
            ],
        };
        match candidates.iter().find(|path| path.is_file()) {
            Some(path) => {
                let directory = module_directory(path);
                File::read(path, directory, self.features, self.doubt.clone(), self.scan);
            }
            // What is perhaps not compiled may be missing.
            None if self.doubt.is_some() => {}
            None => self.error(
                &module.ident,
                &format!("there is no file for the module `{name}`"),
                &format!(
                    "looked for {}",
                    candidates
                        .iter()
                        .map(|path| path.display().to_string())
                        .collect::<Vec<_>>()
                        .join(" and ")
                ),
            ),
        }
    }

    /// A file that stands where its name does. What a build script makes, under a path that is put
    /// together, is not there to be read.
    fn include(&mut self, mac: &syn::Macro) {
        let Ok(name) = mac.parse_body::<syn::LitStr>() else { return };
        let path = self.path.parent().unwrap_or(Path::new("")).join(name.value());
        let directory = self.directory.clone();
        File::read(&path, directory, self.features, self.doubt.clone(), self.scan);
    }

    fn undecidable(&mut self, attr: &Attribute) {
        self.error(
            attr,
            "whether this holds is known to the compiler only",
            "use `cfg(feature = \"..\")`, which rls.toml can set",
        );
    }
}

impl<'ast> Visit<'ast> for File<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        self.item(item, attributes(item));
    }

    /// A table in a macro cannot be seen, and a table that is missed is a hole.
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let text: String = mac.tokens.to_string().split_whitespace().collect();
        let mut derives = text.split("derive(").skip(1);
        let derives_table = |list: &str| {
            list.split(')')
                .next()
                .is_some_and(|list| list.split([',', ':']).any(|name| name == "Table"))
        };
        if text.contains("#[rls(") || derives.any(derives_table) {
            self.error(
                &mac.path,
                "a table inside a macro cannot be read from source",
                "declare it outside of the macro",
            );
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        _ => &[],
    }
}

pub(super) fn byte_range(tokens: TokenStream, offset: usize) -> Range<usize> {
    let mut spans = tokens.into_iter().map(|token| token.span());
    let Some(first) = spans.next() else { return 0..0 };
    let last = spans.last().unwrap_or(first);
    first.byte_range().start + offset..last.byte_range().end + offset
}
