//! What a policy believes: claims that users write, settings that sessions set, functions and tables
//! that nobody here has seen.

use super::Report;
use super::predicate::lookups;
use super::raw::{self, Name};
use super::registry::{
    AUTH_USERS_EXPOSED, CALLS_UNKNOWN_FUNCTION, RLS_REFERENCES_USER_METADATA, SPOOFABLE_SETTING,
    UID_WITH_CLERK_SUBJECT,
};
use super::view::{PolicyView, Predicate, View, numbered, spoken};
use crate::model::{Expr, Ident, QualifiedName, SubjectType};
use crate::policy::term::{Request, Term};
use crate::provider::Provider;

pub(super) fn rules(view: &View<'_>, report: &mut Report<'_>) {
    for predicate in view.policies().iter().flat_map(PolicyView::written) {
        for (number, node) in spoken(predicate.expr) {
            match node {
                Expr::Claim(path) => user_metadata(path, &predicate, number, report),
                Expr::Sql(sql) => raw_sql(view, sql, &predicate, number, report),
                _ => {}
            }
        }
        auth_users_exposed(&predicate, report);
        uid_with_clerk_subject(view, &predicate, report);
    }
}

/// Supabase's `user_metadata`, by the name of its column too, and Clerk's.
const USERS_OWN: [&str; 4] =
    ["user_metadata", "raw_user_meta_data", "unsafe_metadata", "unsafeMetadata"];

fn user_metadata(path: &[String], at: &Predicate<'_>, number: usize, report: &mut Report<'_>) {
    if let Some(key) = path.iter().find(|key| USERS_OWN.contains(&key.as_str())) {
        trusts_user_metadata(key, at, number, report);
    }
}

fn trusts_user_metadata(key: &str, at: &Predicate<'_>, number: usize, report: &mut Report<'_>) {
    report.add(
        &RLS_REFERENCES_USER_METADATA,
        at.node(number),
        format!("users edit `{key}` themselves, so it proves nothing"),
        "read what only your backend writes: `app_metadata`, Clerk's `public_metadata`, or a table",
    );
}

fn raw_sql(view: &View<'_>, sql: &str, at: &Predicate<'_>, number: usize, report: &mut Report<'_>) {
    let words = raw::words(sql);
    // In a path such as '{user_metadata,role}' it is a part of the string.
    if let Some(key) = USERS_OWN.iter().find(|key| words.iter().any(|word| word.contains(*key))) {
        trusts_user_metadata(key, at, number, report);
    }
    for call in raw::calls(sql) {
        let name = call.function.name.as_str();
        if name == "current_setting" {
            let setting = call.argument.as_deref().unwrap_or("a setting");
            if !verified(view.settings.provider, setting) {
                report.add(
                    &SPOOFABLE_SETTING,
                    at.node(number),
                    format!("any session may set `{setting}`, so it proves nothing"),
                    "read the token with `auth_uid(..)` or `claim(\"..\")`",
                );
            }
        } else if !known_function(&call.function) {
            unknown(&call.function, "function", at, number, report);
        }
    }
    for relation in raw::relations(sql) {
        let schema = relation.schema.as_deref().unwrap_or("public");
        if schema == "auth" && relation.name == "users" {
            exposes_users(at, number, report);
        } else if !known_relation(view, schema, &relation.name) {
            unknown(&relation, "relation", at, number, report);
        }
    }
}

/// Whether the provider puts verified claims there. On Neon with a key in place they are elsewhere.
fn verified(provider: Provider, setting: &str) -> bool {
    match provider {
        Provider::Neon => false,
        Provider::Supabase => setting.starts_with("request."),
        Provider::Postgres => setting == "request.jwt.claims",
    }
}

fn unknown(name: &Name, what: &str, at: &Predicate<'_>, number: usize, report: &mut Report<'_>) {
    let schema = name.schema.iter().map(|schema| format!("{schema}.")).collect::<String>();
    report.add(
        &CALLS_UNKNOWN_FUNCTION,
        at.node(number),
        format!("the {what} `{schema}{}` is not declared here, and may pass by every policy", name.name),
        "look whether it runs as its owner; `exists(..)` and `definer(..)` say the same in the open",
    );
}

/// Functions of Postgres and of the provider. Of those without a schema, the ones that expressions
/// of policies use; every other could be anybody's.
fn known_function(function: &Name) -> bool {
    match function.schema.as_deref() {
        Some(schema) => ["auth", "pg_catalog", "information_schema"].contains(&schema),
        None => FUNCTIONS.contains(&function.name.as_str()),
    }
}

