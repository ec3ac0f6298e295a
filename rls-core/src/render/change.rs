//! Changes as statements.

use std::collections::{BTreeMap, BTreeSet};

use super::closing::closing;
use super::sequence::Counting;
use super::{
    comment, constraint, default_privilege, function, ident, index, literal, partition, qualified,
    role, sequence, table, trigger, user_type, view,
};
use crate::diff::{Change, ColumnPrivileges, Named, OnTable, Pair, Privileges};
use crate::model::{
    BaseType, Check, Column, Command, Deferral, GrantObject, Grantee, Ident, Owned, PgType, Policy,
    PolicyKind, Privilege, QualifiedName, RowSecurity, Sql, Table,
};

/// The statements that make a change, without semicolons.
pub fn statements(change: &Change) -> Vec<String> {
    match change {
        Change::RenameRole { name, to } => vec![role::rename(name, to)],
        Change::RenameTable { name, to } => vec![alter(name, &format!("RENAME TO {}", ident(to)))],
        Change::RenameSequence { name, to } => vec![sequence::rename(name, to)],
        Change::RenameColumn(OnTable { table, item: Pair { previous, next } }) => {
            let (from, to) = (ident(previous), ident(next));
            vec![alter(table, &format!("RENAME COLUMN {from} TO {to}"))]
        }
        Change::RenamePolicy(OnTable { table, item: Pair { previous, next } }) => {
            let (from, table, to) = (ident(previous), qualified(table), ident(next));
            vec![format!("ALTER POLICY {from} ON {table} RENAME TO {to}")]
        }
        Change::RenameValue { name, values: Pair { previous, next } } => {
            let (from, to) = (literal(previous), literal(next));
            vec![format!("ALTER TYPE {} RENAME VALUE {from} TO {to}", qualified(name))]
        }
        Change::CreateRole(role) => vec![role::create(role)],
        Change::AlterRole(role) => vec![role::alter(role)],
        Change::CreateExtension { name, schema } => {
            let place = schema.as_ref().map(|schema| format!(" WITH SCHEMA {}", ident(schema)));
            vec![create_extension(name) + place.as_deref().unwrap_or_default()]
        }
        Change::MoveExtension { name, from: _, to } => {
            vec![format!("ALTER EXTENSION {} SET SCHEMA {}", ident(name), ident(to))]
        }
        Change::CreateNamespace(name) => {
            vec![format!("CREATE SCHEMA IF NOT EXISTS {}", ident(name))]
        }
        Change::Revoke(grant) => vec![revoke(grant.option, &privilege_on(grant, "FROM"))],
        Change::RevokeColumns(grant) => vec![revoke(grant.option, &columns_on(grant, "FROM"))],
        Change::RevokeMembership(membership) => vec![role::revoke(membership)],
        Change::RevokeDefault(default) => vec![default_privilege::alter(default, false)],
        Change::EnableRowSecurity(name) => vec![alter(name, ENABLE)],
        Change::ForceRowSecurity(name) => vec![alter(name, FORCE)],
        Change::DropTrigger(OnTable { table, item }) => {
            vec![format!("DROP TRIGGER {} ON {}", ident(&item.name), qualified(table))]
        }
        Change::CreateTrigger(OnTable { table, item }) => trigger::create(table, item),
        Change::EnableTrigger(OnTable { table, item }) => {
            vec![trigger::enable(table, &item.name, item.item)]
        }
        Change::DropPolicy(OnTable { table, item }) => {
            vec![format!("DROP POLICY {} ON {}", ident(&item.name), qualified(table))]
        }
        Change::DropFunction(routine) => vec![function::drop(routine)],
        Change::DropView { name, kind } => vec![view::drop(name, *kind)],
        Change::DropForeignKey(OnTable { table, item }) => vec![drop_constraint(table, &item.name)],
        Change::DropUnique(OnTable { table, item }) => vec![drop_constraint(table, &item.name)],
        Change::DropPrimaryKey(OnTable { table, item }) => vec![drop_constraint(table, &item.name)],
        Change::DropCheck(OnTable { table, item }) => vec![drop_constraint(table, &item.name)],
        Change::DropExclusion(OnTable { table, item }) => vec![drop_constraint(table, &item.name)],
        Change::DropIndex(OnTable { table, item }) => {
            vec![format!("DROP INDEX {}.{}", ident(&table.schema), ident(&item.name))]
        }
        Change::FreeSequence { name, take } => sequence::free(name, *take),
        Change::DropTable(name) => vec![format!("DROP TABLE {}", qualified(name))],
        Change::DropColumn(OnTable { table, item }) => {
            vec![alter(table, &format!("DROP COLUMN {}", ident(item)))]
        }
        Change::DropSequence(name) => vec![format!("DROP SEQUENCE {}", qualified(name))],
        Change::CreateSequence { sequence, revoke_from } => sequence::create(sequence, revoke_from),
        Change::AlterSequence(sequences) => sequence::alter(sequences),
        Change::OwnSequence { sequence, hand_to, go_on } => {
            let handed = hand_to.iter().map(|to| alter(&sequence.name, &owner_to(to)));
            handed.chain(sequence::own(sequence, *go_on)).collect()
        }
        Change::Comment { on, text } => vec![comment::comment(on, text.as_deref())],
        Change::RenameType { name, to } => {
            vec![format!("ALTER TYPE {} RENAME TO {}", qualified(name), ident(to))]
        }
        Change::CreateType(ty) => user_type::create(ty),
        Change::AlterType { name, alteration } => vec![user_type::alter(name, alteration)],
        Change::DropType(name) => vec![format!("DROP TYPE {}", qualified(name))],
        Change::CreateTable { table, revoke_from } => create_table(table, revoke_from),
        Change::DropPartition(OnTable { table: _, item }) => {
            vec![format!("DROP TABLE {}", qualified(item))]
        }
        Change::DetachPartition(on) => vec![partition::detach(on)],
        Change::AttachPartition(on) => vec![partition::attach(on)],
        Change::CreatePartition { partition, revoke_from } => {
            let OnTable { table: _, item } = partition;
            let mut statements = vec![partition::create(partition)];
            statements.extend(closed(&item.name, item.row_security, revoke_from));
            statements
        }
        Change::AddColumn(OnTable { table, item }) => {
            vec![alter(table, &format!("ADD COLUMN {}", table::column_definition(table, item)))]
        }
        Change::AlterColumn(OnTable { table, item }) => alter_column(table, item),
        Change::AddPrimaryKey(OnTable { table, item }) => {
            vec![alter(table, &format!("ADD {}", constraint::primary_key(item)))]
        }
        Change::AddUnique(OnTable { table, item }) => {
            vec![alter(table, &format!("ADD {}", constraint::unique(&item.name, &item.item)))]
        }
        Change::AddCheck(OnTable { table, item }) => {
            vec![add_check(table, &item.name, &item.item)]
        }
        Change::AddExclusion(OnTable { table, item }) => {
            vec![alter(table, &format!("ADD {}", constraint::exclusion(&item.name, &item.item)))]
        }
        Change::ValidateConstraint(OnTable { table, item }) => {
            vec![alter(table, &format!("VALIDATE CONSTRAINT {}", ident(item)))]
        }
        Change::DeferForeignKey(OnTable { table, item }) => vec![defer(table, item)],
        Change::CreateIndex(OnTable { table, item }) => vec![index::create(table, item)],
        Change::AddForeignKey(OnTable { table, item }) => {
            vec![alter(table, &format!("ADD {}", constraint::foreign_key(&item.name, &item.item)))]
        }
        Change::CreateFunction { function, revoke_from } => function::create(function, revoke_from),
        Change::ReplaceFunction(functions) => vec![function::replace(&functions.next)],
        Change::CreateView { view, revoke_from } => view::create(view, revoke_from),
        Change::ReplaceView(views) => vec![view::replace(&views.next)],
        Change::AlterView(views) => view::alter(views),
        Change::CreatePolicy(OnTable { table, item }) => {
            vec![create_policy(&qualified(table), item)]
        }
        Change::ChangeOwner { owned, from: _, to } => vec![hand_over(owned, to)],
        Change::GrantDefault(default) => vec![default_privilege::alter(default, true)],
        Change::Grant(grant) => vec![self::grant(grant.option, &privilege_on(grant, "TO"))],
        Change::GrantColumns(grant) => vec![self::grant(grant.option, &columns_on(grant, "TO"))],
        Change::GrantMembership(membership) => vec![role::grant(membership)],
    }
}

