//! ALTER DEFAULT PRIVILEGES.

use super::{grantee, ident, privilege_name};
use crate::diff::Privileges;
use crate::model::{DefaultTarget, Privilege};

/// The statement that gives (`GRANT .. TO`) or takes (`REVOKE .. FROM`) what objects to come carry.
pub(super) fn alter(default: &Privileges<DefaultTarget>, give: bool) -> String {
    let Privileges { object, grantee, privileges, option } = default;
    let DefaultTarget { creator, schema, objects } = object;
    let mut text = "ALTER DEFAULT PRIVILEGES".to_owned();
    if let Some(creator) = creator {
        text += &format!(" FOR ROLE {}", ident(creator));
    }
    if let Some(schema) = schema {
        text += &format!(" IN SCHEMA {}", ident(schema));
    }
    // Taking all of them is to mean the same on every version.
    let all = !give && objects.privileges().iter().all(|it| privileges.contains(it));
    let names: Vec<_> = privileges.iter().map(|it: &Privilege| privilege_name(*it)).collect();
    let names = if all { "ALL".to_owned() } else { names.join(", ") };
    let grantee = self::grantee(grantee);
    let objects = objects.word().to_uppercase();
    text += &match give {
        true => format!(" GRANT {names} ON {objects} TO {grantee}"),
        false => format!(" REVOKE {names} ON {objects} FROM {grantee}"),
    };
    if give && *option {
        text += " WITH GRANT OPTION";
    }
    text
}