const FUNCTIONS: [&str; 100] = [
    "abs",
    "age",
    "array_agg",
    "array_append",
    "array_cat",
    "array_length",
    "array_position",
    "array_remove",
    "array_to_string",
    "avg",
    "bit_length",
    "bool_and",
    "bool_or",
    "btrim",
    "cardinality",
    "cast",
    "ceil",
    "char",
    "char_length",
    "character_length",
    "clock_timestamp",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "current_database",
    "current_schema",
    "date",
    "date_part",
    "date_trunc",
    "decimal",
    "digest",
    "extract",
    "floor",
    "format",
    "greatest",
    "inet_client_addr",
    "initcap",
    "interval",
    "isfinite",
    "json_array_elements",
    "json_array_elements_text",
    "json_extract_path",
    "json_extract_path_text",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_array_length",
    "jsonb_build_object",
    "jsonb_exists",
    "jsonb_extract_path",
    "jsonb_extract_path_text",
    "jsonb_object_keys",
    "jsonb_path_exists",
    "jsonb_typeof",
    "least",
    "left",
    "length",
    "localtimestamp",
    "lower",
    "lpad",
    "ltrim",
    "make_date",
    "make_interval",
    "max",
    "md5",
    "min",
    "mod",
    "now",
    "nullif",
    "num_nonnulls",
    "num_nulls",
    "numeric",
    "octet_length",
    "overlaps",
    "pg_has_role",
    "position",
    "random",
    "range",
    "regexp_like",
    "regexp_match",
    "regexp_replace",
    "replace",
    "right",
    "round",
    "row",
    "rtrim",
    "split_part",
    "starts_with",
    "statement_timestamp",
    "string_to_array",
    "strpos",
    "substr",
    "substring",
    "timestamp",
    "to_char",
    "trim",
    "unnest",
    "upper",
    "varchar",
    "xmlexists",
];

fn known_relation(view: &View<'_>, schema: &str, name: &str) -> bool {
    if ["pg_catalog", "information_schema"].contains(&schema) || name.starts_with("pg_") {
        return true;
    }
    let (Ok(schema), Ok(name)) = (Ident::new(schema), Ident::new(name)) else { return false };
    view.tables.contains_key(&QualifiedName::new(schema, name))
}

fn auth_users_exposed(predicate: &Predicate<'_>, report: &mut Report<'_>) {
    let reads = lookups(predicate.term).into_iter().any(|(lookup, _)| {
        lookup.table.schema.as_str() == "auth" && lookup.table.name.as_str() == "users"
    });
    if reads {
        exposes_users(predicate, 0, report);
    }
}

fn exposes_users(at: &Predicate<'_>, number: usize, report: &mut Report<'_>) {
    report.add(
        &AUTH_USERS_EXPOSED,
        at.node(number),
        "callers read `auth.users` here as themselves, which needs a privilege on everybody's account",
        "read the token with `auth_uid(..)` and `claim(\"..\")`, or keep what is public in a table of your own",
    );
}

/// `auth.uid()` of pg_session_jwt is NULL for a subject that is no UUID.
fn uid_with_clerk_subject(view: &View<'_>, predicate: &Predicate<'_>, report: &mut Report<'_>) {
    let uuid = Term::Request(Request::Subject(SubjectType::Uuid));
    if view.settings.provider != Provider::Neon
        || !predicate.term.nodes().any(|(it, _)| *it == uuid)
    {
        return;
    }
    // Of several comparisons with the subject, the one with a column that is a `uuid`.
    let nodes = numbered(predicate.expr);
    let compares = |node: &Expr, depth: usize| {
        let Expr::Compare { left, right, .. } = node else { return false };
        let columns = &view.declared.table.columns;
        let is_uuid = |side: &Expr| {
            columns.iter().any(|column| {
                column.ty.family() == crate::model::TypeFamily::Uuid
                    && view.is_column(side, depth, &column.name)
            })
        };
        [left, right].iter().any(|side| **side == Box::new(Expr::AuthUid))
            && [left, right].iter().any(|side| is_uuid(side))
    };
    let number = nodes.iter().position(|(node, depth)| compares(node, *depth));
    report.add(
        &UID_WITH_CLERK_SUBJECT,
        predicate.node(number.unwrap_or_default()),
        "a subject that is no UUID, such as Clerk's `user_..`, is NULL here and matches no row",
        "make the column a `String`, unless every issuer of your tokens numbers users by UUID",
    );
}
