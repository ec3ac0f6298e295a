//! Keys, constraints and indexes as declared: their keys understood, their expressions still Rust.

use syn::punctuated::Punctuated;
use syn::{Expr, Meta, Token};

use super::Ctxt;
use super::attr::{self, Item};
use super::comment::comment;
use super::decl::{path_name, plain_name};
use super::references::{References, references};
use crate::model::{Deferral, Ident, Sql};

/// `unique(columns = [a, b])`, and on a field `unique(..)` without columns.
pub(super) struct UniqueDecl {
    pub(super) meta: Meta,
    pub(super) name: Option<Ident>,
    pub(super) comment: Option<String>,
    pub(super) columns: Vec<Expr>,
    pub(super) include: Vec<Expr>,
    pub(super) nulls_not_distinct: bool,
    pub(super) deferral: Deferral,
}

/// `check = expr`, or with a name `check(name = "..", expr = ..)`.
pub(super) struct CheckDecl {
    pub(super) meta: Meta,
    pub(super) name: Option<Ident>,
    pub(super) comment: Option<String>,
    pub(super) expr: Expr,
    pub(super) no_inherit: bool,
    pub(super) not_valid: bool,
}

/// `foreign_key(columns = [a, b], references = t(c, d), ..)`.
pub(super) struct ForeignKeyDecl {
    pub(super) references: References,
}

/// `index(columns = [a, desc(b)], ..)`, and on a field `index(..)` without columns.
pub(super) struct IndexDecl {
    pub(super) meta: Meta,
    pub(super) name: Option<Ident>,
    pub(super) comment: Option<String>,
    pub(super) keys: Vec<Expr>,
    pub(super) method: Option<Ident>,
    pub(super) unique: bool,
    pub(super) nulls_not_distinct: bool,
    pub(super) include: Vec<Expr>,
    pub(super) predicate: Option<Expr>,
    pub(super) with: Vec<(String, String)>,
}

/// `exclude(elements = [(during, "&&")], ..)`.
pub(super) struct ExclusionDecl {
    pub(super) meta: Meta,
    pub(super) name: Option<Ident>,
    pub(super) comment: Option<String>,
    pub(super) method: Option<Ident>,
    pub(super) elements: Vec<(Expr, Sql)>,
    pub(super) include: Vec<Expr>,
    pub(super) predicate: Option<Expr>,
    pub(super) deferral: Deferral,
}

const UNIQUE_KEYS: &[&str] = &[
    "columns",
    "name",
    "comment",
    "include",
    "nulls_not_distinct",
    "deferrable",
    "initially_deferred",
];
const CHECK_KEYS: &[&str] = &["expr", "name", "comment", "no_inherit", "not_valid"];
const INDEX_KEYS: &[&str] = &[
    "columns",
    "name",
    "comment",
    "method",
    "unique",
    "nulls_not_distinct",
    "include",
    "predicate",
    "with",
    "class",
];
const EXCLUDE_KEYS: &[&str] = &[
    "elements",
    "name",
    "comment",
    "method",
    "include",
    "predicate",
    "deferrable",
    "initially_deferred",
];

/// A key or a UNIQUE constraint. `own` is the field that it stands on, if it does.
pub(super) fn unique(item: &Item, own: Option<&syn::Ident>, ctxt: &Ctxt) -> Option<UniqueDecl> {
    let before = ctxt.count();
    let items = match (&item.meta, own) {
        (Meta::Path(_), Some(_)) => Vec::new(),
        _ => attr::nested(item.list(ctxt)?, UNIQUE_KEYS, ctxt),
    };
    let read = Read { items: &items, ctxt, complete: ctxt.count() == before };
    Some(UniqueDecl {
        meta: item.meta.clone(),
        name: read.name("name"),
        comment: read.comment(),
        columns: read.columns_or(own, item)?,
        include: read.columns("include"),
        nulls_not_distinct: read.switch("nulls_not_distinct"),
        deferral: deferral(&items, ctxt),
    })
}

pub(super) fn check(item: &Item, ctxt: &Ctxt) -> Option<CheckDecl> {
    let meta = item.meta.clone();
    if let Meta::NameValue(pair) = &item.meta {
        let expr = pair.value.clone();
        return Some(CheckDecl {
            meta,
            name: None,
            comment: None,
            expr,
            no_inherit: false,
            not_valid: false,
        });
    }
    let before = ctxt.count();
    let items = attr::nested(item.list(ctxt)?, CHECK_KEYS, ctxt);
    let read = Read { items: &items, ctxt, complete: true };
    let Some(expr) = read.find("expr") else {
        if ctxt.count() == before {
            let help = "write `check = price > 0` or `check(name = \"..\", expr = price > 0)`";
            ctxt.error_help(&item.meta, "`check` does not say what has to hold", help);
        }
        return None;
    };
    Some(CheckDecl {
        meta,
        name: read.name("name"),
        comment: read.comment(),
        expr: expr.value(ctxt)?.clone(),
        no_inherit: read.switch("no_inherit"),
        not_valid: read.switch("not_valid"),
    })
}

