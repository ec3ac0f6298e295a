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

/// A name in `public`, or one behind that of its schema. A part with a dot in it stands in quotes, as in SQL.
fn qualified(name: &str) -> Result<QualifiedName, String> {
    let (first, rest) = part(name)?;
    let (schema, own) = match rest {
        None => ("public".to_owned(), first),
        Some(rest) => match part(rest)? {
            (own, None) => (first, own),
            (_, Some(_)) => {
                let help = "put a name with a dot in it in quotes, as in '\"my.schema\".name'";
                return Err(format!("`{name}` has more than two parts: {help}"));
            }
        },
    };
    let ident = |name: String| Ident::new(name).map_err(|error| error.to_string());
    Ok(QualifiedName::new(ident(schema)?, ident(own)?))
}

/// What stands before the first dot, and what stands behind it.
fn part(name: &str) -> Result<(String, Option<&str>), String> {
    let Some(quoted) = name.strip_prefix('"') else {
        return Ok(match name.split_once('.') {
            Some((first, rest)) => (first.to_owned(), Some(rest)),
            None => (name.to_owned(), None),
        });
    };
    let mut text = String::new();
    let mut left = quoted;
    while let Some((before, after)) = left.split_once('"') {
        text += before;
        match after.strip_prefix('"') {
            Some(more) => {
                text.push('"');
                left = more;
            }
            None if after.is_empty() => return Ok((text, None)),
            None => match after.strip_prefix('.') {
                Some(rest) => return Ok((text, Some(rest))),
                None => break,
            },
        }
    }
    Err(format!("`{name}` is no name: its quotes do not match"))
}

/// The same the other way round.
pub(crate) fn dotted(name: &QualifiedName) -> String {
    let part = |name: &Ident| match name.as_str() {
        plain if plain.contains(['.', '"']) => format!("\"{}\"", plain.replace('"', "\"\"")),
        plain => plain.to_owned(),
    };
    format!("{}.{}", part(&name.schema), part(&name.name))
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
            let told_apart = before.grantable != grant.grantable;
            other == target && !told_apart && !before.roles.is_disjoint(&grant.roles)
        };
        if settings.default_privileges[..at].iter().any(|other| same(&other)) {
            return Err(format!(
                "`[[default-privileges]]` says twice what a role holds on {target}: join the two"
            ));
        }
    }
    Ok(())
}
