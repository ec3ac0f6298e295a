//! `#[derive(PgEnum)]` and `#[derive(PgType)]`: enums, domains, composite types and newtypes.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Variant};

use super::attr::{self, Item, checked, quoted};
use super::comment::comment;
use super::decl::{collation, column_type};
use super::owner::owner;
use super::predicate::{self, Parsed, Scope};
use super::rename::{self, Was, value_was};
use super::rust_type::{FieldType, RustType};
use super::{Ctxt, constraint, object};
use crate::model::{
    Attribute, BaseType, CASES, Case, Commented, Composite, DeclaredType, Domain, DomainCheck,
    EnumType, Expr, Ident, PgType, QualifiedName, Renames, TypeForm, UserType,
};
use crate::policy::link;
use crate::resolve::nearest;

/// An item that derives `PgEnum` or `PgType`.
pub struct LoweredType {
    /// Its name in Rust.
    pub rust_name: String,
    /// What it is in the database.
    pub form: LoweredForm,
}

/// What a Rust type is in the database.
pub enum LoweredForm {
    /// A type of its own.
    Own {
        /// The type, as far as it is known.
        declared: Box<DeclaredType>,
        /// Parts whose types are declared elsewhere: attributes by their place, or what a domain
        /// stands on.
        parts: Vec<(usize, RustType)>,
    },
    /// The type of its one field.
    Inner(PgType),
    /// The type of its one field, which is declared elsewhere.
    InnerDeclared(RustType),
}

/// Reads an enum with `#[derive(PgEnum)]`. Mistakes go to `ctxt`.
pub fn lower_enum(input: &DeriveInput, ctxt: &Ctxt) -> Option<LoweredType> {
    let Data::Enum(data) = &input.data else {
        let help = "for structs there is `PgType`";
        ctxt.error_help(&input.ident, "`PgEnum` is for enums", help);
        return None;
    };
    let before = ctxt.count();
    no_parameters(input, ctxt);
    let items =
        attr::items(&input.attrs, &["name", "schema", "rename_all", "comment", "owner"], &[], ctxt);
    let find = |key: &str| items.iter().find(|item| item.key == key);
    let case = match find("rename_all") {
        None => Some(Case::Snake),
        Some(item) => case(item, ctxt),
    };
    let (mut values, mut were) = (Vec::new(), Vec::new());
    for variant in &data.variants {
        let Some((value, was)) = value(variant, case, ctxt) else { continue };
        if values.contains(&value) {
            let message = format!("`{value}` is a value of this enum already");
            let help = "give one of the two another name with `#[rls(value = \"..\")]`";
            ctxt.error_help(&variant.ident, message, help);
        }
        values.push(value);
        were.push(was);
    }
    let named: Vec<_> = values.iter().zip(were.iter().map(Option::as_ref)).collect();
    rename::check(&named, ctxt);
    let name = object::called(input, find("name"), find("schema"), ctxt)?;
    let comments = own_comment(input, &name, find("comment"), ctxt);
    let was = |(now, was): (&String, Option<&Was<String>>)| {
        Some(((name.clone(), now.clone()), was?.name.clone()))
    };
    let renames =
        Renames { values: named.into_iter().filter_map(was).collect(), ..Renames::default() };
    let ty = UserType { name, form: TypeForm::Enum(EnumType { values }) };
    let owner = find("owner").and_then(|item| owner(item, ctxt));
    let declared = Box::new(DeclaredType { ty, owner, comments, renames });
    let form = LoweredForm::Own { declared, parts: Vec::new() };
    (ctxt.count() == before).then_some(LoweredType { rust_name: rust_name(input), form })
}

/// The value of a variant, and what it was before.
fn value(
    variant: &Variant,
    case: Option<Case>,
    ctxt: &Ctxt,
) -> Option<(String, Option<Was<String>>)> {
    if !matches!(variant.fields, Fields::Unit) {
        let help = "a composite type is a struct that derives `PgType`";
        ctxt.error_help(&variant.fields, "a value of an enum holds nothing", help);
    }
    let items = attr::items(&variant.attrs, &["value", "was"], &[], ctxt);
    let find = |key: &str| items.iter().find(|item| item.key == key);
    let text = find("value").and_then(|item| item.string(ctxt));
    let at = text.as_ref().map_or(variant.ident.to_token_stream(), ToTokens::to_token_stream);
    let value = match (&text, find("value").is_none()) {
        (Some(text), _) => text.value(),
        (None, true) => case?.of(&variant.ident.unraw().to_string()),
        (None, false) => return None,
    };
    if !EnumType::can_hold(&value) {
        ctxt.error(at, "a value of an enum has at most 63 bytes, and none of them is NUL");
    }
    Some((value, value_was(find("was"), ctxt)))
}

