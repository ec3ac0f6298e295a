//! What things were called before. A rename is a step and no state: it is declared beside what it is
//! about, and snapshots and databases know none.

use std::collections::BTreeMap;

use super::{Ident, QualifiedName};

/// Names that things had, by the names that they have now. Each is a hint that acts where the old name is
/// there and the new one is not, and does nothing anywhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames {
    /// Of managed roles.
    pub roles: BTreeMap<Ident, Ident>,
    /// Of tables. They stay in their schema.
    pub tables: BTreeMap<QualifiedName, Ident>,
    /// Of sequences that are called after their columns.
    pub sequences: BTreeMap<QualifiedName, Ident>,
    /// Of columns, each beside its table by the name that it has now.
    pub columns: BTreeMap<(QualifiedName, Ident), Ident>,
    /// Of policies, likewise.
    pub policies: BTreeMap<(QualifiedName, Ident), Ident>,
    /// Of values of enums, each beside its type.
    pub values: BTreeMap<(QualifiedName, String), String>,
}

impl Renames {
    /// Whether nothing was called otherwise.
    pub fn is_empty(&self) -> bool {
        let Renames { roles, tables, sequences, columns, policies, values } = self;
        roles.is_empty()
            && tables.is_empty()
            && sequences.is_empty()
            && columns.is_empty()
            && policies.is_empty()
            && values.is_empty()
    }

    /// Adds those of something else.
    pub fn extend(&mut self, other: &Renames) {
        let Renames { roles, tables, sequences, columns, policies, values } = other.clone();
        self.roles.extend(roles);
        self.tables.extend(tables);
        self.sequences.extend(sequences);
        self.columns.extend(columns);
        self.policies.extend(policies);
        self.values.extend(values);
    }
}
