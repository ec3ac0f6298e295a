//! What it lets somebody do that they hold a privilege: the hazards of GRANT.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Finder, Hazard, Origin, widens};
use crate::diff::{ColumnPrivileges, Membership, Pair, Privileges};
use crate::model::{
    DefaultObjects, DefaultTarget, Grant, GrantObject, Grantee, Ident, Privilege, QualifiedName,
};
use crate::render::{column_list, privilege_name};

impl Finder<'_> {
    pub(super) fn grant(&self, grant: &Privileges<GrantObject>) -> Vec<Hazard> {
        if grant.option && self.held(grant) {
            return vec![passes_on(
                &grant.grantee,
                &privilege_names(&grant.privileges),
                &grant.object,
            )];
        }
        let message = match &grant.object {
            GrantObject::Table(table) if self.schemas.previous.tables.contains_key(table) => {
                format!(
                    "{} gets {} on {table}, where policies allow it",
                    grant.grantee,
                    privilege_names(&grant.privileges)
                )
            }
            GrantObject::Table(view) if self.schemas.previous.views.contains_key(view) => {
                if self.held(grant) {
                    return Vec::new();
                }
                format!(
                    "{} gets {} on the view {view}",
                    grant.grantee,
                    privilege_names(&grant.privileges)
                )
            }
            GrantObject::AllTables(schema) => return self.blanket(schema, grant, "gets"),
            GrantObject::Schema(schema) => {
                let undeclared = self.undeclared_tables(schema);
                if undeclared.is_empty() {
                    return Vec::new();
                }
                format!(
                    "{} reaches the schema {schema}, and with it what it may do with {}",
                    grant.grantee,
                    undeclared.join(", ")
                )
            }
            GrantObject::Function(name) if self.holds_tables() && !self.held(grant) => format!(
                "{} may call {name}, which reads with the rights of its owner",
                grant.grantee
            ),
            // One of somebody else's is there already, and may be everyone's to call.
            GrantObject::Function(_) if grant.option => {
                return vec![passes_on(
                    &grant.grantee,
                    &privilege_names(&grant.privileges),
                    &grant.object,
                )];
            }
            GrantObject::Routine(routine)
                if self.schemas.previous.functions.contains_key(routine) && !self.held(grant) =>
            {
                format!("{} may call {routine}", grant.grantee)
            }
            GrantObject::Sequence(name) if self.is_new(name) => return Vec::new(),
            GrantObject::Sequence(name) => {
                format!(
                    "{} gets {} on the sequence {name}",
                    grant.grantee,
                    privilege_names(&grant.privileges)
                )
            }
            GrantObject::Table(_)
            | GrantObject::Column { .. }
            | GrantObject::Function(_)
            | GrantObject::Routine(_) => return Vec::new(),
        };
        vec![widens(message)]
    }

    /// Columns of a table that exists, without those that could be reached before: by name, or with
    /// the whole table.
    pub(super) fn grant_columns(&self, grant: &ColumnPrivileges) -> Vec<Hazard> {
        let ColumnPrivileges { table, grantee, columns, option } = grant;
        let previous = self.schemas.previous;
        let view = previous.views.contains_key(table);
        if !previous.tables.contains_key(table) && !view {
            return Vec::new();
        }
        let mut columns = columns.clone();
        columns.retain(|privilege, columns| {
            columns.retain(|column| {
                let object = GrantObject::Column { table: table.clone(), column: column.clone() };
                let objects = [object, GrantObject::Table(table.clone())];
                !objects.into_iter().any(|object| {
                    let grant = Grant { object, grantee: grantee.clone(), privilege: *privilege };
                    self.schemas.previous.grants.contains(&grant)
                })
            });
            !columns.is_empty()
        });
        if columns.is_empty() {
            let what = column_list(&grant.columns);
            let option = option.then(|| passes_on(grantee, &what, table));
            return option.into_iter().collect();
        }
        let what = column_list(&columns);
        let message = if view {
            format!("{grantee} gets {what} on the view {table}")
        } else {
            format!("{grantee} gets {what} on {table}, where policies allow it")
        };
        vec![widens(message)]
    }

    /// What a member comes to by the role that it joins: what that holds itself.
    pub(super) fn joins(&self, membership: &Membership) -> Hazard {
        let Membership { role, member } = membership;
        let grants = self.schemas.next.grants.iter();
        let held = grants.filter(|grant| grant.grantee == Grantee::Role(role.clone()));
        let mut on: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for Grant { object, privilege, .. } in held {
            if let Some(relation) = object.relation() {
                on.entry(relation).or_default().insert(*privilege);
            }
        }
        let held =
            on.iter().map(|(on, privileges)| format!("{} on {on}", privilege_names(privileges)));
        let held: Vec<_> = held.collect();
        let among = if held.is_empty() { String::new() } else { format!(": {}", held.join("; ")) };
        widens(format!("{member} becomes a member of {role} and may do what it may{among}"))
    }

    /// Whether all of it was held before, on something that is made anew.
    fn held(&self, grant: &Privileges<GrantObject>) -> bool {
        grant.privileges.iter().all(|privilege| {
            self.schemas.previous.grants.contains(&Grant {
                object: grant.object.clone(),
                grantee: grant.grantee.clone(),
                privilege: *privilege,
            })
        })
    }

    /// Whether a sequence is declared and not there yet.
    fn is_new(&self, name: &QualifiedName) -> bool {
        let Pair { previous, next } = self.schemas;
        next.sequences.contains_key(name) && !previous.sequences.contains_key(name)
    }

    /// Privileges on all tables of a schema, now or later: in a new database nobody's rows.
    fn blanket<O>(&self, schema: &Ident, grant: &Privileges<O>, verb: &str) -> Vec<Hazard> {
        let declared = self.schemas.previous.tables.keys().filter(|table| &table.schema == schema);
        let mut tables: Vec<_> = declared.map(ToString::to_string).collect();
        tables.extend(self.undeclared_tables(schema));
        if tables.is_empty() {
            return Vec::new();
        }
        vec![widens(format!(
            "{} {verb} {} on every table of the schema {schema}, which holds {}",
            grant.grantee,
            privilege_names(&grant.privileges),
            tables.join(", ")
        ))]
    }

    /// Objects to come are nobody's yet; in a schema that is in use they are told with what is there.
    pub(super) fn grant_default(&self, default: &Privileges<DefaultTarget>) -> Vec<Hazard> {
        match &default.object {
            DefaultTarget { schema: Some(schema), objects: DefaultObjects::Tables, .. } => {
                self.blanket(schema, default, "will get")
            }
            target if self.holds_tables() => vec![widens(format!(
                "{} will get {} on {target}",
                default.grantee,
                privilege_names(&default.privileges)
            ))],
            _ => Vec::new(),
        }
    }

    fn undeclared_tables(&self, schema: &Ident) -> Vec<String> {
        match self.origin {
            Origin::Snapshot => Vec::new(),
            Origin::Live { undeclared, small: _ } => {
                let tables = undeclared.iter().filter(|table| &table.schema == schema);
                tables.map(ToString::to_string).collect()
            }
        }
    }
}

fn passes_on(grantee: &Grantee, what: &str, object: &impl fmt::Display) -> Hazard {
    widens(format!("{grantee} may pass on {what} on {object} to others"))
}

pub(super) fn privilege_names(privileges: &BTreeSet<Privilege>) -> String {
    privileges.iter().map(|privilege| privilege_name(*privilege)).collect::<Vec<_>>().join(", ")
}