pub(super) fn foreign_key(item: &Item, schema: &Ident, ctxt: &Ctxt) -> Option<ForeignKeyDecl> {
    let references = references(item, schema, true, ctxt)?;
    if references.columns.is_empty() {
        let help = "write `foreign_key(columns = [a, b], references = table(c, d))`";
        ctxt.error_help(&item.meta, "`foreign_key` does not say of which columns", help);
        return None;
    }
    Some(ForeignKeyDecl { references })
}

pub(super) fn index(item: &Item, own: Option<&syn::Ident>, ctxt: &Ctxt) -> Option<IndexDecl> {
    let before = ctxt.count();
    let items = match (&item.meta, own) {
        (Meta::Path(_), Some(_)) => Vec::new(),
        _ => attr::nested(item.list(ctxt)?, INDEX_KEYS, ctxt),
    };
    let read = Read { items: &items, ctxt, complete: ctxt.count() == before };
    let mut keys = read.columns_or(own, item)?;
    if let (Some(class), [key]) = (read.find("class"), keys.as_mut_slice()) {
        let text = class.string(ctxt)?;
        *key = syn::parse_quote!(class(#key, #text));
    }
    Some(IndexDecl {
        meta: item.meta.clone(),
        name: read.name("name"),
        comment: read.comment(),
        keys,
        method: read.word("method"),
        unique: read.switch("unique"),
        nulls_not_distinct: read.switch("nulls_not_distinct"),
        include: read.columns("include"),
        predicate: read.find("predicate").and_then(|item| item.value(ctxt)).cloned(),
        with: read.find("with").map(|item| parameters(item, ctxt)).unwrap_or_default(),
    })
}

pub(super) fn exclusion(item: &Item, ctxt: &Ctxt) -> Option<ExclusionDecl> {
    const HELP: &str = "write `elements = [(room_id, \"=\"), (during, \"&&\")]`";
    let items = attr::nested(item.list(ctxt)?, EXCLUDE_KEYS, ctxt);
    let read = Read { items: &items, ctxt, complete: true };
    let mut elements = Vec::new();
    for element in read.columns("elements") {
        let Expr::Tuple(pair) = &element else {
            ctxt.error_help(&element, "this is not a value and an operator", HELP);
            continue;
        };
        let parts: Vec<_> = pair.elems.iter().collect();
        match parts.as_slice() {
            [value, operator] => match attr::string_literal(operator) {
                Some(text) if is_operator(&text.value()) => {
                    elements.push(((*value).clone(), Sql::new(text.value())));
                }
                _ => ctxt.error_help(operator, "this is not an operator", HELP),
            },
            _ => ctxt.error_help(&element, "this is not a value and an operator", HELP),
        }
    }
    if elements.is_empty() {
        if read.find("elements").is_none() {
            ctxt.error_help(&item.meta, "`exclude` does not say what is compared", HELP);
        }
        return None;
    }
    Some(ExclusionDecl {
        meta: item.meta.clone(),
        name: read.name("name"),
        comment: read.comment(),
        method: read.word("method"),
        elements,
        include: read.columns("include"),
        predicate: read.find("predicate").and_then(|item| item.value(ctxt)).cloned(),
        deferral: deferral(&items, ctxt),
    })
}

/// Nothing that could end the constraint. Source: Postgres manual, `CREATE OPERATOR`.
fn is_operator(text: &str) -> bool {
    let plain = |text: &str| {
        !text.is_empty()
            && text.chars().all(|c| "+-*/<>=~!@#%^&|`?".contains(c))
            && !text.contains("--")
            && !text.contains("/*")
    };
    let qualified = text.strip_prefix("OPERATOR(").and_then(|rest| rest.strip_suffix(')'));
    let word = |name: &str| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    plain(text)
        || qualified
            .and_then(|inside| inside.split_once('.'))
            .is_some_and(|(schema, operator)| word(schema) && plain(operator))
}

/// `deferrable` and `initially_deferred`, which includes it.
pub(super) fn deferral(items: &[Item], ctxt: &Ctxt) -> Deferral {
    let read = Read { items, ctxt, complete: true };
    match (read.switch("deferrable"), read.switch("initially_deferred")) {
        (_, true) => Deferral::InitiallyDeferred,
        (true, false) => Deferral::InitiallyImmediate,
        (false, false) => Deferral::Never,
    }
}

/// `with(fillfactor = 70)`.
fn parameters(item: &Item, ctxt: &Ctxt) -> Vec<(String, String)> {
    let Some(list) = item.list(ctxt) else { return Vec::new() };
    let mut all = Vec::new();
    for meta in attr::metas(list, ctxt) {
        let value = match &meta {
            Meta::NameValue(pair) => self::value(&pair.value),
            Meta::Path(_) | Meta::List(_) => None,
        };
        match (meta.path().get_ident(), value) {
            (Some(name), Some(value)) => all.push((name.to_string(), value)),
            _ => {
                let help = "write `with(fillfactor = 70)`";
                ctxt.error_help(&meta, "this is not a storage parameter", help);
            }
        }
    }
    all
}

/// The value of a parameter: a string, a whole number, `true`, `false` or a word.
pub(super) fn value(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            syn::Lit::Str(text) => Some(text.value()),
            syn::Lit::Int(number) => Some(number.base10_digits().to_owned()),
            syn::Lit::Bool(value) => Some(value.value.to_string()),
            _ => None,
        },
        value => path_name(value),
    }
}

