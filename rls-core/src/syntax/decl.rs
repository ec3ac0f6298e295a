//! A struct as declared: its attributes understood one by one, its predicates still Rust.

use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Expr, Fields, Meta, Token};

use super::Ctxt;
use super::attr::{self, Item, checked, string_literal};
use super::column::{self, GeneratedFrom, Numbered, Serial, countable};
use super::comment::comment;
use super::constraint::{self, CheckDecl, ExclusionDecl, ForeignKeyDecl, IndexDecl, UniqueDecl};
use super::grant::{self, GrantDecl, GrantedOn};
use super::owner::owner;
use super::partition::{self, SpreadDecl};
use super::policy::{self, CrudPolicy, FullPolicy};
use super::references::{References, references};
use super::rename::{Was, table_was, was};
use super::rust_type::{self, FieldType, RustType};
use super::trigger::{self, TriggerDecl};
use crate::model::{AllowedLint, Ident, PgType, QualifiedName, TypeFamily, snake_case};
use crate::resolve::is_taken;

/// A struct with `#[derive(Table)]`.
pub(super) struct Decl<'a> {
    /// The struct's own name, for messages about the table as a whole.
    pub(super) ident: &'a syn::Ident,
    pub(super) rust_name: String,
    pub(super) name: QualifiedName,
    pub(super) was: Option<Was>,
    pub(super) fields: Vec<Field<'a>>,
    pub(super) crud_policies: Vec<CrudPolicy>,
    pub(super) policies: Vec<FullPolicy>,
    pub(super) grants: Vec<GrantDecl>,
    /// What every row that anybody reaches has to fulfil.
    pub(super) tenant: Option<(Expr, Meta)>,
    pub(super) force: Option<bool>,
    pub(super) row_security: bool,
    pub(super) policy_indexes: bool,
    pub(super) allowed: Vec<(AllowedLint, Meta)>,
    pub(super) comment: Option<String>,
    pub(super) owner: Option<Ident>,
    pub(super) primary_key: Option<UniqueDecl>,
    pub(super) exclusions: Vec<ExclusionDecl>,
    pub(super) triggers: Vec<TriggerDecl>,
    pub(super) spread: SpreadDecl,
    uniques: Vec<UniqueDecl>,
    checks: Vec<CheckDecl>,
    foreign_keys: Vec<ForeignKeyDecl>,
    indexes: Vec<IndexDecl>,
}

/// A field that is a column, or that is skipped.
pub(super) struct Field<'a> {
    pub(super) ident: &'a syn::Ident,
    /// The field's name as predicates write it.
    pub(super) field: String,
    pub(super) skip: bool,
    pub(super) column: Ident,
    pub(super) was: Option<Was>,
    /// None where the type was a mistake, or is declared elsewhere: it then fits everything.
    pub(super) ty: Option<PgType>,
    /// The type that is declared elsewhere.
    pub(super) declared: Option<RustType>,
    pub(super) nullable: bool,
    pub(super) primary_key: bool,
    pub(super) unique: Option<UniqueDecl>,
    pub(super) index: Option<IndexDecl>,
    pub(super) check: Option<CheckDecl>,
    pub(super) identity: Option<Numbered>,
    pub(super) serial: Option<Serial>,
    pub(super) generated: Option<GeneratedFrom>,
    pub(super) comment: Option<String>,
    pub(super) collation: Option<QualifiedName>,
    pub(super) default: Option<Expr>,
    pub(super) references: Option<References>,
}

const STRUCT_KEYS: &[&str] = &[
    "table",
    "schema",
    "was",
    "crud_policy",
    "policy",
    "tenant",
    "force",
    "row_security",
    "policy_indexes",
    "allow",
    "comment",
    "owner",
    "primary_key",
    "unique",
    "check",
    "foreign_key",
    "exclude",
    "index",
    "grant",
    "trigger",
    "partition_by",
    "partition",
];
/// What may be said more than once.
const REPEATABLE: &[&str] = &[
    "crud_policy",
    "policy",
    "allow",
    "unique",
    "check",
    "foreign_key",
    "exclude",
    "index",
    "grant",
    "trigger",
    "partition",
];
const FIELD_KEYS: &[&str] = &[
    "column",
    "was",
    "sql_type",
    "primary_key",
    "identity",
    "default",
    "unique",
    "references",
    "index",
    "skip",
    "serial",
    "generated",
    "comment",
    "check",
    "collation",
];