/// Statements as one text: a semicolon after each, an empty line between steps of several lines.
pub fn script<'a>(steps: impl Iterator<Item = &'a [String]>) -> String {
    let mut text = String::new();
    let mut previous_long = false;
    for step in steps {
        let long = step.iter().any(|statement| statement.contains('\n'));
        if !text.is_empty() && (long || previous_long) {
            text.push('\n');
        }
        previous_long = long;
        for statement in step {
            text += statement;
            text += ";\n";
        }
    }
    text
}

/// CREATE EXTENSION, the same text wherever it is needed.
pub fn create_extension(name: &Ident) -> String {
    format!("CREATE EXTENSION IF NOT EXISTS {}", ident(name))
}

/// CREATE POLICY on a table that is given as SQL text.
fn create_policy(table: &str, policy: &Named<Policy<Sql>>) -> String {
    let Policy { kind, command, roles, using, with_check } = &policy.item;
    let kind = match kind {
        PolicyKind::Permissive => "PERMISSIVE",
        PolicyKind::Restrictive => "RESTRICTIVE",
    };
    let mut text = format!(
        "CREATE POLICY {} ON {table}\n    AS {kind} FOR {} TO {}",
        ident(&policy.name),
        command_name(*command),
        grantees(roles)
    );
    for (clause, sql) in [("USING", using), ("WITH CHECK", with_check)] {
        if let Some(sql) = sql {
            text += &format!("\n    {clause} ({})", sql.as_str());
        }
    }
    text
}