fn case(item: &Item, ctxt: &Ctxt) -> Option<Case> {
    let text = item.string(ctxt)?;
    let found = CASES.iter().find(|(name, _)| *name == text.value());
    if found.is_none() {
        let known = CASES.map(|(name, _)| name);
        let help = match nearest(&text.value(), known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", quoted(&known)),
        };
        ctxt.error_help(&text, format!("unknown way to name values `{}`", text.value()), help);
    }
    found.map(|(_, case)| *case)
}

/// Reads a struct with `#[derive(PgType)]`. Mistakes go to `ctxt`.
pub fn lower_type(input: &DeriveInput, ctxt: &Ctxt) -> Option<LoweredType> {
    const HELP: &str = "write `transparent`, `domain = \"..\"` or `composite = \"..\"`";
    let before = ctxt.count();
    let Data::Struct(data) = &input.data else {
        ctxt.error_help(&input.ident, "`PgType` is for structs", "for enums there is `PgEnum`");
        return None;
    };
    let known = [
        "transparent",
        "domain",
        "composite",
        "schema",
        "comment",
        "owner",
        "check",
        "not_null",
        "default",
        "collation",
        "sql_type",
    ];
    let items = attr::items(&input.attrs, &known, &["check"], ctxt);
    let forms: Vec<_> = items
        .iter()
        .filter(|item| ["transparent", "domain", "composite"].contains(&item.key.as_str()))
        .collect();
    let [form] = forms.as_slice() else {
        let message = if forms.is_empty() {
            "it does not say what this type is in the database"
        } else {
            "a type is one thing in the database"
        };
        let at = forms.get(1).map_or(input.ident.to_token_stream(), |it| it.meta.to_token_stream());
        ctxt.error_help(at, message, HELP);
        return None;
    };
    let takes: &[&str] = match form.key.as_str() {
        "transparent" => &["sql_type"],
        "domain" => {
            &["schema", "comment", "owner", "check", "not_null", "default", "collation", "sql_type"]
        }
        _ => &["schema", "comment", "owner"],
    };
    for item in items.iter().filter(|item| item.key != form.key) {
        if !takes.contains(&item.key.as_str()) {
            ctxt.error(item.meta.path(), format!("`{}` takes no `{}`", form.key, item.key));
        }
    }
    let read = Read { input, items: &items, ctxt };
    let lowered = match form.key.as_str() {
        "transparent" => {
            form.flag(ctxt);
            match read.inner(&data.fields)? {
                FieldType::Known(ty) => LoweredForm::Inner(ty),
                FieldType::Declared(ty) => LoweredForm::InnerDeclared(ty),
            }
        }
        "domain" => read.domain(form, &data.fields)?,
        _ => read.composite(form, &data.fields)?,
    };
    let form = lowered;
    (ctxt.count() == before).then_some(LoweredType { rust_name: rust_name(input), form })
}

struct Read<'a> {
    input: &'a DeriveInput,
    items: &'a [Item],
    ctxt: &'a Ctxt,
}