/// The items of one declaration.
pub(super) struct Read<'a> {
    pub(super) items: &'a [Item],
    pub(super) ctxt: &'a Ctxt,
    /// Whether no key was misspelt: such a one is not missing too.
    pub(super) complete: bool,
}

impl<'a> Read<'a> {
    pub(super) fn find(&self, key: &str) -> Option<&'a Item> {
        self.items.iter().find(|item| item.key == key)
    }

    pub(super) fn switch(&self, key: &str) -> bool {
        self.find(key).and_then(|item| item.switch(self.ctxt)).unwrap_or_default()
    }

    pub(super) fn name(&self, key: &str) -> Option<Ident> {
        self.find(key).and_then(|item| item.name(self.ctxt))
    }

    /// What is said about it; an empty text is none.
    pub(super) fn comment(&self) -> Option<String> {
        comment(&[], Some(self.find("comment")?), self.ctxt)
    }

    /// A name that may stand without quotes: `method = gin`.
    fn word(&self, key: &str) -> Option<Ident> {
        let value = self.find(key)?.value(self.ctxt)?;
        match plain_name(value) {
            Some(name) => attr::checked(value, name, self.ctxt),
            None => {
                self.ctxt.error_help(value, "this is not a name", format!("write `{key} = gin`"));
                None
            }
        }
    }

    /// A list in square brackets; an empty one where the key is not there.
    pub(super) fn columns(&self, key: &str) -> Vec<Expr> {
        let Some(value) = self.find(key).and_then(|item| item.value(self.ctxt)) else {
            return Vec::new();
        };
        match value {
            Expr::Array(array) if !array.elems.is_empty() => array.elems.iter().cloned().collect(),
            _ => {
                let help = format!("write `{key} = [a, b]`");
                self.ctxt.error_help(value, format!("`{key}` is a list"), help);
                Vec::new()
            }
        }
    }

    /// The columns, or the field that the declaration stands on.
    fn columns_or(&self, own: Option<&syn::Ident>, item: &Item) -> Option<Vec<Expr>> {
        match (own, self.find("columns")) {
            (Some(own), None) => Some(vec![syn::parse_quote!(#own)]),
            (Some(_), Some(columns)) => {
                let help = "take them away, or write it all on the struct";
                self.ctxt.error_help(&columns.meta, "on a field, the columns are that field", help);
                None
            }
            (None, Some(_)) => Some(self.columns("columns")).filter(|columns| !columns.is_empty()),
            (None, None) if !self.complete => None,
            (None, None) => {
                let help = format!("write `{}(columns = [a, b])`", item.key);
                let message = format!("`{}` does not say of which columns", item.key);
                self.ctxt.error_help(&item.meta, message, help);
                None
            }
        }
    }
}

/// The parts of a bracketed list that are no key: `references(users(id), on_delete = cascade)`.
pub(super) fn first_of(list: &syn::MetaList, ctxt: &Ctxt) -> Option<(Expr, Vec<Meta>)> {
    struct Listed(Expr, Punctuated<Meta, Token![,]>);
    impl syn::parse::Parse for Listed {
        fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
            let first = input.parse()?;
            input.parse::<Option<Token![,]>>()?;
            Ok(Listed(first, Punctuated::parse_terminated(input)?))
        }
    }
    let Listed(first, rest) = list.parse_args().map_err(|error| ctxt.syn_error(error)).ok()?;
    Some((first, rest.into_iter().collect()))
}