/// Reads a struct. None where it is no struct with named fields.
pub(super) fn read<'a>(input: &'a DeriveInput, ctxt: &Ctxt) -> Option<Decl<'a>> {
    let fields = named_fields(input, ctxt)?;
    if !input.generics.params.is_empty() {
        ctxt.error_help(
            &input.generics,
            "a table has one set of columns, so its struct takes no parameters",
            "write out the types of the fields",
        );
    }
    let items = attr::items(&input.attrs, STRUCT_KEYS, REPEATABLE, ctxt);
    let find = |key: &str| items.iter().find(|item| item.key == key);
    let all = |key: &'static str| items.iter().filter(move |item| item.key == key);
    let table = find("table").and_then(|item| item.name(ctxt));
    let schema = find("schema")
        .and_then(|item| item.name(ctxt).filter(|name| may_hold_tables(name, item, ctxt)));
    let schema = schema.or_else(|| Ident::new("public").ok())?;
    let table = match table {
        Some(table) => table,
        None => checked(&input.ident, snake_case(&input.ident.unraw().to_string()), ctxt)?,
    };
    let before = ctxt.count();
    let fields: Vec<_> = fields.iter().filter_map(|named| field(named, &schema, ctxt)).collect();
    if fields.iter().all(|field| field.skip) && ctxt.count() == before {
        ctxt.error_help(
            &input.ident,
            format!("`{}` has no fields, so its table would have no columns", input.ident),
            "add a field for each column",
        );
    }
    let foreign_key = |item| constraint::foreign_key(item, &schema, ctxt);
    let foreign_keys = all("foreign_key").filter_map(foreign_key).collect();
    let trigger = |item| trigger::trigger(item, &schema, ctxt);
    let triggers = all("trigger").filter_map(trigger).collect();
    Some(Decl {
        ident: &input.ident,
        rust_name: input.ident.unraw().to_string(),
        primary_key: find("primary_key").and_then(|item| constraint::unique(item, None, ctxt)),
        uniques: all("unique").filter_map(|item| constraint::unique(item, None, ctxt)).collect(),
        checks: all("check").filter_map(|item| constraint::check(item, ctxt)).collect(),
        foreign_keys,
        triggers,
        exclusions: all("exclude").filter_map(|item| constraint::exclusion(item, ctxt)).collect(),
        indexes: all("index").filter_map(|item| constraint::index(item, None, ctxt)).collect(),
        spread: partition::spread(&items, &schema, ctxt),
        name: QualifiedName::new(schema, table),
        was: table_was(find("was"), ctxt),
        fields,
        crud_policies: all("crud_policy").filter_map(|item| policy::crud(item, ctxt)).collect(),
        policies: all("policy").filter_map(|item| policy::full(item, ctxt)).collect(),
        grants: grant::each(&items, GrantedOn::Table, ctxt),
        tenant: find("tenant")
            .and_then(|item| Some((item.value(ctxt)?.clone(), item.meta.clone()))),
        force: find("force").and_then(|item| item.switch(ctxt)),
        row_security: find("row_security").and_then(|item| item.switch(ctxt)).unwrap_or(true),
        policy_indexes: find("policy_indexes").and_then(|item| item.switch(ctxt)).unwrap_or(true),
        allowed: all("allow").filter_map(|item| policy::allow(item, ctxt)).collect(),
        comment: comment(&input.attrs, find("comment"), ctxt),
        owner: find("owner").and_then(|item| owner(item, ctxt)),
    })
}

