//! A snapshot as a whole: schemas, enums, sequences, roles and views, and the tables with what is theirs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::json::{At, Node, Object, Report};
use super::{table, text};
use crate::model::{
    BaseType, CheckOption, EnumType, Grantee, Ident, PgType, Power, QualifiedName, Role, Schema,
    Sequence, SequenceOptions, TypeForm, UserType, View, ViewKind,
};

/// What a snapshot holds.
#[derive(Default)]
pub(super) struct Snapshot {
    /// Everything but roles.
    pub(super) schema: Schema,
    /// The names of its enums.
    pub(super) enums: BTreeSet<QualifiedName>,
    /// Roles that it makes.
    pub(super) managed: BTreeMap<Ident, Role>,
    /// Roles that it names.
    pub(super) named: BTreeSet<Ident>,
    extensions: RefCell<BTreeSet<Ident>>,
}

impl Snapshot {
    pub(super) fn needs_extension(&self, name: &'static str) {
        self.extensions.borrow_mut().insert(Ident::literal(name));
    }
}

/// Reads a snapshot; what is wrong with it is in the report.
pub(super) fn read(root: Object<'_>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.schema.namespaces.insert(Ident::literal("public"));
    for (name, at) in root.entries("schemas") {
        snapshot.schema.namespaces.extend(at.named(name));
    }
    for (_, at) in root.entries("enums") {
        if let Some(ty) = user_type(&at) {
            snapshot.enums.insert(ty.name.clone());
            snapshot.schema.types.insert(ty.name.clone(), ty);
        }
    }
    for (_, at) in root.entries("sequences") {
        if let Some(sequence) = sequence(&at) {
            snapshot.schema.sequences.insert(sequence.name.clone(), sequence);
        }
    }
    for (_, at) in root.entries("tables") {
        table::add(&at, &mut snapshot);
    }
    for (_, at) in root.entries("views") {
        if let Some(view) = view(&at) {
            snapshot.schema.views.insert(view.name.clone(), view);
        }
    }
    for (_, at) in root.entries("roles") {
        role(&at, &mut snapshot);
    }
    for (name, at) in root.entries("policies") {
        elsewhere(name, &at);
    }
    let tables = snapshot.schema.tables.values();
    let tables: Vec<_> = tables
        .map(|table| table.map(&mut |_, sql| text::without_schemas(sql, &snapshot.schema)))
        .collect();
    let named = tables.into_iter().map(|table| (table.name.clone(), table));
    snapshot.schema.tables = named.collect();
    name_roles(&mut snapshot);
    snapshot.schema.extensions.extend(snapshot.extensions.take());
    root.pass_over(&["id", "prevId", "version", "dialect", "_meta", "internal"]);
    root.done();
    snapshot
}

/// Schema and name of something; Drizzle writes nothing for `public`.
pub(super) fn qualified(object: &Object<'_>) -> Option<QualifiedName> {
    let schema = in_schema(object.get("schema"));
    let name = object.must("name").and_then(|at| at.name());
    Some(QualifiedName::new(schema?, name?))
}

pub(super) fn in_schema(at: Option<At<'_>>) -> Option<Ident> {
    match at {
        Some(at) if *at.node != Node::Text(String::new()) => at.name(),
        _ => Some(Ident::literal("public")),
    }
}

fn user_type(at: &At<'_>) -> Option<UserType<crate::model::Sql>> {
    let object = at.object()?;
    let name = qualified(&object);
    let values = object.must("values");
    let values = values.and_then(|at| at.some(enum_value));
    object.done();
    Some(UserType { name: name?, form: TypeForm::Enum(EnumType { values: values? }) })
}

fn enum_value(at: &At<'_>) -> Option<String> {
    let value = at.text()?;
    let holds = EnumType::can_hold(value);
    if !holds {
        at.mistake(
            "is no value of an enum: one has at most 63 bytes, and none of them is NUL",
            None,
        );
    }
    holds.then(|| value.to_owned())
}

fn sequence(at: &At<'_>) -> Option<Sequence> {
    let object = at.object()?;
    let name = qualified(&object);
    let options = counting(&object);
    object.done();
    let ty = PgType::plain(BaseType::BigInt);
    Some(Sequence { name: name?, ty, options: options.as_kept(&BaseType::BigInt), owner: None })
}

