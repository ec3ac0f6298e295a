//! Privileges that a plan would give or take, as what somebody holds and should not, or the other
//! way about.

use super::{DriftKind, Finding};
use crate::diff::{Change, ColumnPrivileges, Pair, Privileges};
use crate::model::{DefaultTarget, Grant, GrantObject, Grantee, Privilege, QualifiedName, Schema};
use crate::render::{column_list, privilege_name};
use crate::resolve::Part;

/// The findings of all changes of privileges.
pub(super) fn find(changes: &[&Change], schemas: Pair<&Schema>) -> Vec<Finding> {
    changes.iter().filter_map(|change| of_change(change, schemas)).collect()
}

fn of_change(change: &Change, schemas: Pair<&Schema>) -> Option<Finding> {
    if let Change::Revoke(grant) = change {
        let what = names(grant.privileges.iter());
        Some(extra(&grant.grantee, &what, &grant.object, grant.option))
    } else if let Change::RevokeColumns(grant) = change {
        let table = GrantObject::Table(grant.table.clone());
        Some(extra(&grant.grantee, &column_list(&grant.columns), &table, grant.option))
    } else if let Change::Grant(grant) = change {
        let held = |privilege: Privilege, schema_grants: &std::collections::BTreeSet<Grant>| {
            let (object, grantee) = (grant.object.clone(), grant.grantee.clone());
            schema_grants.contains(&Grant { object, grantee, privilege })
        };
        let lacks = |privilege: &&Privilege| !held(**privilege, &schemas.previous.grants);
        let options = |privilege: &&Privilege| {
            grant.option && !held(**privilege, &schemas.previous.grant_options)
        };
        let what = names(grant.privileges.iter().filter(lacks));
        let passed_on = names(grant.privileges.iter().filter(options));
        missing(&grant.grantee, &what, &passed_on, &grant.object, schemas)
    } else if let Change::GrantColumns(grant) = change {
        let ColumnPrivileges { table, grantee, columns: _, option } = grant;
        let what = columns_lacking(grant, &schemas.previous.grants);
        let options = columns_lacking(grant, &schemas.previous.grant_options);
        let options = if *option { options } else { String::new() };
        missing(grantee, &what, &options, &GrantObject::Table(table.clone()), schemas)
    } else if let Change::RevokeDefault(default) = change {
        Some(of_default(default, true))
    } else if let Change::GrantDefault(default) = change {
        Some(of_default(default, false))
    } else {
        None
    }
}

fn extra(grantee: &Grantee, what: &str, object: &GrantObject, option: bool) -> Finding {
    let (kind, message) = if option {
        let message = format!("{grantee} may pass on {what} on {object} to others");
        (DriftKind::GrantOption, message)
    } else {
        (DriftKind::ExtraGrant, format!("{grantee} holds {what} on {object}"))
    };
    Finding {
        kind,
        object: object.to_string(),
        place: place(object),
        message: format!("{message}, which is not declared"),
        database: Some(format!("{what} for {grantee}")),
        declared: None,
        widens: true,
    }
}

/// What a REVOKE of the same plan would take along and give back is not missing; nor are privileges
/// on what is not there.
fn missing(
    grantee: &Grantee,
    what: &str,
    options: &str,
    object: &GrantObject,
    schemas: Pair<&Schema>,
) -> Option<Finding> {
    let there = match object {
        GrantObject::Table(table) | GrantObject::Column { table, .. } => {
            let previous = schemas.previous;
            previous.tables.contains_key(table) || previous.views.contains_key(table)
        }
        GrantObject::Sequence(name) => {
            let declared = schemas.next.sequences.contains_key(name);
            !declared || schemas.previous.sequences.contains_key(name)
        }
        GrantObject::Function(name) => {
            let of = |schema: &Schema| schema.functions.keys().any(|it| &it.name == name);
            !of(schemas.next) || of(schemas.previous)
        }
        GrantObject::Routine(routine) => schemas.previous.functions.contains_key(routine),
        GrantObject::Schema(name) => schemas.previous.namespaces.contains(name),
        GrantObject::AllTables(_) => true,
    };
    let (kind, what, message) = match (what.is_empty(), options.is_empty()) {
        (true, true) => return None,
        (true, false) => {
            let message = format!("{grantee} may not pass on {options} on {object} to others");
            (DriftKind::GrantOption, options, message)
        }
        (false, _) => {
            (DriftKind::MissingGrant, what, format!("{grantee} does not hold {what} on {object}"))
        }
    };
    there.then(|| Finding {
        kind,
        object: object.to_string(),
        place: place(object),
        message: format!("{message}, though it is declared"),
        database: None,
        declared: Some(format!("{what} for {grantee}")),
        widens: false,
    })
}

fn of_default(default: &Privileges<DefaultTarget>, extra: bool) -> Finding {
    let Privileges { object, grantee, privileges, option: _ } = default;
    let what = names(privileges.iter());
    let verb = if extra { "will hold" } else { "will not hold" };
    let declared = if extra { "which is not declared" } else { "though it is declared" };
    let said = Some(format!("{what} for {grantee}"));
    let (database, declared_text) = if extra { (said, None) } else { (None, said) };
    Finding {
        kind: DriftKind::DefaultPrivileges,
        object: object.to_string(),
        place: None,
        message: format!("{grantee} {verb} {what} on {object}, {declared}"),
        database,
        declared: declared_text,
        widens: extra,
    }
}

fn columns_lacking(grant: &ColumnPrivileges, held: &std::collections::BTreeSet<Grant>) -> String {
    let ColumnPrivileges { table, grantee, columns, option: _ } = grant;
    let mut columns = columns.clone();
    columns.retain(|privilege, columns| {
        columns.retain(|column| {
            let object = GrantObject::Column { table: table.clone(), column: column.clone() };
            let grant = Grant { object, grantee: grantee.clone(), privilege: *privilege };
            !held.contains(&grant)
        });
        !columns.is_empty()
    });
    column_list(&columns)
}

fn place(object: &GrantObject) -> Option<(QualifiedName, Part)> {
    match object {
        GrantObject::Table(name)
        | GrantObject::Sequence(name)
        | GrantObject::Column { table: name, .. } => Some((name.clone(), Part::Table)),
        GrantObject::Routine(routine) => Some((routine.name.clone(), Part::Table)),
        GrantObject::Schema(_) | GrantObject::Function(_) | GrantObject::AllTables(_) => None,
    }
}

fn names<'a>(privileges: impl Iterator<Item = &'a Privilege>) -> String {
    privileges.map(|privilege| privilege_name(*privilege)).collect::<Vec<_>>().join(", ")
}
