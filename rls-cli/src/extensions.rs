//! `extensions` in rls.toml: names, and tables that say in which schema one is.

use std::collections::{BTreeMap, BTreeSet};

use rls_core::model::Ident;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::name_or_table;

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

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "the name of an extension, or a table with its `name` and `schema`";
        let of_name = |name: &str| {
            let name = Ident::new(name).map_err(|error| error.to_string())?;
            Ok(Entry { name, schema: None })
        };
        let of_table = |Placed { name, schema }| Ok(Entry { name, schema: Some(schema) });
        name_or_table::read(deserializer, expected, of_name, of_table)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placed {
    name: Ident,
    schema: Ident,
}
