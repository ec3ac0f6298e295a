//! Crate roots → declarations, by following `mod`. Nothing is compiled, so it works in `build.rs`
//! and on code that does not build yet; what only the compiler could know is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{Attribute, DeriveInput, Expr, ExprLit, Item, ItemFn, ItemMod, Lit, Meta};

pub use super::cfg::Features;
use super::cfg::{self, Verdict};
use super::derives::{derives, predicate_attribute, rls_attribute};
use super::found::Predicates;
use super::places::source_error;
use super::typed::Pending;
pub use super::typed::ScannedType;
use super::{
    Ctxt, Diagnostic, LoweredType, lower, lower_enum, lower_function, lower_predicate,
    lower_sequence, lower_type, parameters,
};
use crate::model::{DeclaredFunction, DeclaredSequence, DeclaredTable, Schema};
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

    /// `#[predicate] fn ..`, under conditions that can be decided.
    fn predicate(&mut self, input: &ItemFn) {
        if let Some(Doubt { path, range, condition }) = self.doubt.clone() {
            let message = format!(
                "whether the predicate `{}` exists depends on `{condition}`",
                input.sig.ident
            );
            let help = Some("only `cfg(feature = \"..\")` can stand on the way to it".to_owned());
            let error = source_error(&self.scan.sources, path, range, message, help);
            self.scan.errors.push(error);
            return;
        }
        let ctxt = Ctxt::new();
        let lowered = lower_predicate(input, &ctxt);
        self.report(ctxt);
        if let Some(lowered) = lowered {
            let places = lowered.places.into_iter();
            let places = places.map(|tokens| byte_range(tokens, self.offset)).collect();
            let twice = self.scan.predicates.add(lowered.predicate, self.path.clone(), places);
            if twice {
                self.error(
                    &input.sig.ident,
                    "a predicate of this name is declared already",
                    "give one of the two another name",
                );
            }
        } else if let Some(parameters) = parameters(input) {
            self.scan.predicates.add_broken(input.sig.ident.unraw().to_string(), parameters);
        }
    }

    fn table(&mut self, mut input: DeriveInput) {
        input.attrs = match cfg::expand(&input.attrs, self.features) {
            Ok(attrs) => attrs,
            Err(attr) => return self.undecidable(&attr),
        };
        let rls = rls_attribute(&input).cloned();
        if derives("Sequence", &input.attrs, rls.is_some()) {
            let found = self.object(&input, lower_sequence);
            return self.scan.sequences.extend(found);
        }
        if derives("Function", &input.attrs, rls.is_some()) {
            let found = self.object(&input, lower_function);
            return self.scan.functions.extend(found);
        }
        for (derive, lower) in [("PgEnum", lower_enum as Lower), ("PgType", lower_type)] {
            if derives(derive, &input.attrs, rls.is_some()) {
                return self.user_type(&mut input, lower);
            }
        }
        if !derives("Table", &input.attrs, rls.is_some()) {
            if let Some(attr) = rls {
                self.error(
                    attr,
                    "`#[rls(..)]` without `#[derive(Table)]` declares nothing",
                    "derive `Table`, by that name",
                );
            }
            return;
        }
        if let Some(Doubt { path, range, condition }) = self.doubt.clone() {
            let message =
                format!("whether the table of `{}` exists depends on `{condition}`", input.ident);
            let help = "only `cfg(feature = \"..\")` can stand on the way to a table";
            self.scan.errors.push(source_error(
                &self.scan.sources,
                path,
                range,
                message,
                Some(help.to_owned()),
            ));
            return;
        }
        if let Err(attr) = cfg::strip_fields(&mut input, self.features) {
            return self.undecidable(&attr);
        }
        let ctxt = Ctxt::new();
        let lowered = lower(&input, &ctxt);
        self.report(ctxt);
        if let Some(lowered) = lowered {
            let offset = self.offset;
            let table = self.scan.tables.len();
            let pending = lowered.declared.into_iter().map(|(field, ty)| {
                let range = byte_range(ty.ty.to_token_stream(), offset);
                Pending { table, field, ty, range }
            });
            self.scan.pending.extend(pending);
            self.scan.tables.push(Scanned {
                path: self.path.clone(),
                table: lowered.table,
                raw: lowered
                    .raw
                    .iter()
                    .map(|text| (text.value(), byte_range(text.to_token_stream(), offset)))
                    .collect(),
                places: lowered
                    .places
                    .into_iter()
                    .map(|(part, tokens)| (part, byte_range(tokens, offset)))
                    .collect(),
            });
        }
    }
}

