//! `extensions` in rls.toml: names, and tables that say in which schema one is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rls_core::model::Ident;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Extensions besides the provider's.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) names: BTreeSet<Ident>,
    /// The schemas of those that say one.
    pub(crate) schemas: BTreeMap<Ident, Ident>,
}

impl<'de> Deserialize<'de> for Extensions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut extensions = Extensions::default();
        for Entry { name, schema } in Vec::<Entry>::deserialize(deserializer)? {
            if !extensions.names.insert(name.clone()) {
                return Err(D::Error::custom(format!("the extension `{name}` is listed twice")));
            }
            extensions.schemas.extend(schema.map(|schema| (name, schema)));
        }
        Ok(extensions)
    }
}

struct Entry {
    name: Ident,
    schema: Option<Ident>,
}

/// By hand, for serde's own choice between the two forgets what was wrong with either.
impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an extension, or a table with its `name` and `schema`")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Entry, E> {
                Ok(Entry { name: Ident::new(name).map_err(E::custom)?, schema: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
                let Placed { name, schema } = Placed::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Entry { name, schema: Some(schema) })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placed {
    name: Ident,
    schema: Ident,
}
