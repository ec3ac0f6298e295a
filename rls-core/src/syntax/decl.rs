//! A struct as declared: its attributes understood one by one, its predicates still Rust.

use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Expr, Fields, Meta, Token};

use super::attr::{self, Item, checked, string_literal};
use super::policy::{self, CrudPolicy, FullPolicy};
use super::{Ctxt, rust_type};
use crate::model::{AllowedLint, Ident, Identity, PgType, QualifiedName, ReferentialAction};

/// A struct with `#[derive(Table)]`.
pub(super) struct Decl<'a> {
    /// The struct's own name, for messages about the table as a whole.
    pub(super) ident: &'a syn::Ident,
    pub(super) rust_name: String,
    pub(super) name: QualifiedName,
    pub(super) fields: Vec<Field<'a>>,
    pub(super) crud_policies: Vec<CrudPolicy>,
    pub(super) policies: Vec<FullPolicy>,
    /// What every row that anybody reaches has to fulfil.
    pub(super) tenant: Option<(Expr, Meta)>,
    pub(super) force: Option<bool>,
    pub(super) row_security: bool,
    pub(super) policy_indexes: bool,
    pub(super) allowed: Vec<(AllowedLint, Meta)>,
}

/// A field that is a column, or that is skipped.
pub(super) struct Field<'a> {
    pub(super) ident: &'a syn::Ident,
    /// The field's name as predicates write it.
    pub(super) field: String,
    pub(super) skip: bool,
    pub(super) column: Ident,
    /// None where the type was a mistake: it then fits everything.
    pub(super) ty: Option<PgType>,
    pub(super) nullable: bool,
    pub(super) primary_key: bool,
    pub(super) unique: bool,
    pub(super) index: bool,
    pub(super) identity: Option<Identity>,
    pub(super) default: Option<Expr>,
    pub(super) references: Option<References>,
}

pub(super) struct References {
    pub(super) table: QualifiedName,
    pub(super) column: Ident,
    pub(super) on_delete: ReferentialAction,
    pub(super) on_update: ReferentialAction,
    pub(super) meta: Meta,
}

const STRUCT_KEYS: &[&str] = &[
    "table",
    "schema",
    "crud_policy",
    "policy",
    "tenant",
    "force",
    "row_security",
    "policy_indexes",
    "allow",
];
/// What may be said more than once.
const REPEATABLE: &[&str] = &["crud_policy", "policy", "allow"];
const FIELD_KEYS: &[&str] = &[
    "column",
    "sql_type",
    "primary_key",
    "identity",
    "default",
    "unique",
    "references",
    "index",
    "skip",
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
    Some(Decl {
        ident: &input.ident,
        rust_name: input.ident.unraw().to_string(),
        name: QualifiedName::new(schema, table),
        fields,
        crud_policies: all("crud_policy").filter_map(|item| policy::crud(item, ctxt)).collect(),
        policies: all("policy").filter_map(|item| policy::full(item, ctxt)).collect(),
        tenant: find("tenant")
            .and_then(|item| Some((item.value(ctxt)?.clone(), item.meta.clone()))),
        force: find("force").and_then(|item| item.switch(ctxt)),
        row_security: find("row_security").and_then(|item| item.switch(ctxt)).unwrap_or(true),
        policy_indexes: find("policy_indexes").and_then(|item| item.switch(ctxt)).unwrap_or(true),
        allowed: all("allow").filter_map(|item| policy::allow(item, ctxt)).collect(),
    })
}