impl Read<'_> {
    fn find(&self, key: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.key == key)
    }

    /// The type of the one field that is no marker.
    fn inner(&self, fields: &Fields) -> Option<FieldType> {
        let marker = |field: &&syn::Field| match &field.ty {
            syn::Type::Path(path) => {
                path.path.segments.last().is_some_and(|last| last.ident == "PhantomData")
            }
            _ => false,
        };
        let mut inner = fields.iter().filter(|field| !marker(field));
        match (inner.next(), inner.next()) {
            (Some(field), None) => column_type(field, self.find("sql_type"), self.ctxt).0,
            _ => {
                let help = format!("write `struct {}(Inner);`", self.input.ident);
                self.ctxt.error_help(&self.input.ident, "such a type has one field", help);
                None
            }
        }
    }

    fn domain(&self, form: &Item, fields: &Fields) -> Option<LoweredForm> {
        let Read { input, items, ctxt } = self;
        no_parameters(input, ctxt);
        let name = self.name(form);
        let inner = self.inner(fields)?;
        let (base, parts) = match inner {
            FieldType::Known(ty) => (Some(ty), Vec::new()),
            FieldType::Declared(ty) => (None, vec![(0, ty)]),
        };
        let name = name?;
        let mut checks: BTreeMap<Ident, DomainCheck<Expr>> = BTreeMap::new();
        for item in items.iter().filter(|item| item.key == "check") {
            let Some(check) = constraint::check(item, ctxt) else { continue };
            if check.no_inherit {
                ctxt.error(&check.meta, "nothing inherits from a domain");
            }
            let Some(expr) =
                self.expr(&check.expr, |expr| link::of_value(expr, base.as_ref(), &[]))
            else {
                continue;
            };
            let own = match check.name {
                Some(own) => own,
                None => free_name(&name, &checks)?,
            };
            let check = DomainCheck { expr, not_valid: check.not_valid };
            if checks.insert(own.clone(), check).is_some() {
                ctxt.error(&item.meta, format!("`{own}` is the name of another check"));
            }
        }
        let default = self.find("default").and_then(|item| item.value(ctxt));
        let default = default.and_then(|default| {
            self.expr(default, |expr| link::default_of_type(expr, base.as_ref(), &[]))
        });
        let domain = Domain {
            // What is declared elsewhere takes its place.
            base: base.unwrap_or_else(|| PgType::plain(BaseType::Text)),
            collation: self.find("collation").and_then(|item| collation(item, ctxt)),
            not_null: self.find("not_null").is_some_and(|item| item.flag(ctxt)),
            default,
            checks,
        };
        let comments = own_comment(input, &name, self.find("comment"), ctxt);
        let ty = UserType { name, form: TypeForm::Domain(domain) };
        Some(self.own(ty, comments, parts))
    }

    fn expr(
        &self,
        rust: &syn::Expr,
        link: impl Fn(&Expr) -> (crate::policy::term::Term, Vec<link::Problem>),
    ) -> Option<Expr> {
        let Parsed { expr, spans } = predicate::parse(rust, &Scope::of_type(), self.ctxt)?;
        let (_, problems) = link(&expr);
        let sound = problems.is_empty();
        spans.report(problems, self.ctxt);
        sound.then_some(expr)
    }

    fn composite(&self, form: &Item, fields: &Fields) -> Option<LoweredForm> {
        let Read { input, items: _, ctxt } = self;
        no_parameters(input, ctxt);
        let name = self.name(form)?;
        let Fields::Named(named) = fields else {
            let help = format!("write `struct {} {{ attribute: Type, .. }}`", input.ident);
            ctxt.error_help(&input.ident, "a composite type has named fields", help);
            return None;
        };
        let (mut attributes, mut parts) = (Vec::new(), Vec::new());
        let mut comments = own_comment(input, &name, self.find("comment"), ctxt);
        let mut taken = BTreeSet::new();
        for field in &named.named {
            let Some(ident) = &field.ident else { continue };
            let known = ["name", "sql_type", "collation", "comment"];
            let items = attr::items(&field.attrs, &known, &[], ctxt);
            let find = |key: &str| items.iter().find(|item| item.key == key);
            let own = match find("name") {
                Some(item) => item.name(ctxt),
                None => checked(ident, ident.unraw().to_string(), ctxt),
            };
            let (ty, _) = column_type(field, find("sql_type"), ctxt);
            let (Some(own), Some(ty)) = (own, ty) else { continue };
            if !taken.insert(own.clone()) {
                ctxt.error(ident, format!("there is an attribute `{own}` already"));
            }
            if let Some(text) = comment(&field.attrs, find("comment"), ctxt) {
                comments.insert(Commented::Column(name.clone(), own.clone()), text);
            }
            let ty = match ty {
                FieldType::Known(ty) => ty,
                FieldType::Declared(ty) => {
                    parts.push((attributes.len(), ty));
                    PgType::plain(BaseType::Text)
                }
            };
            let collation = find("collation").and_then(|item| collation(item, ctxt));
            attributes.push(Attribute { name: own, ty, collation });
        }
        let ty = UserType { name, form: TypeForm::Composite(Composite { attributes }) };
        Some(self.own(ty, comments, parts))
    }

    fn own(
        &self,
        ty: UserType<Expr>,
        comments: BTreeMap<Commented, String>,
        parts: Vec<(usize, RustType)>,
    ) -> LoweredForm {
        let owner = self.find("owner").and_then(|item| owner(item, self.ctxt));
        let renames = Renames::default();
        let declared = DeclaredType { ty, owner, comments, renames };
        LoweredForm::Own { declared: Box::new(declared), parts }
    }

    /// The name behind `domain` or `composite`, which may stand alone.
    fn name(&self, form: &Item) -> Option<QualifiedName> {
        let named = matches!(form.meta, syn::Meta::NameValue(_)).then_some(form);
        if named.is_none() {
            form.flag(self.ctxt);
        }
        object::called(self.input, named, self.find("schema"), self.ctxt)
    }
}

/// The name that Postgres would give to a check.
fn free_name(domain: &QualifiedName, taken: &BTreeMap<Ident, DomainCheck<Expr>>) -> Option<Ident> {
    let usual = format!("{}_check", domain.name);
    let names = std::iter::once(usual.clone()).chain((1..).map(|n| format!("{usual}{n}")));
    let mut names = names.filter_map(|name| Ident::shortened(&name).ok());
    names.find(|name| !taken.contains_key(name))
}

fn rust_name(input: &DeriveInput) -> String {
    input.ident.unraw().to_string()
}

fn no_parameters(input: &DeriveInput, ctxt: &Ctxt) {
    if !input.generics.params.is_empty() {
        let help = "write out the types of the fields";
        ctxt.error_help(&input.generics, "a type of the database takes no parameters", help);
    }
}

fn own_comment(
    input: &DeriveInput,
    name: &QualifiedName,
    said: Option<&Item>,
    ctxt: &Ctxt,
) -> BTreeMap<Commented, String> {
    let text = comment(&input.attrs, said, ctxt);
    text.map(|text| (Commented::Type(name.clone()), text)).into_iter().collect()
}
