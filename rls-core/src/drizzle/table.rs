//! A table of a snapshot: columns, keys, constraints, indexes and policies.

use super::json::{At, Object, cut};
use super::schema::{Snapshot, counting, in_schema, qualified};
use super::{column_type, default, index, policy, text};
use crate::lex::{self, TokenKind};
use crate::model::{
    Check, Column, ForeignKey, Generated, Ident, Identity, IndexValue, PgType, PrimaryKey,
    QualifiedName, ReferentialAction, RowSecurity, Sequence, SequenceOptions, SequenceOwner, Sql,
    Table, Unique, usual_name,
};
use crate::policy::grants::counted_with;
use crate::render;
use crate::resolve::nearest;

/// Reads a table, with the sequences that its columns bring along.
pub(super) fn add(at: &At<'_>, snapshot: &mut Snapshot) {
    let Some(object) = at.object() else { return };
    let Some(name) = qualified(&object) else { return };
    let mut table = Table::new(name.clone(), RowSecurity::Enabled);
    for (key, at) in object.entries("columns") {
        column(&at, key, &mut table, snapshot);
    }
    keys(&object, &mut table);
    for (key, at) in object.entries("checkConstraints") {
        check(&at, key, &mut table);
    }
    for (key, at) in object.entries("foreignKeys") {
        foreign_key(&at, key, &mut table);
    }
    for (key, at) in object.entries("indexes") {
        let Some(name) = at.named(key) else { continue };
        if let Some(index) = index::read(&at, &name, &table.name, snapshot) {
            let columns = index.keys.iter().filter_map(|key| match &key.value {
                IndexValue::Column(name) => Some(name),
                IndexValue::Expr(_) => None,
            });
            known(columns, &table, &at);
            table.indexes.insert(name, index);
        }
    }
    let policies = object.entries("policies");
    // Drizzle switches row security on for any policy.
    if !object.flag("isRLSEnabled") && policies.is_empty() {
        table.row_security = RowSecurity::Disabled;
    }
    for (key, at) in policies {
        let Some(name) = at.named(key) else { continue };
        if let Some(policy) = policy::read(&at, &name, &table.name) {
            table.policies.insert(name, policy);
        }
    }
    object.done();
    if table.columns.is_empty() {
        at.report.note(format!("{name} has no columns, so no struct declares it: it is left out"));
        return;
    }
    if snapshot.schema.tables.insert(name.clone(), table).is_some() {
        at.mistake(format!("the table {name} stands twice in the snapshot"), None);
    }
    snapshot.schema.namespaces.insert(name.schema);
}

fn column(at: &At<'_>, key: &str, table: &mut Table<Sql>, snapshot: &mut Snapshot) {
    let Some(object) = at.object() else { return };
    let name = match object.get("name") {
        Some(name) => name.name(),
        None => at.named(key),
    };
    let schema = object.get("typeSchema");
    let typed = object.must("type").and_then(|at| column_type::read(&at, schema, snapshot));
    let (is_key, not_null) = (object.flag("primaryKey"), object.flag("notNull"));
    let given = object.get("default");
    let generated = object.get("generated").and_then(|at| generated(&at));
    let identity = object.get("identity");
    // Any value may stand there, and Drizzle asks whether it is true.
    let unique = object.get("isUnique").is_some_and(|at| at.flag() == Some(true));
    let unique_name = object.get("uniqueName").and_then(|at| at.name());
    let nulls_not_distinct = object.flag("nullsNotDistinct");
    object.done();
    let (Some(name), Some(typed)) = (name, typed) else { return };
    let mut column = Column::new(name.clone(), typed.ty.clone());
    column.nullable = !(not_null || is_key || typed.serial || identity.is_some());
    column.default =
        given.and_then(|at| default::read(&at, &typed.ty)).map(|sql| counted(sql, snapshot));
    column.generated = generated;
    if let Some(identity) = identity {
        number(&identity, &mut column, &table.name);
    }
    if typed.serial {
        let sequence = serial(&table.name, &column);
        column.default = Some(next_of(&sequence.name));
        snapshot.schema.sequences.insert(sequence.name.clone(), sequence);
    }
    if table.column(&name).is_some() {
        at.mistake(format!("the column `{name}` stands twice in {}", table.name), None);
        return;
    }
    table.columns.push(column);
    if is_key {
        let usual = usual_name(table.name.name.as_str(), None, "pkey");
        match (&table.primary_key, Ident::new(usual)) {
            (None, Ok(usual)) => {
                table.primary_key = Some(PrimaryKey::new(usual, vec![name.clone()]))
            }
            _ => at.mistake(
                "is a second primary key of its table",
                Some("put the columns together with `primaryKey({ columns: [..] })`"),
            ),
        }
    }
    if unique {
        let usual = format!("{}_{name}_unique", table.name.name);
        if let Some(called) = unique_name.or_else(|| at.named(&usual)) {
            table.uniques.insert(called, Unique { nulls_not_distinct, ..Unique::new(vec![name]) });
        }
    }
}

