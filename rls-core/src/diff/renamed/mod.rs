//! A schema in which renames have happened, as Postgres makes them: whatever goes by a name has the new one.
//! Everything is taken apart with no `..`, so that a new field of the model cannot be forgotten.

mod objects;
mod table;
mod text;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{Change, Pair};
use crate::model::{
    BaseType, Commented, DefaultHolder, DefaultPrivilege, DefaultTarget, Grant, GrantObject,
    Grantee, Ident, Owned, PgType, QualifiedName, Role, Routine, Schema,
};

/// The previous schema behind these renames.
pub(crate) fn by<'a>(renames: &[Change], schemas: Pair<&'a Schema>) -> Cow<'a, Schema> {
    if renames.is_empty() {
        return Cow::Borrowed(schemas.previous);
    }
    Cow::Owned(Renamed::of(renames, schemas.next).schema(schemas.previous.clone()))
}

type InTable = (QualifiedName, Ident);

/// The new names by the old ones. What belongs to a table goes by the table's new name.
#[derive(Default)]
struct Renamed {
    roles: BTreeMap<Ident, Ident>,
    tables: BTreeMap<QualifiedName, QualifiedName>,
    sequences: BTreeMap<QualifiedName, QualifiedName>,
    columns: BTreeMap<InTable, Ident>,
    policies: BTreeMap<InTable, Ident>,
    values: BTreeMap<(QualifiedName, String), String>,
    /// Old names of which something else, or something new, is called so in the next state.
    again: BTreeSet<String>,
}

impl Renamed {
    fn of(renames: &[Change], next: &Schema) -> Self {
        let mut all = Renamed::default();
        for change in renames {
            if let Change::RenameRole { name, to } = change {
                all.roles.insert(name.clone(), to.clone());
            } else if let Change::RenameTable { name, to } = change {
                let to = QualifiedName::new(name.schema.clone(), to.clone());
                all.tables.insert(name.clone(), to);
                let relations = next.tables.keys().chain(next.views.keys());
                if { relations }.any(|relation| relation.name == name.name) {
                    all.again.insert(name.name.to_string());
                }
            } else if let Change::RenameSequence { name, to } = change {
                let to = QualifiedName::new(name.schema.clone(), to.clone());
                all.sequences.insert(name.clone(), to);
            } else if let Change::RenameColumn(column) = change {
                let Pair { previous, next: to } = &column.item;
                all.columns.insert((column.table.clone(), previous.clone()), to.clone());
                let table = next.tables.get(&column.table);
                if table.is_some_and(|table| table.column(previous).is_some()) {
                    all.again.insert(previous.to_string());
                }
            } else if let Change::RenamePolicy(policy) = change {
                let Pair { previous, next } = policy.item.clone();
                all.policies.insert((policy.table.clone(), previous), next);
            } else if let Change::RenameValue { name, values } = change {
                let Pair { previous, next: to } = values.clone();
                let ty = next.types.get(name).and_then(|ty| ty.values());
                if ty.is_some_and(|values| values.contains(&previous)) {
                    all.again.insert(previous.clone());
                }
                all.values.insert((name.clone(), previous), to);
            }
        }
        all
    }

    fn schema(&self, schema: Schema) -> Schema {
        let Schema {
            extensions,
            extension_schemas,
            namespaces,
            grantees,
            roles,
            memberships,
            exempt_roles,
            sequences,
            types,
            tables,
            views,
            readers,
            functions,
            strays,
            comments,
            undeclared_comments,
            owners,
            undeclared_owners,
            grants,
            grant_options,
            grants_by_name,
            default_privileges,
            settled_defaults,
            renames,
        } = schema;
        let tables = tables.into_values().map(|table| self.table(table));
        let types = types.into_values().map(|ty| self.user_type(ty));
        let sequences = sequences.into_values().map(|sequence| self.sequence(sequence));
        let views = views.into_values().map(|view| self.view(view));
        let functions = functions.into_values().map(|function| self.function(function));
        let memberships =
            memberships.into_iter().map(|(member, of)| (self.role(member), self.roles(of)));
        let roles = roles.into_iter().map(|(name, role)| (self.role(name), self.described(role)));
        let on = |comments: BTreeMap<Commented, String>| {
            comments.into_iter().map(|(on, text)| (self.commented(on), text)).collect()
        };
        let of = |owners: BTreeMap<Owned, Ident>| {
            owners.into_iter().map(|(owned, owner)| (self.owned(owned), self.role(owner))).collect()
        };
        let held =
            |grants: BTreeSet<Grant>| grants.into_iter().map(|grant| self.grant(grant)).collect();
        Schema {
            extensions,
            extension_schemas,
            namespaces,
            grantees: grantees.into_iter().map(|grantee| self.grantee(grantee)).collect(),
            roles: roles.collect(),
            memberships: memberships.collect(),
            exempt_roles: self.roles(exempt_roles),
            sequences: sequences.map(|sequence| (sequence.name.clone(), sequence)).collect(),
            types: types.map(|ty| (ty.name.clone(), ty)).collect(),
            tables: tables.map(|table| (table.name.clone(), table)).collect(),
            views: views.map(|view| (view.name.clone(), view)).collect(),
            readers: readers.into_iter().map(|(name, read)| (name, self.read(read))).collect(),
            functions: functions.map(|function| (function.routine(), function)).collect(),
            strays: strays.into_iter().map(|routine| self.routine(routine)).collect(),
            comments: on(comments),
            undeclared_comments: on(undeclared_comments),
            owners: of(owners),
            undeclared_owners: of(undeclared_owners),
            grants: held(grants),
            grant_options: held(grant_options),
            grants_by_name: held(grants_by_name),
            default_privileges: default_privileges
                .into_iter()
                .map(|it| self.default_privilege(it))
                .collect(),
            settled_defaults: settled_defaults.into_iter().map(|it| self.holder(it)).collect(),
            renames,
        }
    }

