//! Indexes of a snapshot.

use std::collections::BTreeMap;

use super::column_type::operator_class;
use super::json::{At, Node, Object};
use super::schema::Snapshot;
use super::text;
use crate::lex::{self, Token, TokenKind};
use crate::model::{Ident, Index, IndexKey, IndexValue, OperatorClass, QualifiedName, Sql};

/// The index, as far as it can be read.
pub(super) fn read(
    at: &At<'_>,
    name: &Ident,
    table: &QualifiedName,
    snapshot: &Snapshot,
) -> Option<Index<Sql>> {
    let object = at.object()?;
    let keys = object.must("columns").and_then(|at| at.some(|key| self::key(key, snapshot)));
    let predicate = object.get("where").and_then(|at| text::expression(&at));
    let method = object.get("method").and_then(|at| at.name());
    let unique = object.flag("isUnique");
    let with = object.get("with").map(|at| parameters(&at)).unwrap_or_default();
    if object.flag("concurrently") {
        at.report.note(format!(
            "the index \"{name}\" on {table} is made CONCURRENTLY by Drizzle; a plan makes indexes in its \
             transaction"
        ));
    }
    object.pass_over(&["name"]);
    object.done();
    Some(Index {
        method: method.unwrap_or(Ident::literal("btree")),
        unique,
        nulls_not_distinct: false,
        keys: keys?,
        include: Vec::new(),
        predicate,
        with,
        not_valid: false,
    })
}

fn key(at: &At<'_>, snapshot: &Snapshot) -> Option<IndexKey<Sql>> {
    let object = at.object()?;
    let expression = object.must("expression");
    let is_expression = object.flag("isExpression");
    let ascending = object.get("asc").and_then(|at| at.flag()).unwrap_or(true);
    let nulls = object.get("nulls").and_then(|at| match at.text()? {
        "first" => Some(true),
        "last" => Some(false),
        other => {
            at.mistake(format!("is `{other}`, and has to be `first` or `last`"), None);
            None
        }
    });
    let class = object.get("opclass").and_then(|at| at.name());
    object.done();
    let expression = expression?;
    if is_expression {
        return written(&expression, snapshot);
    }
    let class = class.map(|name| class_of(name, snapshot));
    Some(IndexKey {
        operator_class: class,
        descending: !ascending,
        nulls_first: nulls.unwrap_or(!ascending),
        ..IndexKey::column(expression.name()?)
    })
}

fn class_of(name: Ident, snapshot: &Snapshot) -> OperatorClass {
    OperatorClass { name: operator_class(name, snapshot), parameters: BTreeMap::new() }
}

/// A key that people wrote in SQL, with what may follow it: `lower("email") text_pattern_ops DESC NULLS LAST`.
fn written(at: &At<'_>, snapshot: &Snapshot) -> Option<IndexKey<Sql>> {
    let sql = text::expression(at)?;
    let tokens = lex::tokens(sql.as_str()).ok()?;
    let mut rest = tokens.as_slice();
    let mut ends_with = |words: &[&str]| {
        let start = rest.len().checked_sub(words.len()).filter(|start| *start > 0);
        let found = start.filter(|start| {
            rest[*start..].iter().map(|token| token.kind.word()).eq(words.iter().copied().map(Some))
        });
        if let Some(start) = found {
            rest = &rest[..start];
        }
        found.is_some()
    };
    let (first, last) = (ends_with(&["nulls", "first"]), ends_with(&["nulls", "last"]));
    let descending = ends_with(&["desc"]);
    if !descending {
        ends_with(&["asc"]);
    }
    let class = operator_class_behind(rest);
    if class.is_some() {
        rest = &rest[..rest.len() - 1];
    }
    let (begin, end) = (rest.first()?.range.start, rest.last()?.range.end);
    let value = match rest {
        [only] if only.kind.name().is_some() => IndexValue::Column(at.named(only.kind.name()?)?),
        _ => IndexValue::Expr(Sql::new(&sql.as_str()[begin..end])),
    };
    let class = match class {
        Some(name) => Some(class_of(at.named(&name)?, snapshot)),
        None => None,
    };
    Some(IndexKey {
        value,
        collation: None,
        operator_class: class,
        descending,
        nulls_first: first || (descending && !last),
    })
}

/// A word behind a whole value is the name of an operator class.
fn operator_class_behind(tokens: &[Token]) -> Option<String> {
    let [.., value, last] = tokens else { return None };
    let whole = match &value.kind {
        TokenKind::Punctuation(')' | ']') | TokenKind::Quoted(_) => true,
        // `a COLLATE "C"` is one value.
        TokenKind::Word(word) => tokens.len() == 2 && word != "collate",
        _ => false,
    };
    let before_collation = tokens.iter().any(|token| token.kind.word() == Some("collate"));
    let name = last.kind.word().filter(|_| whole && !before_collation)?;
    Some(name.to_owned())
}

/// Storage parameters by name.
fn parameters(at: &At<'_>) -> BTreeMap<String, String> {
    let Node::Object(members) = at.node else {
        at.mistake("has to be an object", None);
        return BTreeMap::new();
    };
    let mut parameters = BTreeMap::new();
    for (name, node) in members {
        let value = match node {
            Node::Bool(value) => value.to_string(),
            Node::Number(text) | Node::Text(text) => text.clone(),
            Node::Null | Node::List(_) | Node::Object(_) => {
                at.mistake(format!("`{name}` is no storage parameter's value"), None);
                continue;
            }
        };
        parameters.insert(name.clone(), value);
    }
    parameters
}

/// A unique constraint or a primary key: a name and columns.
pub(super) fn named_columns(
    object: &Object<'_>,
    key: &str,
    at: &At<'_>,
) -> Option<(Ident, Vec<Ident>)> {
    let name = match object.get("name") {
        Some(name) => name.name(),
        None => at.named(key),
    };
    let columns = object.must("columns").and_then(|columns| columns.names());
    Some((name?, columns?))
}