/// The command as SQL spells it.
pub fn command_name(command: Command) -> &'static str {
    match command {
        Command::All => "ALL",
        Command::Select => "SELECT",
        Command::Insert => "INSERT",
        Command::Update => "UPDATE",
        Command::Delete => "DELETE",
    }
}

pub(super) fn grantees(grantees: &BTreeSet<Grantee>) -> String {
    grantees.iter().map(grantee).collect::<Vec<_>>().join(", ")
}

pub(super) fn grantee(grantee: &Grantee) -> String {
    match grantee {
        Grantee::Public => "PUBLIC".to_owned(),
        Grantee::Role(name) => ident(name),
    }
}

pub(super) fn alter(table: &QualifiedName, action: &str) -> String {
    format!("ALTER TABLE {} {action}", qualified(table))
}

/// Postgres takes sequences and views for tables here, domains for types and procedures for routines.
fn hand_over(owned: &Owned, to: &Ident) -> String {
    let to = owner_to(to);
    match owned {
        Owned::Schema(name) => format!("ALTER SCHEMA {} {to}", ident(name)),
        Owned::Type(name) => format!("ALTER TYPE {} {to}", qualified(name)),
        Owned::Relation(name) => alter(name, &to),
        Owned::Function(routine) => format!("ALTER ROUTINE {} {to}", function::routine(routine)),
    }
}

fn owner_to(owner: &Ident) -> String {
    format!("OWNER TO {}", ident(owner))
}

const ENABLE: &str = "ENABLE ROW LEVEL SECURITY";
const FORCE: &str = "FORCE ROW LEVEL SECURITY";

/// A table is never there without its row security, nor with what default privileges give away.
fn create_table(table: &Table<Sql>, revoke_from: &BTreeSet<Grantee>) -> Vec<String> {
    let mut statements = vec![table::create(table)];
    let unproven = table.checks.iter().filter(|(_, check)| check.not_valid);
    statements.extend(unproven.map(|(name, check)| add_check(&table.name, name, check)));
    statements.extend(closed(&table.name, table.row_security, revoke_from));
    statements
}

fn add_check(table: &QualifiedName, name: &Ident, check: &Check<Sql>) -> String {
    alter(table, &format!("ADD {}", constraint::check(name, check)))
}

/// What closes a table that has just been made.
fn closed(
    name: &QualifiedName,
    row_security: RowSecurity,
    revoke_from: &BTreeSet<Grantee>,
) -> Vec<String> {
    let mut statements = match row_security {
        RowSecurity::Disabled => Vec::new(),
        RowSecurity::Enabled => vec![alter(name, ENABLE)],
        RowSecurity::Forced => vec![alter(name, ENABLE), alter(name, FORCE)],
    };
    statements.extend(closing(&format!("TABLE {}", qualified(name)), revoke_from));
    statements
}

