//! Entries of a list in rls.toml that are a name or a table. By hand, for serde's own choice between the two
//! forgets what was wrong with either.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads one; `of_name` and `of_table` say what it means, or what is wrong with it.
pub(crate) fn read<'de, D: Deserializer<'de>, T: Deserialize<'de>, R>(
    deserializer: D,
    expected: &'static str,
    of_name: impl FnOnce(&str) -> Result<R, String>,
    of_table: impl FnOnce(T) -> Result<R, String>,
) -> Result<R, D::Error> {
    deserializer.deserialize_any(Either { expected, of_name, of_table, table: PhantomData })
}

struct Either<N, F, T> {
    expected: &'static str,
    of_name: N,
    of_table: F,
    table: PhantomData<T>,
}

impl<'de, R, T, N, F> Visitor<'de> for Either<N, F, T>
where
    T: Deserialize<'de>,
    N: FnOnce(&str) -> Result<R, String>,
    F: FnOnce(T) -> Result<R, String>,
{
    type Value = R;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<R, E> {
        (self.of_name)(name).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<R, A::Error> {
        (self.of_table)(T::deserialize(MapAccessDeserializer::new(map))?).map_err(A::Error::custom)
    }
}
