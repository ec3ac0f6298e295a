//! Who may do what, what objects to come will carry, and to whom things belong.

use std::collections::BTreeSet;

use rls_core::model::*;

use super::draft::id;
use super::maker::{KEEPER, Maker, ROLES, SCHEMAS};

impl Maker {
    pub fn access(&mut self) {
        let grantees: Vec<_> = self.draft.schema.grantees.iter().cloned().collect();
        for (object, privileges) in self.objects() {
            for grantee in self.dice.some(&grantees, 2) {
                for privilege in self.dice.some(&privileges, 3) {
                    let grant =
                        Grant { object: object.clone(), grantee: grantee.clone(), privilege };
                    let schema = &mut self.draft.schema;
                    if self.dice.one_in(5) && grantee != Grantee::Public {
                        schema.grant_options.insert(grant.clone());
                    }
                    let beside = matches!(
                        object,
                        GrantObject::Schema(_)
                            | GrantObject::Sequence(_)
                            | GrantObject::Function(_)
                            | GrantObject::Routine(_)
                    );
                    if beside && self.dice.one_in(3) {
                        schema.grants_by_name.insert(grant.clone());
                    }
                    schema.grants.insert(grant);
                }
            }
        }
        for _ in 0..self.dice.below(3) {
            self.default_privileges(&grantees);
        }
    }

    /// Some of what privileges can be on, and which there are.
    fn objects(&mut self) -> Vec<(GrantObject, Vec<Privilege>)> {
        let schema = self.draft.schema.clone();
        let mut objects = Vec::new();
        let on_column =
            [Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::References];
        for table in schema.tables.values() {
            objects.push((GrantObject::Table(table.name.clone()), self.on_tables()));
            for column in self.dice.some(&table.columns, 2) {
                let object = GrantObject::Column { table: table.name.clone(), column: column.name };
                objects.push((object, on_column.to_vec()));
            }
        }
        for name in schema.views.keys() {
            objects.push((GrantObject::Table(name.clone()), self.on_tables()));
        }
        for name in schema.sequences.keys() {
            objects.push((GrantObject::Sequence(name.clone()), Privilege::ON_SEQUENCES.to_vec()));
        }
        for routine in schema.functions.keys() {
            let object = match routine.is_private() {
                true => GrantObject::Function(routine.name.clone()),
                false => GrantObject::Routine(routine.clone()),
            };
            objects.push((object, vec![Privilege::Execute]));
        }
        for name in self.dice.some(&SCHEMAS, 2) {
            objects.push((GrantObject::Schema(id(name)), Privilege::ON_SCHEMAS.to_vec()));
        }
        if self.dice.one_in(6) {
            let name = self.some_schema();
            objects.push((GrantObject::AllTables(name), Privilege::ROWS.to_vec()));
        }
        objects
    }

    fn on_tables(&self) -> Vec<Privilege> {
        let mut all = vec![Privilege::Truncate, Privilege::References, Privilege::Trigger];
        all.extend(Privilege::ROWS);
        all.extend((self.draft.version >= 17).then_some(Privilege::Maintain));
        all
    }

    fn default_privileges(&mut self, grantees: &[Grantee]) {
        use DefaultObjects::{Functions, Schemas, Sequences, Tables, Types};
        let objects = self.dice.any(&[Tables, Sequences, Functions, Types, Schemas]).unwrap();
        let everywhere = objects == Schemas || self.dice.one_in(4);
        let schema = (!everywhere).then(|| self.some_schema());
        let Some(grantee) = self.dice.any(grantees) else { return };
        let creator = self.dice.one_in(4).then(|| id(KEEPER));
        let target = DefaultTarget { creator, schema, objects };
        let privileges = match objects {
            Tables => self.on_tables(),
            Sequences | Functions | Types | Schemas => objects.privileges().to_vec(),
        };
        let grantable = grantee != Grantee::Public && self.dice.one_in(4);
        for privilege in self.dice.some(&privileges, 2) {
            let (target, grantee) = (target.clone(), grantee.clone());
            let default = DefaultPrivilege { target, grantee, privilege, grantable };
            self.draft.schema.default_privileges.insert(default);
        }
        if self.dice.one_in(3) {
            self.draft.schema.settled_defaults.insert(DefaultHolder { target, grantee });
        }
    }

    /// Which of the roles that exist are members of which, and which no policy binds.
    pub fn memberships(&mut self) {
        let version = self.draft.version;
        let schema = &mut self.draft.schema;
        for (at, name) in ROLES.iter().enumerate() {
            // Before, whoever may give a role away has all that it has.
            if version >= 16 && self.dice.one_in(8) {
                let before = self.dice.some(&ROLES[..at], 2).into_iter().map(id).collect();
                schema.memberships.insert(id(name), before);
            }
            if self.dice.one_in(20) {
                schema.exempt_roles.insert(id(name));
            }
        }
    }

    /// What belongs to somebody else than to whoever applies.
    pub fn owners(&mut self) {
        if !self.dice.one_in(4) {
            return;
        }
        for owned in ownable(&self.draft.schema) {
            if self.dice.one_in(3) {
                self.draft.schema.owners.insert(owned, id(KEEPER));
            }
        }
    }
}

/// Everything that belongs to somebody, but for what goes with something else.
fn ownable(schema: &Schema) -> BTreeSet<Owned> {
    let mut all: BTreeSet<_> = SCHEMAS.map(|name| Owned::Schema(id(name))).into();
    all.extend(schema.types.keys().cloned().map(Owned::Type));
    let functions = schema.functions.keys().filter(|routine| !routine.is_private());
    all.extend(functions.cloned().map(Owned::Function));
    let partitions = schema.tables.values().flat_map(super::partitions::names);
    let relations = schema.tables.keys().chain(schema.views.keys()).cloned().chain(partitions);
    all.extend(relations.map(Owned::Relation));
    let alone = schema.sequences.values().filter(|sequence| sequence.owner.is_none());
    all.extend(alone.map(|sequence| Owned::Relation(sequence.name.clone())));
    all
}

/// Takes out owners of what is not there, and lets the others have what an owner needs.
pub fn repair(schema: &mut Schema) {
    let all = ownable(schema);
    schema.owners.retain(|owned, _| all.contains(owned));
    for (owned, owner) in schema.owners.clone() {
        let Some(name) = owned.name() else { continue };
        let grantee = Grantee::Role(owner);
        schema.grantees.insert(grantee.clone());
        let object = GrantObject::Schema(name.schema.clone());
        schema.grants.insert(Grant { object, grantee, privilege: Privilege::Create });
    }
    let governed = |role: &Ident| schema.grantees.contains(&Grantee::Role(role.clone()));
    for roles in schema.memberships.values_mut() {
        roles.retain(governed);
    }
    schema.memberships.retain(|role, _| governed(role));
}