fn defer(table: &QualifiedName, key: &Named<Deferral>) -> String {
    let deferral = match key.item {
        Deferral::Never => " NOT DEFERRABLE",
        Deferral::InitiallyImmediate => " DEFERRABLE INITIALLY IMMEDIATE",
        Deferral::InitiallyDeferred => constraint::deferred(key.item),
    };
    alter(table, &format!("ALTER CONSTRAINT {}{deferral}", ident(&key.name)))
}

fn drop_constraint(table: &QualifiedName, name: &Ident) -> String {
    alter(table, &format!("DROP CONSTRAINT {}", ident(name)))
}

fn alter_column(table: &QualifiedName, columns: &Pair<Column<Sql>>) -> Vec<String> {
    let Column {
        name,
        ty,
        collation,
        nullable,
        default,
        identity,
        numbering,
        sequence: called,
        generated,
    } = &columns.next;
    let previous = &columns.previous;
    let numbering = numbering.as_kept(&ty.base);
    let counting = Pair {
        previous: Counting {
            options: previous.numbering.as_kept(&previous.ty.base),
            ty: &previous.ty.base,
        },
        next: Counting { options: numbering.clone(), ty: &ty.base },
    };
    let retyped = &previous.ty != ty || &previous.collation != collation;
    let redefaulted = retyped || &previous.default != default;
    let mut actions = Vec::new();
    // The old default goes first: Postgres would try to convert it along with the type.
    if redefaulted && previous.default.is_some() {
        actions.push("DROP DEFAULT".to_owned());
    }
    if previous.identity.is_some() && identity.is_none() {
        actions.push("DROP IDENTITY".to_owned());
    }
    if previous.generated.is_some() && generated.is_none() {
        actions.push("DROP EXPRESSION".to_owned());
    }
    if retyped {
        // Without a word the column would get its type's own.
        let collate = collation.as_ref().map(|name| format!(" COLLATE {}", qualified(name)));
        let collate = collate.unwrap_or_default();
        let through = through_text(&previous.ty, ty);
        actions.push(format!("TYPE {ty}{collate} USING {}{through}::{ty}", ident(name)));
    }
    match (previous.nullable, nullable) {
        (true, false) => actions.push("SET NOT NULL".to_owned()),
        (false, true) => actions.push("DROP NOT NULL".to_owned()),
        (true, true) | (false, false) => {}
    }
    match (previous.identity, identity) {
        (None, Some(next)) => {
            let options = sequence::of_identity(called.as_ref(), table, &numbering);
            actions.push(format!("ADD GENERATED {} AS IDENTITY{options}", table::generated(*next)));
        }
        (Some(kind), Some(next)) => {
            if kind != *next {
                actions.push(format!("SET GENERATED {}", table::generated(*next)));
            }
            let options = sequence::changed(&counting);
            if !options.is_empty() {
                let set = |option: &String| match option.starts_with("RESTART") {
                    true => option.clone(),
                    false => format!("SET {option}"),
                };
                actions.push(options.iter().map(set).collect::<Vec<_>>().join(" "));
            }
        }
        (Some(_) | None, None) => {}
    }
    if let Some(default) = default.as_ref().filter(|_| redefaulted) {
        actions.push(format!("SET DEFAULT {}", table::default(default)));
    }
    let actions = actions
        .into_iter()
        .map(|action| alter(table, &format!("ALTER COLUMN {} {action}", ident(name))));
    let owner = literal(&qualified(table));
    let serial = format!("pg_catalog.pg_get_serial_sequence({owner}, {})", literal(name.as_str()));
    let mut statements = Vec::new();
    if previous.identity.is_some() && identity.is_some() {
        statements.extend(sequence::narrowed(&counting, &serial));
        statements.extend(sequence::renamed(table, columns));
    }
    statements.extend(actions);
    if is_numbered(columns) {
        // A column that is numbered from now on begins after the numbers that it holds.
        statements.push(sequence::count_on(&serial, table, name, &numbering));
    }
    statements
}