/// The server's own schemas, and that of the migrations' history.
fn may_hold_tables(schema: &Ident, item: &Item, ctxt: &Ctxt) -> bool {
    let name = schema.as_str();
    let taken =
        name.starts_with("pg_") || ["information_schema", "rls", "rls_private"].contains(&name);
    if taken {
        ctxt.error_help(
            &item.meta,
            format!("the schema `{name}` is not for tables of yours"),
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
    let field = Field {
        ident,
        field: name,
        skip,
        column,
        ty,
        nullable,
        primary_key: flag("primary_key"),
        unique: flag("unique"),
        index: flag("index"),
        identity: find("identity").and_then(|item| identity(item, ctxt)),
        default: find("default").and_then(|item| item.value(ctxt)).cloned(),
        references: find("references").and_then(|item| references(item, schema, ctxt)),
    };
    consistent(&field, &items, ctxt);
    Some(field)
}

fn column_type(field: &syn::Field, sql_type: Option<&Item>, ctxt: &Ctxt) -> (Option<PgType>, bool) {
    if let Some(item) = sql_type {
        let ty = item.string(ctxt).and_then(|text| {
            PgType::parse(&text.value()).map_err(|error| ctxt.error(&text, error.to_string())).ok()
        });
        return (ty, rust_type::nullable(&field.ty));
    }
    match rust_type::map(&field.ty) {
        Ok(mapped) => (Some(mapped.ty), mapped.nullable),
        Err(unmapped) => {
            ctxt.error_help(&field.ty, unmapped.message, unmapped.help);
            (None, rust_type::nullable(&field.ty))
        }
    }
}

/// What one column cannot be at once.
fn consistent(field: &Field<'_>, items: &[Item], ctxt: &Ctxt) {
    let at = |key: &str| items.iter().find(|item| item.key == key).map(|item| &item.meta);
    if field.nullable && !field.skip {
        for key in ["primary_key", "identity"] {
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
    if let (Some(meta), Some(_)) = (at("default"), field.identity) {
        ctxt.error(meta, "an identity column is numbered by Postgres and takes no default");
    }
    let integer = field.ty.as_ref().is_none_or(|ty| {
        use crate::model::BaseType::{BigInt, Integer, SmallInt};
        !ty.array && [SmallInt, Integer, BigInt].contains(&ty.base)
    });
    if let (Some(meta), false) = (at("identity"), integer) {
        ctxt.error_help(
            meta,
            "an identity column is a `smallint`, `integer` or `bigint`",
            "make the field an `i16`, `i32` or `i64`",
        );
    }
}

/// `identity`, `identity = always` or `identity = by_default`.
fn identity(item: &Item, ctxt: &Ctxt) -> Option<Identity> {
    let value = match &item.meta {
        Meta::Path(_) => return Some(Identity::ByDefault),
        Meta::NameValue(pair) => &pair.value,
        Meta::List(list) => {
            ctxt.error_help(
                list,
                "`identity` takes no list",
                "write `identity` or `identity = always`",
            );
            return None;
        }
    };
    match path_name(value).as_deref() {
        Some("always") => Some(Identity::Always),
        Some("by_default") => Some(Identity::ByDefault),
        _ => {
            ctxt.error_help(
                value,
                "`identity` is `always` or `by_default`",
                "`identity` alone means `by_default`",
            );
            None
        }
    }
}

/// `references = users(id)`, or with actions `references(users(id), on_delete = cascade)`.
fn references(item: &Item, schema: &Ident, ctxt: &Ctxt) -> Option<References> {
    const HELP: &str =
        "write `references = table(column)` or `references(table(column), on_delete = cascade)`";
    let (mut on_delete, mut on_update) = (ReferentialAction::NoAction, ReferentialAction::NoAction);
    let target = match &item.meta {
        Meta::NameValue(pair) => pair.value.clone(),
        Meta::Path(path) => {
            ctxt.error_help(path, "`references` needs a table and a column", HELP);
            return None;
        }
        Meta::List(list) => {
            let parse = Punctuated::<Expr, Token![,]>::parse_terminated;
            let parts = list.parse_args_with(parse).map_err(|error| ctxt.syn_error(error)).ok()?;
            let mut parts = parts.into_iter();
            let Some(target) = parts.next() else {
                ctxt.error_help(list, "`references` needs a table and a column", HELP);
                return None;
            };
            for part in parts {
                match action(&part, ctxt) {
                    Some((true, action)) => on_delete = action,
                    Some((false, action)) => on_update = action,
                    None => {}
                }
            }
            target
        }
    };
    let Some((table_schema, table, column)) = target_names(&target) else {
        ctxt.error_help(&target, "this is not a table and a column", HELP);
        return None;
    };
    let table = checked(&target, table, ctxt)?;
    let column = checked(&target, column, ctxt)?;
    let schema = match table_schema {
        Some(name) => checked(&target, name, ctxt)?,
        None => schema.clone(),
    };
    let table = QualifiedName::new(schema, table);
    Some(References { table, column, on_delete, on_update, meta: item.meta.clone() })
}

/// `users(id)` or `auth.users(id)`; names that are no Rust identifiers as strings.
fn target_names(target: &Expr) -> Option<(Option<String>, String, String)> {
    match target {
        Expr::Call(call) if call.args.len() == 1 => {
            Some((None, plain_name(&call.func)?, plain_name(&call.args[0])?))
        }
        Expr::MethodCall(call) if call.args.len() == 1 => Some((
            Some(plain_name(&call.receiver)?),
            call.method.unraw().to_string(),
            plain_name(&call.args[0])?,
        )),
        _ => None,
    }
}

/// `on_delete = cascade`: whether it is about deleting, and what happens.
fn action(part: &Expr, ctxt: &Ctxt) -> Option<(bool, ReferentialAction)> {
    let Expr::Assign(pair) = part else {
        ctxt.error_help(part, "unexpected", "`on_delete = ..` and `on_update = ..` may stand here");
        return None;
    };
    let delete = match path_name(&pair.left).as_deref() {
        Some("on_delete") => true,
        Some("on_update") => false,
        _ => {
            ctxt.error_help(&pair.left, "unknown key", "known are `on_delete` and `on_update`");
            return None;
        }
    };
    let action = match path_name(&pair.right).as_deref() {
        Some("no_action") => ReferentialAction::NoAction,
        Some("restrict") => ReferentialAction::Restrict,
        Some("cascade") => ReferentialAction::Cascade,
        Some("set_null") => ReferentialAction::SetNull,
        Some("set_default") => ReferentialAction::SetDefault,
        _ => {
            ctxt.error_help(
                &pair.right,
                "unknown action",
                "known are `no_action`, `restrict`, `cascade`, `set_null` and `set_default`",
            );
            return None;
        }
    };
    Some((delete, action))
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

/// `BlogPost` → `blog_post`, `HTTPServer` → `http_server`.
fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, c) in chars.iter().enumerate() {
        let after_lower = at > 0 && !chars[at - 1].is_uppercase() && chars[at - 1] != '_';
        let before_lower = at > 0
            && chars[at - 1].is_uppercase()
            && chars.get(at + 1).is_some_and(|c| c.is_lowercase());
        if c.is_uppercase() && (after_lower || before_lower) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn names_of_structs_become_names_of_tables() {
        assert_eq!(snake_case("BlogPost"), "blog_post");
        assert_eq!(snake_case("HTTPServer"), "http_server");
        assert_eq!(snake_case("Todo"), "todo");
        assert_eq!(snake_case("V2Thing"), "v2_thing");
    }
}
