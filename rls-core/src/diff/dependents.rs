//! What leans on something that is rebuilt, and has to make way for it: Postgres changes no type
//! under a foreign key, a policy, a trigger or a view, and drops no key that a foreign key points at and no
//! function that a policy or a trigger calls.

use std::collections::BTreeSet;

use super::column::is_retyped;
use super::table::On;
use super::{Change, Pair, callers, readers};
use crate::lex;
use crate::model::{
    BaseType, ForeignKey, Ident, Partitioning, PgType, Policy, QualifiedName, Schema, Sql, Table,
    Trigger,
};

/// Adds the dropping and making again of what stays as it is, but leans on what the changes rebuild;
/// and of what leans on that in turn.
pub(super) fn rebuild(schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    loop {
        let before = changes.len();
        let rebuilt = Rebuilt::by(changes, schemas);
        let mut again = Vec::new();
        for next in schemas.next.tables.values() {
            let Some(previous) = schemas.previous.tables.get(&next.name) else { continue };
            let tables = Pair { previous, next };
            foreign_keys(tables, &rebuilt, changes, &mut again);
            policies(tables, &rebuilt, changes, &mut again);
            triggers(tables, &rebuilt, changes, &mut again);
        }
        changes.extend(again);
        callers::rebuild(schemas, &rebuilt, changes);
        let views = readers::rebuild(schemas, &rebuilt, changes);
        if changes.len() == before && !views {
            break;
        }
    }
}

/// What goes, or is made anew.
#[derive(Default)]
pub(super) struct Rebuilt {
    /// Columns with another type, and columns of keys that go or are made anew.
    columns: BTreeSet<(QualifiedName, Ident)>,
    /// Tables that are made anew, or of which a part is taken off for a while.
    tables: BTreeSet<QualifiedName>,
    /// Functions and views that go, types that are made anew, tables of columns that go or get another type, and
    /// tables made anew.
    named: BTreeSet<Ident>,
    /// Functions that go.
    functions: BTreeSet<Ident>,
    /// Types that are made anew, those of rows of tables and views among them.
    types: BTreeSet<QualifiedName>,
}

impl Rebuilt {
    fn by(changes: &[Change], schemas: Pair<&Schema>) -> Self {
        let mut rebuilt = Rebuilt::default();
        let mut columns = |table: &QualifiedName, columns: &[Ident]| {
            let all = columns.iter().map(|column| (table.clone(), column.clone()));
            rebuilt.columns.extend(all);
        };
        for change in changes {
            if let Change::AlterColumn(column) = change {
                if is_retyped(&column.item) {
                    let name = &column.item.next.name;
                    columns(&column.table, std::slice::from_ref(name));
                    // Postgres makes such a key anew, and knows nothing of what points at it.
                    let table = schemas.previous.tables.get(&column.table);
                    for (key, include) in table.into_iter().flat_map(Table::keys) {
                        if include.contains(name) {
                            columns(&column.table, &key);
                        }
                    }
                    rebuilt.named.insert(column.table.name.clone());
                }
            } else if let Change::DropColumn(column) = change {
                columns(&column.table, std::slice::from_ref(&column.item));
                rebuilt.named.insert(column.table.name.clone());
            } else if let Change::DropFunction(routine) = change {
                rebuilt.named.insert(routine.name.name.clone());
                rebuilt.functions.insert(routine.name.name.clone());
            } else if let Change::DropTable(name) = change {
                if schemas.next.tables.contains_key(name) {
                    rebuilt.tables.insert(name.clone());
                    rebuilt.named.insert(name.name.clone());
                    rebuilt.types.insert(name.clone());
                }
            } else if let Change::DropView { name, kind: _ } = change {
                rebuilt.named.insert(name.name.clone());
                rebuilt.types.insert(name.clone());
            } else if let Change::DetachPartition(partition) = change {
                rebuilt.tables.extend(root(&partition.item, schemas.previous).cloned());
            } else if let Change::RenameType { name, to: _ } = change {
                rebuilt.named.insert(name.name.clone());
                rebuilt.types.insert(name.clone());
            } else if let Change::DropPrimaryKey(key) = change {
                columns(&key.table, &key.item.columns);
            } else if let Change::DropUnique(key) = change {
                columns(&key.table, &key.item.item.columns);
            }
        }
        rebuilt
    }

