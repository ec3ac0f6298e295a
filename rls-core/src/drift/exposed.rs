//! What lets roles past every policy, though no plan would mend it: it concerns things that were
//! not declared, which are never touched.

use super::{DriftKind, Finding, Thing, What};
use crate::catalog::{Exposure, Live};
use crate::render::privilege_name;
use crate::resolve::Part;

pub(super) fn find(live: &Live, exposure: &Exposure) -> Vec<Finding> {
    let missing = live.missing_roles.iter().map(|role| Finding {
        kind: DriftKind::Thing(Thing::Role, What::Gone),
        object: format!("the role {role}"),
        place: None,
        message: format!("the server does not have the role {role}"),
        database: None,
        declared: Some(role.to_string()),
        widens: false,
    });
    let exempt = exposure.exempt.iter().map(|(role, why)| Finding {
        kind: DriftKind::RoleBypassesPolicies,
        object: format!("the role {role}"),
        place: None,
        message: format!("no policy binds the role {role}: it {why}"),
        database: Some(why.to_string()),
        declared: None,
        widens: true,
    });
    let owned = exposure.owned.iter().map(|(table, roles)| {
        let roles: Vec<_> = roles.iter().map(ToString::to_string).collect();
        let roles = roles.join(", ");
        Finding {
            kind: DriftKind::OwnerBypassesPolicies,
            object: table.to_string(),
            place: Some((table.clone(), Part::Table)),
            message: format!(
                "no policy of {table} binds {roles}, who owns it or is a member of its owner"
            ),
            database: Some(roles),
            declared: None,
            widens: true,
        }
    });
    let exposed = exposure.tables.iter().map(|exposed| {
        let each = exposed.held.iter().map(|(role, privileges)| {
            let names: Vec<_> = privileges.iter().map(|it| privilege_name(*it)).collect();
            format!("{} for {role}", names.join(", "))
        });
        let held = each.collect::<Vec<_>>().join("; ");
        let (name, kind) = (&exposed.name, exposed.kind);
        Finding {
            kind: DriftKind::ExposedTable,
            object: name.to_string(),
            place: None,
            message: format!("{name}, {kind}, is not declared and open past every policy: {held}"),
            database: Some(held),
            declared: None,
            widens: true,
        }
    });
    let defaults = live.stray_defaults.iter().map(|default| {
        let names: Vec<_> = default.privileges.iter().map(|it| privilege_name(*it)).collect();
        let (names, grantee) = (names.join(", "), &default.grantee);
        let place = match &default.schema {
            Some(schema) => format!(" in the schema {schema}"),
            None => String::new(),
        };
        Finding {
            kind: DriftKind::DefaultPrivileges,
            object: format!("tables of {}{place}", default.creator),
            place: None,
            message: format!(
                "{grantee} will hold {names} on every table that {} creates{place}, with row security or \
                 without",
                default.creator
            ),
            database: Some(format!("{names} for {grantee}")),
            declared: None,
            widens: true,
        }
    });
    missing.chain(exempt).chain(owned).chain(exposed).chain(defaults).collect()
}