fn generated(at: &At<'_>) -> Option<Generated<Sql>> {
    let object = at.object()?;
    let expr = object.must("as").and_then(|at| text::expression(&at));
    if let Some(kind) = object.get("type")
        && kind.text().is_some_and(|kind| kind != "stored")
    {
        kind.mistake("has to be `stored`", None);
    }
    object.done();
    Some(Generated { expr: expr?, stored: true })
}

/// Reads how a column is numbered.
fn number(at: &At<'_>, column: &mut Column<Sql>, table: &QualifiedName) {
    let Some(object) = at.object() else { return };
    column.identity = match object.must("type").and_then(|at| Some((at.text()?, at))) {
        Some(("always", _)) => Some(Identity::Always),
        Some(("byDefault", _)) => Some(Identity::ByDefault),
        Some((other, at)) => {
            at.mistake(format!("is `{other}`, and has to be `always` or `byDefault`"), None);
            None
        }
        None => None,
    };
    column.numbering = counting(&object).as_kept(&column.ty.base);
    let usual = usual_name(table.name.as_str(), Some(column.name.as_str()), "seq");
    let name = object.get("name").and_then(|at| at.text()).map(cut);
    column.sequence = name.filter(|name| *name != usual).and_then(|name| Ident::new(name).ok());
    object.pass_over(&["schema"]);
    object.done();
}

/// The sequence that a `serial` column brings along.
fn serial(table: &QualifiedName, column: &Column<Sql>) -> Sequence {
    let usual = usual_name(table.name.as_str(), Some(column.name.as_str()), "seq");
    // Made of two names and shortened: it is one too.
    let own = Ident::new(usual).unwrap_or_else(|_| column.name.clone());
    Sequence {
        name: QualifiedName::new(table.schema.clone(), own),
        ty: PgType::plain(column.ty.base.clone()),
        options: SequenceOptions::default(),
        owner: Some(SequenceOwner { table: table.clone(), column: column.name.clone() }),
    }
}

/// What counts with a sequence, as Postgres writes it.
fn next_of(sequence: &QualifiedName) -> Sql {
    Sql::new(format!("nextval({}::regclass)", render::literal(&render::qualified(sequence))))
}

/// `nextval('app.numbers')` of a sequence of the snapshot, as Postgres keeps it.
fn counted(sql: Sql, snapshot: &Snapshot) -> Sql {
    let bare = sql.as_str().replace("::regclass", "");
    let tokens = lex::tokens(&bare).unwrap_or_default();
    let calls = tokens.len() == 4
        && tokens[0].kind.word() == Some("nextval")
        && tokens[2].kind == TokenKind::String;
    let name = counted_with(&sql, &Ident::literal("public")).filter(|_| calls);
    let known = name.filter(|name| snapshot.schema.sequences.contains_key(name));
    known.map_or(sql, |name| next_of(&name))
}

/// The primary key of several columns, and unique constraints.
fn keys(object: &Object<'_>, table: &mut Table<Sql>) {
    for (key, at) in object.entries("compositePrimaryKeys") {
        let Some(read) = at.object() else { continue };
        let found = index::named_columns(&read, key, &at);
        read.done();
        let Some((name, columns)) = found else { continue };
        known(&columns, table, &at);
        if table.primary_key.is_some() {
            at.mistake("is a second primary key of its table", None);
        }
        for column in table.columns.iter_mut().filter(|column| columns.contains(&column.name)) {
            column.nullable = false;
        }
        table.primary_key = Some(PrimaryKey::new(name, columns));
    }
    for (key, at) in object.entries("uniqueConstraints") {
        let Some(read) = at.object() else { continue };
        let found = index::named_columns(&read, key, &at);
        let nulls_not_distinct = read.flag("nullsNotDistinct");
        read.done();
        let Some((name, columns)) = found else { continue };
        known(&columns, table, &at);
        table.uniques.insert(name, Unique { nulls_not_distinct, ..Unique::new(columns) });
    }
}

