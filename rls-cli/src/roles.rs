//! `roles` in rls.toml: names of roles that exist, and tables that describe roles to be made.

use std::collections::{BTreeMap, BTreeSet};

use rls_core::Settings;
use rls_core::model::{ExistingRole, Grantee, Ident, Role};
use rls_core::resolve::{nearest, role_mistake};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::name_or_table;

/// Roles besides the provider's.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    /// Those that exist.
    pub(crate) existing: Vec<Ident>,
    /// What is said of some of those.
    pub(crate) described: BTreeMap<Ident, ExistingRole>,
    /// Those that are created and kept as described.
    pub(crate) managed: BTreeMap<Ident, Role>,
    /// What those were called before.
    pub(crate) renamed: BTreeMap<Ident, Ident>,
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut roles = Roles::default();
        for entry in Vec::<Entry>::deserialize(deserializer)? {
            let (Entry::Existing(name, _) | Entry::Managed(name, _, _)) = &entry;
            if roles.existing.contains(name) || roles.managed.contains_key(name) {
                return Err(D::Error::custom(format!("the role `{name}` is listed twice")));
            }
            match entry {
                Entry::Existing(name, described) => {
                    roles.existing.push(name.clone());
                    roles.described.extend(described.map(|role| (name, role)));
                }
                Entry::Managed(name, role, was) => {
                    roles.renamed.extend(was.map(|was| (name.clone(), was)));
                    roles.managed.insert(name, role);
                }
            }
        }
        Ok(roles)
    }
}

enum Entry {
    Existing(Ident, Option<ExistingRole>),
    /// With the name that it had before.
    Managed(Ident, Role, Option<Ident>),
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "the name of a role that exists, or a table that describes one to make";
        let of_name = |name: &str| Ok(Entry::Existing(role_name(name)?, None));
        name_or_table::read(deserializer, expected, of_name, Described::entry)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Described {
    name: String,
    /// What it was called before.
    was: Option<String>,
    /// Whether it is made elsewhere.
    #[serde(default)]
    exists: bool,
    login: Option<bool>,
    inherit: Option<bool>,
    #[serde(default)]
    bypass_rls: bool,
    member_of: Option<Vec<String>>,
}

impl Described {
    fn entry(self) -> Result<Entry, String> {
        let Described { name, was, exists, login, inherit, bypass_rls, member_of } = self;
        let name = role_name(&name)?;
        let was = was.map(|was| role_name(&was)).transpose()?;
        let member_of = member_of.map(|roles| roles.iter().map(|role| role_name(role)).collect());
        let member_of: Option<BTreeSet<_>> = member_of.transpose()?;
        if !exists {
            let member_of = member_of.unwrap_or_default();
            let (login, inherit) = (login.unwrap_or(false), inherit.unwrap_or(true));
            let role = Role { login, inherit, bypass_rls, member_of, ..Role::default() };
            return Ok(Entry::Managed(name, role, was));
        }
        if was.is_some() {
            return Err(format!(
                "the role `{name}` exists, and whoever made it gives it another name: take `was` away"
            ));
        }
        if login.or(inherit).is_some() {
            return Err(format!(
                "the role `{name}` exists, and only `member-of` and `bypass-rls` are said of it here"
            ));
        }
        Ok(Entry::Existing(name, Some(ExistingRole { member_of, bypass_rls })))
    }
}

fn role_name(name: &str) -> Result<Ident, String> {
    let name = Ident::new(name).map_err(|error| error.to_string())?;
    Grantee::role(name.clone()).map_err(|error| error.to_string())?;
    Ok(name)
}

/// What is wrong with the roles as a whole, in one sentence.
pub(crate) fn check(settings: &Settings) -> Result<(), String> {
    let known: Vec<_> = settings.known_roles().collect();
    let provided = settings
        .managed_roles
        .keys()
        .find(|name| settings.provider.roles().contains(&name.as_str()));
    if let Some(name) = provided {
        return Err(format!(
            "the role `{name}` is the provider's: it exists, which `exists = true` says"
        ));
    }
    if let Some((message, help)) = role_mistake(settings) {
        return Err(format!("of the roles, {message}: {help}"));
    }
    for name in settings.members() {
        let unknown = member_of(name, settings).find(|of| !known.contains(&of.as_str()));
        if let Some(of) = unknown {
            let help = match nearest(of.as_str(), known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "list it under `roles` too".to_owned(),
            };
            return Err(format!("the role `{name}` is a member of an unknown role `{of}`: {help}"));
        }
        if above(name, settings).contains(name) {
            return Err(format!("the role `{name}` would be a member of itself"));
        }
    }
    Ok(())
}

/// Every role that one is a member of, directly or by way of others.
fn above<'a>(name: &Ident, settings: &'a Settings) -> BTreeSet<&'a Ident> {
    let mut found = BTreeSet::new();
    let mut open: Vec<_> = member_of(name, settings).collect();
    while let Some(role) = open.pop() {
        if found.insert(role) {
            open.extend(member_of(role, settings));
        }
    }
    found
}

/// The roles that one is declared to be a member of.
fn member_of<'a>(name: &Ident, settings: &'a Settings) -> impl Iterator<Item = &'a Ident> {
    let managed = settings.managed_roles.get(name).map(|role| &role.member_of);
    let existing = settings.existing_roles.get(name).and_then(|role| role.member_of.as_ref());
    managed.into_iter().chain(existing).flatten()
}
