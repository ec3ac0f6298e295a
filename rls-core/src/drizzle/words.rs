//! A snapshot's SQL in the words of the declaration, and whose functions it calls.
//!
//! There is no server to ask whether both are the same. So nothing is read that leaves room for doubt: a
//! cast, a word that is a value where a column has that name too, or a lookup whose NULL would count.

use std::collections::BTreeMap;

use super::text;
use crate::lex::{self, TokenKind};
use crate::model::{Column, Expr, Ident, Literal, Schema, Site, Sql, Table, TypeFamily};
use crate::provider::Provider;
use crate::source::{self, Known, Names, Words};

/// Whose functions the texts of a schema call.
pub(super) fn provider(schema: &Schema) -> Provider {
    let mut called = Vec::new();
    for table in schema.tables.values() {
        table.map(&mut |_, sql: &Sql| called.extend(auth_functions(sql.as_str())));
    }
    called.extend(schema.views.values().flat_map(|view| auth_functions(view.query.as_str())));
    let has = |names: &[&str]| called.iter().any(|name| names.contains(&name.as_str()));
    let grantees = || schema.tables.values().flat_map(|table| table.policies.values());
    let for_role =
        |name: &str| grantees().any(|policy| policy.roles.iter().any(|role| role.as_str() == name));
    if has(&["user_id", "session"]) || for_role("anonymous") {
        Provider::Neon
    } else if has(&["uid", "jwt", "role", "email"]) || for_role("anon") {
        Provider::Supabase
    } else if for_role("authenticated") {
        Provider::Neon
    } else {
        Provider::Postgres
    }
}

/// What is called in the schema `auth`.
fn auth_functions(sql: &str) -> Vec<String> {
    let tokens = lex::tokens(sql).unwrap_or_default();
    let calls = tokens.windows(4).filter_map(|window| {
        let [schema, dot, name, bracket] = window else { return None };
        let calls = schema.kind.name() == Some("auth")
            && dot.kind == TokenKind::Punctuation('.')
            && bracket.kind == TokenKind::Punctuation('(');
        name.kind.name().filter(|_| calls).map(str::to_owned)
    });
    calls.collect()
}

/// Every expression that can be said in the words of the declaration.
pub(super) fn recognised(schema: &Schema, names: &Names, provider: Provider) -> Known {
    let lookups = BTreeMap::new();
    let words = Words { schema, names, lookups: &lookups, provider };
    let mut known = Known::new();
    for table in schema.tables.values() {
        table.map(&mut |site, sql| {
            let expr = match &site {
                Site::Policy(..) | Site::Check(_) | Site::IndexPredicate(_) => {
                    let sure = !is_doubtful(sql, table);
                    let expr = sure.then(|| source::predicate(sql, table, words)).flatten();
                    expr.filter(looks_up_plainly)
                }
                Site::Default(column) => {
                    table.column(column).and_then(|column| default(sql, column, table, words))
                }
                _ => None,
            };
            if let Some(expr) = expr {
                known.insert((table.name.clone(), site), expr);
            }
        });
    }
    known
}

fn default(sql: &Sql, column: &Column<Sql>, table: &Table<Sql>, words: Words<'_>) -> Option<Expr> {
    if is_number(sql.as_str()) && column.ty.family() == TypeFamily::Number {
        return Some(Expr::Literal(Literal::Number(sql.as_str().to_owned())));
    }
    let expr = source::default(sql, column, &table.name, words)?;
    // What a cast makes of a text is not looked into, but for the column's own.
    let cast = sql.as_str().contains("::");
    let own = || sql.as_str().ends_with(&format!("::{}", column.ty));
    (!cast || (matches!(expr, Expr::Literal(Literal::Text(_))) && own())).then_some(expr)
}

/// Digits, perhaps with a sign and a point.
fn is_number(text: &str) -> bool {
    let plain = text.strip_prefix('-').unwrap_or(text);
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    plain.split_once('.').map_or(digits(plain), |(whole, rest)| digits(whole) && digits(rest))
}

/// Words that are values by themselves, where a column may have the name.
const VALUES: &[&str] = &[
    "user",
    "session_user",
    "system_user",
    "current_role",
    "current_catalog",
    "current_schema",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
];

fn is_doubtful(sql: &Sql, table: &Table<Sql>) -> bool {
    let tokens = lex::tokens(sql.as_str()).unwrap_or_default();
    let column = |name: &str| table.columns.iter().any(|column| column.name.as_str() == name);
    tokens.iter().any(|token| match &token.kind {
        TokenKind::Operator(operator) => operator == "::",
        TokenKind::Word(word) => VALUES.contains(&word.as_str()) && column(word),
        _ => false,
    })
}

/// Whether nobody asks for more of a lookup than that there is a row. `NOT IN` is NULL where a NULL is among
/// the rows, and `NOT EXISTS` is true.
fn looks_up_plainly(expr: &Expr) -> bool {
    match expr {
        Expr::And(operands) | Expr::Or(operands) => operands.iter().all(looks_up_plainly),
        Expr::Exists { filter, .. } => looks_up_plainly(filter),
        expr => !expr.nodes().any(|node| matches!(node, Expr::Exists { .. })),
    }
}

/// Keeps what compiles to the text that Drizzle wrote. Of policies the rest is kept too where `faster`: it
/// says the same in another way. A default is a value, however it is written.
pub(super) fn keep(known: &mut Known, schema: &Schema, compiled: &Schema, faster: bool) {
    known.retain(|(name, site), _| {
        if matches!(site, Site::Default(_)) || (faster && matches!(site, Site::Policy(..))) {
            return true;
        }
        let (Some(one), Some(other)) = (schema.tables.get(name), compiled.tables.get(name)) else {
            return false;
        };
        let said = |table: &Table<Sql>| {
            let mut found = None;
            table.map(&mut |at, sql: &Sql| {
                if at == *site {
                    found = text::said(sql.as_str(), name);
                }
            });
            found
        };
        let (one, other) = (said(one), said(other));
        one.is_some() && one == other
    });
}

/// Roles that policies name beside those that the provider has or the snapshot makes.
pub(super) fn existing_roles<'a>(
    named: impl IntoIterator<Item = &'a Ident>,
    provider: Provider,
) -> Vec<Ident> {
    let of_provider = |name: &&Ident| provider.roles().contains(&name.as_str());
    named.into_iter().filter(|name| !of_provider(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::looks_up_plainly;
    use crate::model::Expr;

    #[test]
    fn a_lookup_that_is_turned_round_is_doubtful() {
        let filter = Box::new(Expr::bool(true));
        let lookup = Expr::Exists { table: "T".to_owned(), alias: "t".to_owned(), filter };
        assert!(looks_up_plainly(&Expr::Or(vec![Expr::bool(false), lookup.clone()])));
        let turned = Expr::Not(Box::new(lookup));
        assert!(!looks_up_plainly(&turned));
        assert!(!looks_up_plainly(&Expr::And(vec![Expr::bool(true), turned])));
    }
}
