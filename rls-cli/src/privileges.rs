//! `[[grant]]` and `[[default-privileges]]` in rls.toml: privileges on what no struct declares.

use std::collections::BTreeSet;

use rls_core::Settings;
use rls_core::model::{
    DeclaredGrant, DefaultObjects, DefaultTarget, GrantObject, Grantee, Ident, Privilege,
    QualifiedName,
};
use rls_core::resolve::nearest;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Privileges on a schema, a sequence or a function.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Beside {
    schema: Option<Ident>,
    sequence: Option<String>,
    function: Option<String>,
    role: Roles,
    privileges: BTreeSet<Privilege>,
    #[serde(default)]
    grantable: bool,
}

/// What roles will hold on objects to come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Defaults {
    on: DefaultObjects,
    schema: Option<Ident>,
    for_role: Option<Ident>,
    role: Roles,
    /// None at all: what they hold is revoked.
    privileges: BTreeSet<Privilege>,
    #[serde(default)]
    grantable: bool,
}

/// One role or several; `public` is everyone.
#[derive(Debug)]
struct Roles(BTreeSet<Grantee>);

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrMore {
            One(String),
            More(Vec<String>),
        }
        let names = match OneOrMore::deserialize(deserializer)? {
            OneOrMore::One(name) => vec![name],
            OneOrMore::More(names) => names,
        };
        if names.is_empty() {
            return Err(D::Error::custom("the list of roles is empty"));
        }
        let grantee = |name: String| match name.as_str() {
            "public" => Ok(Grantee::Public),
            _ => {
                Grantee::role(Ident::new(name).map_err(D::Error::custom)?).map_err(D::Error::custom)
            }
        };
        Ok(Roles(names.into_iter().map(grantee).collect::<Result<_, _>>()?))
    }
}

impl Beside {
    /// What it is on, and what it gives.
    pub(crate) fn declared(&self) -> Result<(GrantObject, DeclaredGrant), String> {
        let (object, known): (_, &[Privilege]) =
            match (&self.schema, &self.sequence, &self.function) {
                (Some(schema), None, None) => {
                    (GrantObject::Schema(schema.clone()), &Privilege::ON_SCHEMAS)
                }
                (None, Some(name), None) => {
                    (GrantObject::Sequence(qualified(name)?), &Privilege::ON_SEQUENCES)
                }
                (None, None, Some(name)) => {
                    (GrantObject::Function(qualified(name)?), &[Privilege::Execute])
                }
                _ => {
                    let help = "name one of `schema`, `sequence` and `function`";
                    return Err(format!("a `[[grant]]` is on one thing: {help}"));
                }
            };
        if self.privileges.is_empty() {
            return Err(format!("the `[[grant]]` on {object} names no privileges"));
        }
        check(&self.privileges, known, &object.to_string())?;
        passed_on(self.grantable, &self.role)?;
        Ok((object, grant(&self.role, &self.privileges, self.grantable)))
    }
}

impl Defaults {
    /// What it is about, and what it gives.
    pub(crate) fn declared(&self) -> Result<(DefaultTarget, DeclaredGrant), String> {
        if self.on == DefaultObjects::Schemas && self.schema.is_some() {
            return Err("no schema is made in a schema: leave `schema` out".to_owned());
        }
        let creator = self.for_role.clone();
        let target = DefaultTarget { creator, schema: self.schema.clone(), objects: self.on };
        check(&self.privileges, self.on.privileges(), self.on.word())?;
        passed_on(self.grantable, &self.role)?;
        Ok((target, grant(&self.role, &self.privileges, self.grantable)))
    }
}

fn grant(roles: &Roles, privileges: &BTreeSet<Privilege>, grantable: bool) -> DeclaredGrant {
    let (roles, privileges) = (roles.0.clone(), privileges.clone());
    DeclaredGrant { roles, privileges, columns: BTreeSet::new(), grantable }
}

/// Postgres gives grant options to roles only.
fn passed_on(grantable: bool, roles: &Roles) -> Result<(), String> {
    match grantable && roles.0.contains(&Grantee::Public) {
        true => Err("what everyone holds cannot be `grantable`: name the roles".to_owned()),
        false => Ok(()),
    }
}

fn check(given: &BTreeSet<Privilege>, known: &[Privilege], on: &str) -> Result<(), String> {
    let word = |privilege: &Privilege| format!("{privilege:?}").to_lowercase();
    match given.iter().find(|privilege| !known.contains(privilege)) {
        Some(privilege) => {
            let known: Vec<_> = known.iter().map(word).collect();
            Err(format!("there is no `{}` on {on}, only {}", word(privilege), known.join(", ")))
        }
        None => Ok(()),
    }
}

fn qualified(name: &str) -> Result<QualifiedName, String> {
    let (schema, own) = name.split_once('.').unwrap_or(("public", name));
    let ident = |name: &str| Ident::new(name).map_err(|error| error.to_string());
    Ok(QualifiedName::new(ident(schema)?, ident(own)?))
}

/// Roles that nobody knows, and what is said twice.
pub(crate) fn check_all(settings: &Settings) -> Result<(), String> {
    let known: Vec<_> = settings.known_roles().collect();
    let beside = settings.grants_beside.iter().map(|(_, grant)| grant);
    let defaults = settings.default_privileges.iter().map(|(_, grant)| grant);
    for role in beside.chain(defaults).flat_map(|grant| &grant.roles) {
        let Grantee::Role(role) = role else { continue };
        if !known.contains(&role.as_str()) {
            let help = match nearest(role.as_str(), known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "list it under `roles` too".to_owned(),
            };
            return Err(format!("unknown role `{role}`: {help}"));
        }
    }
    for (at, (target, grant)) in settings.default_privileges.iter().enumerate() {
        let same = |(other, before): &&(DefaultTarget, DeclaredGrant)| {
            other == target && !before.roles.is_disjoint(&grant.roles)
        };
        if settings.default_privileges[..at].iter().any(|other| same(&other)) {
            return Err(format!(
                "`[[default-privileges]]` says twice what a role holds on {target}: join the two"
            ));
        }
    }
    Ok(())
}