/// The table whose rows a change has to count, whoever may see them.
pub(crate) fn counts_rows_of(change: &Change) -> Option<&QualifiedName> {
    if let Change::OwnSequence { sequence, go_on: true, hand_to: _ } = change {
        sequence.owner.as_ref().map(|owner| &owner.table)
    } else if let Change::AlterColumn(column) = change {
        is_numbered(&column.item).then_some(&column.table)
    } else {
        None
    }
}

/// Whether a column becomes an identity column.
fn is_numbered(columns: &Pair<Column<Sql>>) -> bool {
    columns.previous.identity.is_none() && columns.next.identity.is_some()
}

/// Statements that read a table whose policies bind its owner too, as if they did not.
pub(crate) fn past_policies(table: &QualifiedName, statements: Vec<String>) -> Vec<String> {
    let before = alter(table, "NO FORCE ROW LEVEL SECURITY");
    std::iter::once(before).chain(statements).chain([alter(table, FORCE)]).collect()
}

fn revoke(option: bool, privileges: &str) -> String {
    format!("REVOKE {}{privileges}", if option { "GRANT OPTION FOR " } else { "" })
}

fn grant(option: bool, privileges: &str) -> String {
    format!("GRANT {privileges}{}", if option { " WITH GRANT OPTION" } else { "" })
}

/// Between two types that are not built in there is no way but what they are written as.
fn through_text(previous: &PgType, next: &PgType) -> &'static str {
    match (&previous.base, &next.base) {
        (BaseType::Named(previous), BaseType::Named(other)) if previous != other => {
            if next.array {
                "::text[]"
            } else {
                "::text"
            }
        }
        _ => "",
    }
}

fn privilege_on(grant: &Privileges<GrantObject>, preposition: &str) -> String {
    let Privileges { object, grantee, privileges, option } = grant;
    let object = match object {
        GrantObject::Schema(name) => format!("SCHEMA {}", ident(name)),
        GrantObject::Sequence(name) => format!("SEQUENCE {}", qualified(name)),
        GrantObject::Function(name) => format!("FUNCTION {}", qualified(name)),
        GrantObject::Routine(routine) => format!("ROUTINE {}", function::routine(routine)),
        GrantObject::Table(name) => format!("TABLE {}", qualified(name)),
        GrantObject::Column { table, column } => {
            let one = BTreeSet::from([column.clone()]);
            let columns = privileges.iter().map(|privilege| (*privilege, one.clone())).collect();
            let (table, grantee, option) = (table.clone(), grantee.clone(), *option);
            return columns_on(&ColumnPrivileges { table, grantee, columns, option }, preposition);
        }
        GrantObject::AllTables(schema) => format!("ALL TABLES IN SCHEMA {}", ident(schema)),
    };
    format!("{} ON {object} {preposition} {}", list_of(privileges), self::grantee(grantee))
}

fn columns_on(grant: &ColumnPrivileges, preposition: &str) -> String {
    let ColumnPrivileges { table, grantee, columns, option: _ } = grant;
    let table = qualified(table);
    let columns = column_list(columns);
    format!("{columns} ON TABLE {table} {preposition} {}", self::grantee(grantee))
}

/// `SELECT (a, b), UPDATE (b)`.
pub(crate) fn column_list(columns: &BTreeMap<Privilege, BTreeSet<Ident>>) -> String {
    let lists = columns.iter().map(|(privilege, columns)| {
        let columns: Vec<_> = columns.iter().map(ident).collect();
        format!("{} ({})", privilege_name(*privilege), columns.join(", "))
    });
    lists.collect::<Vec<_>>().join(", ")
}

fn list_of(privileges: &BTreeSet<Privilege>) -> String {
    privileges.iter().map(|privilege| privilege_name(*privilege)).collect::<Vec<_>>().join(", ")
}

/// The privilege as SQL spells it.
pub fn privilege_name(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Usage => "USAGE",
        Privilege::Select => "SELECT",
        Privilege::Insert => "INSERT",
        Privilege::Update => "UPDATE",
        Privilege::Delete => "DELETE",
        Privilege::Truncate => "TRUNCATE",
        Privilege::References => "REFERENCES",
        Privilege::Trigger => "TRIGGER",
        Privilege::Maintain => "MAINTAIN",
        Privilege::Execute => "EXECUTE",
        Privilege::Create => "CREATE",
    }
}