impl File<'_> {
    /// `#[derive(Sequence)] struct ..;` and the like, under conditions that can be decided.
    fn object<T>(
        &mut self,
        input: &DeriveInput,
        lower: impl Fn(&DeriveInput, &Ctxt) -> Option<T>,
    ) -> Option<ScannedObject<T>> {
        if let Some(Doubt { path, range, condition }) = self.doubt.clone() {
            let message = format!("whether `{}` exists depends on `{condition}`", input.ident);
            let help = Some("only `cfg(feature = \"..\")` can stand on the way to it".to_owned());
            let error = source_error(&self.scan.sources, path, range, message, help);
            self.scan.errors.push(error);
            return None;
        }
        let ctxt = Ctxt::new();
        let lowered = lower(input, &ctxt);
        self.report(ctxt);
        let range = byte_range(input.ident.to_token_stream(), self.offset);
        let path = self.path.clone();
        lowered.map(|declared| ScannedObject { path, range, declared })
    }
}

/// How an item that derives a type is read.
type Lower = fn(&DeriveInput, &Ctxt) -> Option<LoweredType>;

impl File<'_> {
    /// `#[derive(PgEnum)] enum ..` and `#[derive(PgType)] struct ..`
    fn user_type(&mut self, input: &mut DeriveInput, lower: Lower) {
        if let Some(Doubt { path, range, condition }) = self.doubt.clone() {
            let message = format!("whether `{}` exists depends on `{condition}`", input.ident);
            let help = Some("only `cfg(feature = \"..\")` can stand on the way to it".to_owned());
            let error = source_error(&self.scan.sources, path, range, message, help);
            return self.scan.errors.push(error);
        }
        if let Err(attr) = cfg::strip_fields(input, self.features) {
            return self.undecidable(&attr);
        }
        let ctxt = Ctxt::new();
        let lowered = lower(input, &ctxt);
        self.report(ctxt);
        let range = byte_range(input.ident.to_token_stream(), self.offset);
        let (path, offset) = (self.path.clone(), self.offset);
        let found =
            lowered.map(|lowered| ScannedType { path, range, lowered, offset, typed: None });
        if found.is_none() {
            self.scan.mistaken_types.insert(input.ident.unraw().to_string());
        }
        self.scan.types.extend(found);
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

fn path_attribute(attrs: &[Attribute]) -> Option<String> {
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
fn root_directory(root: &Path) -> PathBuf {
    let crate_root = root.file_stem().is_some_and(|stem| stem == "lib" || stem == "main");
    let module = module_directory(root);
    if !crate_root && module.is_dir() {
        module
    } else {
        root.parent().unwrap_or(Path::new("")).to_owned()
    }
}

/// The modules of a crate root and of `mod.rs` are beside it, those of `a.rs` in `a/`.
fn module_directory(path: &Path) -> PathBuf {
    let parent = path.parent().unwrap_or(Path::new(""));
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod") | None => parent.to_owned(),
        Some(stem) => parent.join(stem),
    }
}

/// How many bytes `syn::parse_file` would skip, a first line for the shell: spans do not count it.
fn unseen(text: &str) -> usize {
    let shell = text.starts_with("#!") && !text[2..].trim_start().starts_with('[');
    if shell { text.find('\n').unwrap_or(text.len()) } else { 0 }
}

/// What keeps a text from being tokens at all, of which the parser says nothing that helps.
fn unpaired(text: &str) -> Option<syn::Error> {
    let error = text.parse::<TokenStream>().err()?;
    Some(syn::Error::new(error.span(), "a bracket or a quotation mark has no partner from here on"))
}

pub(super) fn byte_range(tokens: TokenStream, offset: usize) -> Range<usize> {
    let mut spans = tokens.into_iter().map(|token| token.span());
    let Some(first) = spans.next() else { return 0..0 };
    let last = spans.last().unwrap_or(first);
    first.byte_range().start + offset..last.byte_range().end + offset
}
