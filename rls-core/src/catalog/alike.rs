//! Questions that have one answer. Most tables of a schema say the same of columns of the same types, so
//! it is asked of one of them.
//!
//! What Postgres makes of an expression depends on the text, and on what the names in it stand for. As
//! long as the text does not name the table that it belongs to, those are columns of that table, or the
//! same things everywhere. In the answer the server puts the table in front of its columns; with that
//! left out, it is good for all of them.

use std::collections::BTreeMap;

use super::canonical::Question;
use crate::lex::{self, Token, TokenKind};
use crate::model::{Column, Schema, Sql};
use crate::render;

/// Questions by what decides their answer: those that are alike stand together.
pub(super) fn groups<'a>(questions: &'a [Question], live: &Schema) -> Vec<Vec<&'a Question>> {
    let mut groups: BTreeMap<Key, Vec<&Question>> = BTreeMap::new();
    for question in questions {
        groups.entry(key(question, live)).or_default().push(question);
    }
    groups.into_values().collect()
}

/// The answer without the name of the table that it was given for, and whether it is good for tables
/// like it.
pub(super) fn without_table(question: &Question, answer: &str) -> (Sql, bool) {
    let Ok(tokens) = lex::tokens(answer) else { return (Sql::new(answer), false) };
    let own = question.site.table.name.as_str();
    let (mut general, mut copied, mut relations) = (String::new(), 0, 0);
    for (at, token) in tokens.iter().enumerate() {
        if token.kind.name() != Some(own) {
            continue;
        }
        general += &answer[copied..token.range.start];
        general.push('?');
        copied = token.range.end;
        let next = tokens.get(at + 1).map(|next| &next.kind);
        // In front of a column it stands for the row; anything else may be a type of that name.
        relations += usize::from(next != Some(&TokenKind::Punctuation('.')));
    }
    general += &answer[copied..];
    let read = question.statement.contains(&from(question));
    (Sql::new(general), relations == usize::from(read))
}

/// What decides the answer.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// The statement and nothing else.
    Alone(String),
    /// The statement without its table, and the columns that it names with their types.
    Like(String, Vec<(String, String)>),
}

fn key(question: &Question, live: &Schema) -> Key {
    let alone = || Key::Alone(question.statement.clone());
    let Some(table) = live.tables.get(&question.site.table) else { return alone() };
    let Some(named) = names(question.source.as_str()) else { return alone() };
    if named.iter().any(|name| name == question.site.table.name.as_str()) {
        return alone();
    }
    let is_named = |column: &&Column<Sql>| named.iter().any(|name| name == column.name.as_str());
    let columns = table.columns.iter().filter(is_named);
    let columns = columns.map(|column| (column.name.to_string(), column.ty.to_string())).collect();
    let schema = render::ident(&question.site.table.schema);
    let general = format!(" FROM {schema}.?");
    let statement = question.statement.replacen(&from(question), &general, 1);
    Key::Like(statement, columns)
}

fn from(question: &Question) -> String {
    format!(" FROM {}", render::qualified(&question.site.table))
}

/// Every name in a text, where it can be read.
fn names(sql: &str) -> Option<Vec<String>> {
    let tokens = lex::tokens(sql).ok()?;
    Some(tokens.iter().filter_map(|Token { kind, .. }| kind.name().map(str::to_owned)).collect())
}