    fn role(&self, name: Ident) -> Ident {
        self.roles.get(&name).cloned().unwrap_or(name)
    }

    fn roles(&self, names: BTreeSet<Ident>) -> BTreeSet<Ident> {
        names.into_iter().map(|name| self.role(name)).collect()
    }

    fn grantee(&self, grantee: Grantee) -> Grantee {
        match grantee {
            Grantee::Public => Grantee::Public,
            Grantee::Role(name) => Grantee::Role(self.role(name)),
        }
    }

    fn described(&self, role: Role) -> Role {
        let Role { login, inherit, bypass_rls, member_of, powers } = role;
        Role { login, inherit, bypass_rls, member_of: self.roles(member_of), powers }
    }

    /// A table, a sequence, or what only shares their name space.
    fn relation(&self, name: QualifiedName) -> QualifiedName {
        let found = self.tables.get(&name).or_else(|| self.sequences.get(&name));
        found.cloned().unwrap_or(name)
    }

    /// A column of a table that goes by its new name.
    fn column_of(&self, table: &QualifiedName, column: Ident) -> Ident {
        let key = (table.clone(), column);
        self.columns.get(&key).cloned().unwrap_or(key.1)
    }

    fn policy_of(&self, table: &QualifiedName, policy: Ident) -> Ident {
        let key = (table.clone(), policy);
        self.policies.get(&key).cloned().unwrap_or(key.1)
    }

    /// A table is a type too: that of its rows.
    fn ty(&self, ty: PgType) -> PgType {
        let PgType { mut base, modifiers, array } = ty;
        if let BaseType::Named(name) = &mut base {
            *name = self.relation(name.clone());
        }
        PgType { base, modifiers, array }
    }

    fn routine(&self, routine: Routine) -> Routine {
        let Routine { name, arguments } = routine;
        Routine { name, arguments: arguments.into_iter().map(|ty| self.ty(ty)).collect() }
    }

    fn grant(&self, grant: Grant) -> Grant {
        let Grant { object, grantee, privilege } = grant;
        let object = match object {
            GrantObject::Table(name) => GrantObject::Table(self.relation(name)),
            GrantObject::Column { table, column } => {
                let table = self.relation(table);
                let column = self.column_of(&table, column);
                GrantObject::Column { table, column }
            }
            GrantObject::Routine(routine) => GrantObject::Routine(self.routine(routine)),
            GrantObject::Sequence(name) => GrantObject::Sequence(self.relation(name)),
            GrantObject::Schema(_) | GrantObject::Function(_) | GrantObject::AllTables(_) => object,
        };
        Grant { object, grantee: self.grantee(grantee), privilege }
    }

    fn owned(&self, owned: Owned) -> Owned {
        match owned {
            Owned::Relation(name) => Owned::Relation(self.relation(name)),
            Owned::Function(routine) => Owned::Function(self.routine(routine)),
            Owned::Schema(_) | Owned::Type(_) => owned,
        }
    }

    fn commented(&self, on: Commented) -> Commented {
        match on {
            Commented::Table(name) => Commented::Table(self.relation(name)),
            Commented::Column(table, column) => {
                let table = self.relation(table);
                let column = self.column_of(&table, column);
                Commented::Column(table, column)
            }
            Commented::Constraint(table, name) => Commented::Constraint(self.relation(table), name),
            Commented::Policy(table, name) => {
                let table = self.relation(table);
                let name = self.policy_of(&table, name);
                Commented::Policy(table, name)
            }
            Commented::Trigger(table, name) => Commented::Trigger(self.relation(table), name),
            Commented::Function(routine) => Commented::Function(self.routine(routine)),
            Commented::Sequence(name) => Commented::Sequence(self.relation(name)),
            Commented::Schema(_)
            | Commented::Type(_)
            | Commented::View(_)
            | Commented::MaterializedView(_)
            | Commented::Index(_) => on,
        }
    }

    fn target(&self, target: DefaultTarget) -> DefaultTarget {
        let DefaultTarget { creator, schema, objects } = target;
        DefaultTarget { creator: creator.map(|role| self.role(role)), schema, objects }
    }

    fn default_privilege(&self, default: DefaultPrivilege) -> DefaultPrivilege {
        let DefaultPrivilege { target, grantee, privilege, grantable } = default;
        let (target, grantee) = (self.target(target), self.grantee(grantee));
        DefaultPrivilege { target, grantee, privilege, grantable }
    }

    fn holder(&self, holder: DefaultHolder) -> DefaultHolder {
        let DefaultHolder { target, grantee } = holder;
        DefaultHolder { target: self.target(target), grantee: self.grantee(grantee) }
    }

    fn read(
        &self,
        read: BTreeSet<(QualifiedName, Option<Ident>)>,
    ) -> BTreeSet<(QualifiedName, Option<Ident>)> {
        let renamed = |(name, column): (QualifiedName, Option<Ident>)| {
            let name = self.relation(name);
            let column = column.map(|column| self.column_of(&name, column));
            (name, column)
        };
        read.into_iter().map(renamed).collect()
    }
}
