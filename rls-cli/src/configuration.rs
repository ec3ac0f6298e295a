//! `rls.toml` as it is written: the settings of a declaration that was made from something else.

use rls_core::model::{DeclaredGrant, DefaultTarget, GrantObject, Ident, Privilege, Role};
use rls_core::{DeclaredSchema, Grants, Provider, Settings};

use crate::privileges::dotted;

/// The text of the file.
pub(crate) fn write(settings: &Settings) -> String {
    let provider = match settings.provider {
        Provider::Neon => "neon",
        Provider::Supabase => "supabase",
        Provider::Postgres => "postgres",
    };
    let grants = match settings.grants {
        Grants::Policies => "policies",
        Grants::Schema => "schema",
        Grants::Declared => "declared",
    };
    let mut text = format!("provider = \"{provider}\"\ngrants = \"{grants}\"\n");
    let roles = settings.roles.iter().map(string);
    let mut roles = roles.chain(settings.managed_roles.iter().map(managed)).peekable();
    if roles.peek().is_some() {
        text += &format!("roles = {}\n", list(roles));
    }
    if let Some(owner) = &settings.owner {
        text += &format!("owner = {}\n", string(owner));
    }
    if !settings.extensions.is_empty() {
        let extension = |name: &Ident| match settings.extension_schemas.get(name) {
            Some(schema) => format!("{{ name = {}, schema = {} }}", string(name), string(schema)),
            None => string(name),
        };
        text += &format!("extensions = {}\n", list(settings.extensions.iter().map(extension)));
    }
    text += "source = [\"src/schema.rs\"]\n";
    for (name, DeclaredSchema { owner, comment }) in &settings.schemas {
        text += &format!("\n[schemas.{}]\n", key(name));
        text.extend(owner.iter().map(|owner| format!("owner = {}\n", string(owner))));
        text.extend(comment.iter().map(|comment| format!("comment = {}\n", string(comment))));
    }
    text.extend(settings.grants_beside.iter().map(|(object, grant)| beside(object, grant)));
    text.extend(settings.default_privileges.iter().map(|(target, grant)| default(target, grant)));
    text
}

fn managed((name, role): (&Ident, &Role)) -> String {
    let Role { login, inherit, bypass_rls, member_of, powers: _ } = role;
    let mut parts = vec![format!("name = {}", string(name))];
    parts.extend(login.then(|| "login = true".to_owned()));
    parts.extend((!inherit).then(|| "inherit = false".to_owned()));
    parts.extend(bypass_rls.then(|| "bypass-rls = true".to_owned()));
    let of = member_of.iter().map(string);
    parts.extend((!member_of.is_empty()).then(|| format!("member-of = {}", list(of))));
    format!("{{ {} }}", parts.join(", "))
}

fn beside(object: &GrantObject, grant: &DeclaredGrant) -> String {
    let (kind, name) = match object {
        GrantObject::Schema(name) => ("schema", name.to_string()),
        GrantObject::Sequence(name) => ("sequence", dotted(name)),
        GrantObject::Function(name) => ("function", dotted(name)),
        // These are declared by structs.
        GrantObject::Routine(_)
        | GrantObject::Table(_)
        | GrantObject::Column { .. }
        | GrantObject::AllTables(_) => return String::new(),
    };
    format!("\n[[grant]]\n{kind} = {}\n{}", string(&name), held(grant))
}

fn default(target: &DefaultTarget, grant: &DeclaredGrant) -> String {
    let DefaultTarget { creator, schema, objects } = target;
    let mut text = format!("\n[[default-privileges]]\non = \"{}\"\n", objects.word());
    if let Some(schema) = schema {
        text += &format!("schema = {}\n", string(schema));
    }
    if let Some(creator) = creator {
        text += &format!("for-role = {}\n", string(creator));
    }
    text + &held(grant)
}

fn held(grant: &DeclaredGrant) -> String {
    let DeclaredGrant { roles, privileges, columns: _, grantable } = grant;
    let role = match roles.iter().collect::<Vec<_>>().as_slice() {
        [role] => string(role),
        several => list(several.iter().map(string)),
    };
    let word = |privilege: &Privilege| string(&privilege.word());
    let mut text = format!("role = {role}\nprivileges = {}\n", list(privileges.iter().map(word)));
    if *grantable {
        text += "grantable = true\n";
    }
    text
}

/// A name as the key of a table.
fn key(name: &Ident) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match name.as_str() {
        name if name.chars().all(plain) => name.to_owned(),
        name => serde_json::Value::from(name).to_string(),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn string(text: &impl ToString) -> String {
    toml::Value::String(text.to_string()).to_string()
}