impl Decl<'_> {
    fn columns(&self) -> impl Iterator<Item = &Field<'_>> {
        self.fields.iter().filter(|field| !field.skip)
    }

    /// UNIQUE constraints, those on fields first.
    pub(super) fn uniques(&self) -> impl Iterator<Item = &UniqueDecl> {
        self.columns().filter_map(|field| field.unique.as_ref()).chain(&self.uniques)
    }

    /// CHECK constraints, those on fields first.
    pub(super) fn checks(&self) -> impl Iterator<Item = &CheckDecl> {
        self.columns().filter_map(|field| field.check.as_ref()).chain(&self.checks)
    }

    /// Indexes, those on fields first.
    pub(super) fn indexes(&self) -> impl Iterator<Item = &IndexDecl> {
        self.columns().filter_map(|field| field.index.as_ref()).chain(&self.indexes)
    }

    /// Foreign keys, those on fields first, which are told with their column.
    pub(super) fn references(&self) -> impl Iterator<Item = (Option<&Ident>, &References)> {
        let of_fields = self
            .columns()
            .filter_map(|field| Some((Some(&field.column), field.references.as_ref()?)));
        of_fields.chain(self.foreign_keys.iter().map(|key| (None, &key.references)))
    }
}

/// Neither the server's own schemas nor ours.
pub(super) fn may_hold_tables(schema: &Ident, item: &Item, ctxt: &Ctxt) -> bool {
    let taken = is_taken(schema);
    if taken {
        ctxt.error_help(
            &item.meta,
            format!("the schema `{schema}` is not for tables of yours"),
            "name another one",
        );
    }
    !taken
}

fn named_fields<'a>(
    input: &'a DeriveInput,
    ctxt: &Ctxt,
) -> Option<&'a Punctuated<syn::Field, Token![,]>> {
    let what = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Some(&fields.named),
            Fields::Unnamed(_) => "a tuple struct, whose fields have no names",
            Fields::Unit => "a unit struct, which has no fields",
        },
        Data::Enum(_) => "an enum",
        Data::Union(_) => "a union",
    };
    ctxt.error_help(
        &input.ident,
        format!(
            "a table is declared by a struct with named fields, and `{}` is {what}",
            input.ident
        ),
        "write `struct Name { column: Type, .. }`",
    );
    None
}

fn field<'a>(field: &'a syn::Field, schema: &Ident, ctxt: &Ctxt) -> Option<Field<'a>> {
    let ident = field.ident.as_ref()?;
    let name = ident.unraw().to_string();
    let items = attr::items(&field.attrs, FIELD_KEYS, &[], ctxt);
    let find = |key: &str| items.iter().find(|item| item.key == key);
    let flag = |key: &str| find(key).is_some_and(|item| item.flag(ctxt));

    let skip = flag("skip");
    if let Some(other) = items.iter().find(|item| skip && item.key != "skip") {
        ctxt.error(
            &other.meta,
            format!("`{}` says something about a column, and `skip` that there is none", other.key),
        );
    }
    let column = match find("column") {
        Some(item) => item.name(ctxt)?,
        None => checked(ident, name.clone(), ctxt)?,
    };
    let (ty, nullable) =
        if skip { (None, true) } else { column_type(field, find("sql_type"), ctxt) };
    let (ty, declared) = match ty {
        Some(FieldType::Known(ty)) => (Some(ty), None),
        Some(FieldType::Declared(declared)) => (None, Some(declared)),
        None => (None, None),
    };
    let field = Field {
        ident,
        field: name,
        skip,
        column,
        was: was(find("was"), ctxt),
        ty,
        declared,
        nullable,
        primary_key: flag("primary_key"),
        unique: find("unique").and_then(|item| constraint::unique(item, Some(ident), ctxt)),
        index: find("index").and_then(|item| constraint::index(item, Some(ident), ctxt)),
        check: find("check").and_then(|item| constraint::check(item, ctxt)),
        identity: find("identity").and_then(|item| column::identity(item, ctxt)),
        serial: find("serial").and_then(|item| column::serial(item, ctxt)),
        generated: find("generated").and_then(|item| column::generated(item, ctxt)),
        comment: comment(&field.attrs, find("comment"), ctxt),
        collation: find("collation").and_then(|item| collation(item, ctxt)),
        default: find("default").and_then(|item| item.value(ctxt)).cloned(),
        references: find("references").and_then(|item| references(item, schema, false, ctxt)),
    };
    consistent(&field, &items, ctxt);
    Some(field)
}

