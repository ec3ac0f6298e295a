//! `roles` in rls.toml: names of roles that exist, and tables that describe roles to be made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rls_core::Settings;
use rls_core::model::{Grantee, Ident, Role};
use rls_core::resolve::nearest;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Roles besides the provider's.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    /// Those that exist.
    pub(crate) existing: Vec<Ident>,
    /// Those that are created and kept as described.
    pub(crate) managed: BTreeMap<Ident, Role>,
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut roles = Roles::default();
        for entry in Vec::<Entry>::deserialize(deserializer)? {
            let (Entry::Existing(name) | Entry::Managed(name, _)) = &entry;
            if roles.existing.contains(name) || roles.managed.contains_key(name) {
                return Err(D::Error::custom(format!("the role `{name}` is listed twice")));
            }
            match entry {
                Entry::Existing(name) => roles.existing.push(name),
                Entry::Managed(name, role) => {
                    roles.managed.insert(name, role);
                }
            }
        }
        Ok(roles)
    }
}

enum Entry {
    Existing(Ident),
    Managed(Ident, Role),
}

/// By hand, for serde's own choice between the two forgets what was wrong with either.
impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a role that exists, or a table that describes one to make")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Entry, E> {
                Ok(Entry::Existing(role_name(name)?))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
                let Managed { name, login, inherit, bypass_rls, member_of } =
                    Managed::deserialize(MapAccessDeserializer::new(map))?;
                let member_of: BTreeSet<_> =
                    member_of.iter().map(|role| role_name(role)).collect::<Result<_, _>>()?;
                let role = Role { login, inherit, bypass_rls, member_of, ..Role::default() };
                Ok(Entry::Managed(role_name(&name)?, role))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Managed {
    name: String,
    #[serde(default)]
    login: bool,
    #[serde(default = "yes")]
    inherit: bool,
    #[serde(default)]
    bypass_rls: bool,
    #[serde(default)]
    member_of: Vec<String>,
}

fn yes() -> bool {
    true
}

fn role_name<E: Error>(name: &str) -> Result<Ident, E> {
    let name = Ident::new(name).map_err(E::custom)?;
    Grantee::role(name.clone()).map_err(E::custom)?;
    Ok(name)
}

/// What is wrong with the roles as a whole, in one sentence.
pub(crate) fn check(settings: &Settings) -> Result<(), String> {
    let known: Vec<_> = settings.known_roles().collect();
    for (name, role) in &settings.managed_roles {
        if settings.provider.roles().contains(&name.as_str()) {
            return Err(format!(
                "the role `{name}` is the provider's: it exists and cannot be described here"
            ));
        }
        let unknown = role.member_of.iter().find(|of| !known.contains(&of.as_str()));
        if let Some(of) = unknown {
            let help = match nearest(of.as_str(), known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "list it under `roles` too".to_owned(),
            };
            return Err(format!("the role `{name}` is a member of an unknown role `{of}`: {help}"));
        }
        if above(name, &settings.managed_roles).contains(name) {
            return Err(format!("the role `{name}` would be a member of itself"));
        }
    }
    Ok(())
}

/// Every role that one is a member of, directly or by way of others.
fn above<'a>(name: &Ident, roles: &'a BTreeMap<Ident, Role>) -> BTreeSet<&'a Ident> {
    let of = |name: &Ident| roles.get(name).into_iter().flat_map(|role| &role.member_of);
    let mut found = BTreeSet::new();
    let mut open: Vec<_> = of(name).collect();
    while let Some(role) = open.pop() {
        if found.insert(role) {
            open.extend(of(role));
        }
    }
    found
}