    /// Whether a trigger is about one of the columns, asks one, or calls what goes.
    fn stops(&self, table: &QualifiedName, trigger: &Trigger) -> bool {
        let columns = self.columns.iter().filter(|(of, _)| of == table);
        let columns: BTreeSet<_> = columns.map(|(_, column)| column.as_str()).collect();
        self.called_by(trigger)
            || trigger.columns.iter().any(|column| columns.contains(column.as_str()))
            || trigger
                .when
                .iter()
                .any(|when| lex::has_name(when.as_str(), |name| columns.contains(name)))
    }

    fn touches(&self, table: &QualifiedName, key: &ForeignKey) -> bool {
        let own = key.columns.iter().map(|column| (table.clone(), column.clone()));
        let other = key.references.iter().map(|column| (key.table.clone(), column.clone()));
        self.tables.contains(&key.table)
            || own.chain(other).any(|column| self.columns.contains(&column))
    }

    /// Whether a text names one of them. A name that means something else costs a policy that
    /// is made again for nothing.
    pub(super) fn named_in(&self, sql: &Sql) -> bool {
        lex::has_name(sql.as_str(), |name| {
            self.named.iter().any(|rebuilt| rebuilt.as_str() == name)
        })
    }

    /// Whether a type is made anew.
    pub(super) fn is_anew(&self, ty: &PgType) -> bool {
        matches!(&ty.base, BaseType::Named(name) if self.types.contains(name))
    }

    /// Whether a text calls a function that goes.
    pub(super) fn called_in(&self, sql: &Sql) -> bool {
        !self.functions.is_empty()
            && lex::has_name(sql.as_str(), |name| {
                self.functions.iter().any(|it| it.as_str() == name)
            })
    }

    /// Whether a trigger calls a function that goes.
    pub(super) fn called_by(&self, trigger: &Trigger) -> bool {
        self.functions.contains(&trigger.function.name)
            || trigger.when.iter().any(|when| self.called_in(when))
    }
}

/// The table that a partition belongs to, at whatever depth.
fn root<'a>(partition: &QualifiedName, schema: &'a Schema) -> Option<&'a QualifiedName> {
    let holds = |table: &&Table<Sql>| {
        let all = table.partitioning.iter().flat_map(Partitioning::all);
        all.into_iter().any(|it| &it.name == partition)
    };
    schema.tables.values().find(holds).map(|table| &table.name)
}

fn foreign_keys(
    tables: Pair<&Table<Sql>>,
    rebuilt: &Rebuilt,
    changes: &[Change],
    again: &mut Vec<Change>,
) {
    let on = On(&tables.next.name);
    for (name, key) in &tables.previous.foreign_keys {
        let dropped = Change::DropForeignKey(on.named(name, key));
        let stays = !changes.contains(&dropped);
        if stays && rebuilt.touches(&tables.next.name, key) {
            again.extend([dropped, Change::AddForeignKey(on.named(name, key))]);
        }
    }
}

fn policies(
    tables: Pair<&Table<Sql>>,
    rebuilt: &Rebuilt,
    changes: &[Change],
    again: &mut Vec<Change>,
) {
    let on = On(&tables.next.name);
    for (name, policy) in &tables.previous.policies {
        let Some(next) = tables.next.policies.get(name) else { continue };
        let dropped = Change::DropPolicy(on.named(name, policy));
        let stays = !changes.contains(&dropped);
        if stays && Policy::exprs(policy).any(|sql| rebuilt.named_in(sql)) {
            again.extend([dropped, Change::CreatePolicy(on.named(name, next))]);
        }
    }
}

fn triggers(
    tables: Pair<&Table<Sql>>,
    rebuilt: &Rebuilt,
    changes: &[Change],
    again: &mut Vec<Change>,
) {
    let on = On(&tables.next.name);
    if changes.contains(&Change::DropTable(on.0.clone())) {
        return;
    }
    for (name, trigger) in &tables.previous.triggers {
        let Some(next) = tables.next.triggers.get(name) else { continue };
        let dropped = Change::DropTrigger(on.named(name, trigger));
        if !changes.contains(&dropped) && rebuilt.stops(&tables.next.name, trigger) {
            again.extend([dropped, Change::CreateTrigger(on.named(name, next))]);
        }
    }
}
