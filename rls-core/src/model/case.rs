//! How the variants of an enum become the values of one in the database: the ways that
//! `rename_all = ".."` names, for whoever reads declarations and whoever writes them.

use super::snake_case;

/// How variants become values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Snake,
    Kebab,
    Lower,
    Upper,
    ScreamingSnake,
    Camel,
    Pascal,
}

/// Each by its name; the first is the one that goes without saying.
pub(crate) const CASES: [(&str, Case); 7] = [
    ("snake_case", Case::Snake),
    ("kebab-case", Case::Kebab),
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("camelCase", Case::Camel),
    ("PascalCase", Case::Pascal),
];

impl Case {
    /// The value of a variant.
    pub(crate) fn of(self, variant: &str) -> String {
        match self {
            Case::Snake => snake_case(variant),
            Case::Kebab => snake_case(variant).replace('_', "-"),
            Case::Lower => variant.to_lowercase(),
            Case::Upper => variant.to_uppercase(),
            Case::ScreamingSnake => snake_case(variant).to_uppercase(),
            Case::Camel => {
                let mut chars = variant.chars();
                let first = chars.next().map(char::to_lowercase);
                first.into_iter().flatten().chain(chars).collect()
            }
            Case::Pascal => variant.to_owned(),
        }
    }
}