fn check(at: &At<'_>, key: &str, table: &mut Table<Sql>) {
    let Some(object) = at.object() else { return };
    let expr = object.must("value").and_then(|at| text::expression(&at));
    object.pass_over(&["name"]);
    object.done();
    if let (Some(name), Some(expr)) = (at.named(key), expr) {
        if expr.as_str().contains(';') {
            at.report.note(format!(
                "the check \"{name}\" on {} has `;` in it, where Drizzle's migration cuts it off: see what \
                 `cargo rls diff` says",
                table.name
            ));
        }
        if name.as_str().contains('"') {
            at.report.note(format!(
                "the check `{name}` on {} has a quote in its name that Drizzle does not double, so that \
                 Postgres refuses its migration",
                table.name
            ));
        }
        table.checks.insert(name, Check { expr, no_inherit: false, not_valid: false });
    }
}

fn foreign_key(at: &At<'_>, key: &str, table: &mut Table<Sql>) {
    let Some(object) = at.object() else { return };
    let target = object.must("tableTo").and_then(|at| at.name());
    let schema = in_schema(object.get("schemaTo"));
    let columns = object.must("columnsFrom").and_then(|at| at.names());
    let references = object.must("columnsTo").and_then(|at| at.names());
    let (on_delete, on_update) = (action(&object, "onDelete"), action(&object, "onUpdate"));
    object.pass_over(&["name", "tableFrom"]);
    object.done();
    let (Some(name), Some(schema), Some(target)) = (at.named(key), schema, target) else { return };
    let (Some(columns), Some(references)) = (columns, references) else { return };
    known(&columns, table, at);
    if columns.is_empty() || columns.len() != references.len() {
        at.mistake("has to name as many columns here as there", None);
        return;
    }
    let target = QualifiedName::new(schema, target);
    let foreign_key =
        ForeignKey { on_delete, on_update, ..ForeignKey::new(columns, target, references) };
    table.foreign_keys.insert(name, foreign_key);
}

fn action(object: &Object<'_>, name: &str) -> ReferentialAction {
    let Some(at) = object.get(name) else { return ReferentialAction::NoAction };
    let text = at.text().unwrap_or("no action");
    match text.to_ascii_lowercase().as_str() {
        "no action" => ReferentialAction::NoAction,
        "restrict" => ReferentialAction::Restrict,
        "cascade" => ReferentialAction::Cascade,
        "set null" => ReferentialAction::SetNull,
        "set default" => ReferentialAction::SetDefault,
        _ => {
            at.mistake(
                format!("is `{text}`, which is nothing that a foreign key does"),
                Some("`no action`, `restrict`, `cascade`, `set null` or `set default`"),
            );
            ReferentialAction::NoAction
        }
    }
}

/// Tells columns that the table does not have.
fn known<'a>(columns: impl IntoIterator<Item = &'a Ident>, table: &Table<Sql>, at: &At<'_>) {
    for column in columns {
        if table.column(column).is_some() {
            continue;
        }
        let names = table.columns.iter().map(|column| column.name.as_str());
        let help = nearest(column.as_str(), names).map(|name| format!("did you mean `{name}`?"));
        at.mistake(format!("{} has no column `{column}`", table.name), help.as_deref());
    }
}

/// Leaves out foreign keys to tables of the same schema that the snapshot does not have.
pub(super) fn leave_out_unknown_targets(snapshot: &mut Snapshot, notes: &mut Vec<String>) {
    let names: Vec<_> = snapshot.schema.tables.keys().cloned().collect();
    for table in snapshot.schema.tables.values_mut() {
        let own = table.name.clone();
        table.foreign_keys.retain(|name, key| {
            let there = key.table.schema != own.schema || names.contains(&key.table);
            if !there {
                notes.push(format!(
                    "the foreign key \"{name}\" of {own} is left out: {} is not in the snapshot, and a \
                     table of the same schema has to be declared",
                    key.table
                ));
            }
            there
        });
    }
}