pub(super) fn column_type(
    field: &syn::Field,
    sql_type: Option<&Item>,
    ctxt: &Ctxt,
) -> (Option<FieldType>, bool) {
    if let Some(item) = sql_type {
        let ty = item.string(ctxt).and_then(|text| {
            PgType::parse(&text.value()).map_err(|error| ctxt.error(&text, error.to_string())).ok()
        });
        return (ty.map(FieldType::Known), rust_type::nullable(&field.ty));
    }
    match rust_type::map(&field.ty) {
        Ok(mapped) => (Some(mapped.ty), mapped.nullable),
        Err(unmapped) => {
            ctxt.error_help(&field.ty, unmapped.message, unmapped.help);
            (None, rust_type::nullable(&field.ty))
        }
    }
}

/// `collation = "C"`; the type's own goes without saying.
pub(super) fn collation(item: &Item, ctxt: &Ctxt) -> Option<QualifiedName> {
    let name = attr::catalog_name(&item.string(ctxt)?, ctxt)?;
    (name.name.as_str() != "default").then_some(name)
}

/// What one column cannot be at once.
fn consistent(field: &Field<'_>, items: &[Item], ctxt: &Ctxt) {
    let at = |key: &str| items.iter().find(|item| item.key == key).map(|item| &item.meta);
    if field.nullable && !field.skip {
        for key in ["primary_key", "identity", "serial"] {
            if let Some(meta) = at(key) {
                ctxt.error_help(
                    meta,
                    format!(
                        "`{}` is an `Option`, and a column with `{key}` is never NULL",
                        field.field
                    ),
                    "take the `Option` away",
                );
            }
        }
    }
    let textual = field.ty.as_ref().is_none_or(|ty| {
        let base = PgType::plain(ty.base.clone());
        base.base.builtin_name().is_none() || base.family() == TypeFamily::Text
    });
    if let (Some(meta), false) = (at("collation"), textual) {
        ctxt.error(meta, "only text has a collation");
    }
    // One thing fills a column.
    let fills = ["identity", "serial", "generated", "default"];
    let mut given = fills.iter().filter_map(|key| Some((*key, at(key)?)));
    if let (Some((one, _)), Some((other, meta))) = (given.next(), given.next()) {
        let does = match one {
            "identity" => "an identity column is numbered by Postgres",
            "serial" => "a serial column is filled by its sequence",
            _ => "a generated column is computed by Postgres",
        };
        ctxt.error(meta, format!("{does} and takes no {other}"));
    }
    for (key, what) in [("identity", "an identity column"), ("serial", "a serial column")] {
        if let (Some(meta), false) = (at(key), field.ty.as_ref().is_none_or(countable)) {
            ctxt.error_help(
                meta,
                format!("{what} is a `smallint`, `integer` or `bigint`"),
                "make the field an `i16`, `i32` or `i64`",
            );
        }
    }
}

/// A single identifier, if the expression is one.
pub(super) fn path_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Path(path) => path.path.get_ident().map(|ident| ident.unraw().to_string()),
        _ => None,
    }
}

/// A single identifier or a string.
pub(super) fn plain_name(expr: &Expr) -> Option<String> {
    path_name(expr).or_else(|| string_literal(expr).map(syn::LitStr::value))
}

/// The name of something in a schema, by default in the one given: `touch`, `public.touch`, or with
/// names that are none in Rust `"Public".touch`, `"Public.touch it"`.
pub(super) fn qualified_name(
    value: &Expr,
    schema: &Ident,
    ctxt: &Ctxt,
) -> Option<Option<QualifiedName>> {
    let (space, name) = match value {
        Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => (Some(plain_name(&field.base)?), name.unraw().to_string()),
            syn::Member::Unnamed(_) => return None,
        },
        value => {
            let name = plain_name(value)?;
            let parts = name.split_once('.');
            let parts = parts.map(|(space, name)| (Some(space.to_owned()), name.to_owned()));
            parts.unwrap_or((None, name))
        }
    };
    let space = match space {
        Some(space) => checked(value, space, ctxt),
        None => Some(schema.clone()),
    };
    let name = checked(value, name, ctxt);
    Some(space.zip(name).map(|(space, name)| QualifiedName::new(space, name)))
}