/// How a sequence counts.
pub(super) fn counting(object: &Object<'_>) -> SequenceOptions {
    let number = |name: &str| {
        let at = object.get(name)?;
        let parsed = match at.node {
            Node::Text(text) | Node::Number(text) => text.parse().ok(),
            _ => None,
        };
        if parsed.is_none() {
            at.mistake("has to be a whole number", None);
        }
        parsed
    };
    SequenceOptions {
        start: number("startWith"),
        increment: number("increment"),
        min: number("minValue"),
        max: number("maxValue"),
        cache: number("cache"),
        cycle: object.flag("cycle"),
    }
}

/// A role that Drizzle makes. What reaches beyond the database cannot be declared.
fn role(at: &At<'_>, snapshot: &mut Snapshot) {
    let Some(object) = at.object() else { return };
    let name = object.must("name").and_then(|at| at.name());
    let inherit = object.get("inherit").and_then(|at| at.flag()).unwrap_or(true);
    let powers = [("createDb", Power::CreateDb), ("createRole", Power::CreateRole)];
    let powers = powers.map(|(key, power)| object.flag(key).then_some(power));
    object.done();
    let Some(name) = name else { return };
    if powers.iter().any(Option::is_some) {
        at.report.note(format!(
            "the role `{name}` may make databases or roles, which no declaration gives: it is listed as one \
             that exists, and left alone"
        ));
        snapshot.named.insert(name);
    } else {
        snapshot.managed.insert(name, Role { inherit, ..Role::default() });
    }
}

/// The roles that policies name and nobody makes.
fn name_roles(snapshot: &mut Snapshot) {
    let policies = snapshot.schema.tables.values().flat_map(|table| table.policies.values());
    for grantee in policies.flat_map(|policy| &policy.roles) {
        if let Grantee::Role(name) = grantee
            && !snapshot.managed.contains_key(name)
        {
            snapshot.named.insert(name.clone());
        }
    }
}

/// A policy on a table that is not the snapshot's.
fn elsewhere(name: &str, at: &At<'_>) {
    let Some(object) = at.object() else { return };
    let on = object.get("on").and_then(|at| at.text()).unwrap_or("a table");
    at.report.note(format!(
        "the policy \"{name}\" is on {on}, which is not Drizzle's: it is left out, and nothing there is \
         touched; Drizzle does not switch row security on there either"
    ));
}

fn view(at: &At<'_>) -> Option<View> {
    let object = at.object()?;
    let name = qualified(&object);
    let materialized = object.flag("materialized");
    let existing = object.flag("isExisting");
    let definition = object.get("definition").and_then(|at| text::query(&at));
    let with = object.get("with").and_then(|at| at.object());
    // The query says what its columns are.
    object.pass_over(&["columns"]);
    let name = name?;
    if existing {
        at.report
            .note(format!("the view {name} is somebody else's (`.existing()`): it is left out"));
        object.pass_over(&["withNoData", "using", "tablespace"]);
        object.done();
        return None;
    }
    let mut view = View::new(name, definition.unwrap_or_else(|| crate::model::Sql::new("")));
    view.security_invoker = false;
    if let Some(with) = with {
        options(with, &mut view);
    }
    if materialized {
        view.kind = ViewKind::Materialized;
        view.security_invoker = false;
    } else if !view.security_invoker {
        at.report.note(format!(
            "the view {} shows what its owner sees, past the policies of its tables, as Drizzle makes \
             every view without `securityInvoker: true`",
            view.name
        ));
    }
    object.done();
    if view.query.as_str().is_empty() {
        at.report.note(format!("the view {} has no definition: it is left out", view.name));
        return None;
    }
    Some(view)
}

/// What stands in WITH. What a view of the model has not is told as unknown.
fn options(with: Object<'_>, view: &mut View) {
    view.security_invoker = with.flag("securityInvoker");
    view.security_barrier = with.flag("securityBarrier");
    if let Some(at) = with.get("checkOption") {
        match at.text() {
            Some("local") => view.check_option = CheckOption::Local,
            Some("cascaded") => view.check_option = CheckOption::Cascaded,
            Some(other) => {
                at.mistake(format!("is `{other}`, and has to be `local` or `cascaded`"), None);
            }
            None => {}
        }
    }
    with.done();
}

/// A report of nothing yet, and the object to read.
pub(super) fn root<'a>(node: &'a Node, report: &'a Report) -> Option<Object<'a>> {
    At { path: String::new(), node, report }.object()
}
