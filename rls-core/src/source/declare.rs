//! What was read becomes what is declared: names in Rust, expressions in the words of the declaration where
//! they are known, and what belongs to a table at that table.

use std::collections::{BTreeMap, BTreeSet};

use super::beside::{self, Types};
use super::names::{self, Structs};
use crate::model::{
    BaseType, Commented, DeclaredGrant, DeclaredPartition, DeclaredSequence, DeclaredTable, Expr,
    Grant, GrantObject, Grantee, Ident, Owned, Partitioning, Privilege, QualifiedName, RowSecurity,
    Schema, Sequence, Site, Sql, Table,
};
use crate::render;
use crate::resolve::{Declared, Part, ResolveErrors};

/// Expressions that are known in the words of the declaration, by where they stand. All others are
/// `sql("..")`.
pub type Known = BTreeMap<(QualifiedName, Site), Expr>;

/// What a declaration does not say, one sentence each.
pub type Unsaid = Vec<String>;

/// What tables and columns are called in Rust.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<QualifiedName, Named>);

/// What one table is called.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) rust_name: String,
    /// The fields by column.
    pub(super) fields: BTreeMap<Ident, String>,
}

impl Names {
    /// Finds a name for everything in a schema.
    pub fn of(schema: &Schema) -> Self {
        let mut structs = Structs::default();
        let named = schema.tables.iter().map(|(name, table)| {
            let columns: Vec<_> = table.columns.iter().map(|column| &column.name).collect();
            let fields = names::fields(&columns);
            let fields = columns.into_iter().cloned().zip(fields).collect();
            (name.clone(), Named { rust_name: structs.name(name), fields })
        });
        Names(named.collect())
    }

    pub(super) fn table(&self, name: &QualifiedName) -> Option<&Named> {
        self.0.get(name)
    }
}

/// Declares what a schema holds. `grants` are the privileges to declare by name.
pub fn declare(
    schema: &Schema,
    names: &Names,
    known: &Known,
    grants: &BTreeSet<Grant>,
) -> (Declared, Unsaid) {
    let mut unsaid = Unsaid::new();
    let mut serials = BTreeSet::new();
    let types = Types::of(schema);
    let mut tables = Vec::new();
    for table in schema.tables.values() {
        let own = own_sequences(table, schema, grants);
        serials.extend(own.iter().map(|sequence| sequence.name.clone()));
        let mut declared = DeclaredTable {
            sequences: own,
            comments: comments(table, schema, &mut unsaid),
            ..one(table, names, known, schema, grants)
        };
        types.bring_to(&mut declared);
        tables.push(declared);
    }
    let free = schema.sequences.values().filter(|sequence| !serials.contains(&sequence.name));
    let sequences = free.map(|sequence| DeclaredSequence {
        sequence: sequence.as_kept(),
        comment: schema.comments.get(&Commented::Sequence(sequence.name.clone())).cloned(),
        owner: schema.owners.get(&Owned::Relation(sequence.name.clone())).cloned(),
        grants: gathered(&GrantObject::Sequence(sequence.name.clone()), schema, grants),
    });
    let sequences = sequences.collect();
    let types = types.into_declared();
    let functions = beside::functions(schema, grants, &mut unsaid);
    let views = beside::views(schema, grants);
    (Declared { tables, sequences, types, functions, views }, unsaid)
}

/// Takes back the expressions that are at fault; whether there were any.
pub fn take_back_mistakes(errors: &ResolveErrors, known: &mut Known) -> bool {
    let before = known.len();
    for error in &errors.0 {
        if let Part::Expr(site, _) = &error.part {
            known.remove(&(error.table.clone(), site.clone()));
        } else {
            // Its table may be at fault by what it says: without doubt by none of it.
            known.retain(|(table, _), _| *table != error.table);
        }
    }
    known.len() < before
}

fn one(
    table: &Table<Sql>,
    names: &Names,
    known: &Known,
    schema: &Schema,
    grants: &BTreeSet<Grant>,
) -> DeclaredTable {
    let mut expr = |site: Site, sql: &Sql| {
        let known = known.get(&(table.name.clone(), site)).cloned();
        known.unwrap_or_else(|| Expr::Sql(sql.as_str().trim().to_owned()))
    };
    let mut declared = table.map(&mut expr);
    let named = names.table(&table.name);
    let field = |name: &Ident| named.and_then(|named| named.fields.get(name)).cloned();
    let fields = table.columns.iter().map(|column| field(&column.name).unwrap_or_default());
    let fields = fields.collect();
    let rust_name = named.map(|named| named.rust_name.clone()).unwrap_or_default();
    let force = (table.row_security == RowSecurity::Forced).then_some(true);
    if force.is_some() {
        declared.row_security = RowSecurity::Enabled;
    }
    let partitions = partitions(table, schema, grants);
    if let Some(partitioning) = &mut declared.partitioning {
        closed(partitioning);
    }
    let mut implied_checks = BTreeSet::new();
    for (name, policy) in &mut declared.policies {
        if policy.with_check.is_none() && policy.effective_check().is_some() {
            policy.with_check = policy.using.clone();
            implied_checks.insert(name.clone());
        }
    }
    for column in &mut declared.columns {
        column.numbering = column.numbering.as_kept(&column.ty.base);
    }
    DeclaredTable {
        rust_name,
        fields,
        force,
        implied_checks,
        partitions,
        owner: schema.owners.get(&Owned::Relation(table.name.clone())).cloned(),
        grants: on_relation(&table.name, schema, grants),
        ..DeclaredTable::from(declared)
    }
}

/// What partitions have that does not follow from their table.
fn partitions(
    table: &Table<Sql>,
    schema: &Schema,
    grants: &BTreeSet<Grant>,
) -> BTreeMap<QualifiedName, DeclaredPartition> {
    let usual = table.row_security.of_partitions();
    let owner = |name: &QualifiedName| schema.owners.get(&Owned::Relation(name.clone()));
    let said = table.partitioning.iter().flat_map(Partitioning::all).map(|partition| {
        let name = &partition.name;
        let force = match partition.row_security {
            RowSecurity::Disabled => None,
            closed => (closed != usual).then_some(closed == RowSecurity::Forced),
        };
        let own = owner(name).filter(|own| Some(*own) != owner(&table.name)).cloned();
        let grants = on_relation(name, schema, grants);
        (name.clone(), DeclaredPartition { force, owner: own, grants })
    });
    said.filter(|(_, said)| *said != DeclaredPartition::default()).collect()
}

/// Whether one that is closed is closed to its owner too is said, or follows from the table.
fn closed(partitioning: &mut Partitioning) {
    for partition in partitioning.partitions.values_mut() {
        partition.row_security = partition.row_security.min(RowSecurity::Enabled);
        partition.partitioning.iter_mut().for_each(closed);
    }
}

/// The sequences that columns bring along as `serial`: under any name in the table's schema, counting in
/// the column's own type, with nothing about them that the column could not say.
fn own_sequences(table: &Table<Sql>, schema: &Schema, grants: &BTreeSet<Grant>) -> Vec<Sequence> {
    let own = table.columns.iter().filter_map(|column| {
        let default = column.default.as_ref()?;
        let is_own = |sequence: &&Sequence| {
            let owner = sequence.owner.as_ref();
            let owned =
                owner.is_some_and(|owner| owner.table == table.name && owner.column == column.name);
            let object = GrantObject::Sequence(sequence.name.clone());
            owned
                && next_of(&sequence.name) == *default
                && sequence.name.schema == table.name.schema
                && sequence.ty == column.ty
                && [BaseType::SmallInt, BaseType::Integer, BaseType::BigInt]
                    .contains(&column.ty.base)
                && !column.nullable
                && !schema.comments.contains_key(&Commented::Sequence(sequence.name.clone()))
                && !grants.iter().any(|grant| grant.object == object)
        };
        schema.sequences.values().find(is_own).map(Sequence::as_kept)
    });
    own.collect()
}

/// What counts with a sequence, as the server writes it.
pub(super) fn next_of(sequence: &QualifiedName) -> Sql {
    Sql::new(format!("nextval({}::regclass)", render::literal(&render::qualified(sequence))))
}

/// Comments on a table and what belongs to it. What is not declared by itself, such as the index behind a
/// key, keeps its own, undeclared.
fn comments(
    table: &Table<Sql>,
    schema: &Schema,
    unsaid: &mut Unsaid,
) -> BTreeMap<Commented, String> {
    let mut comments = BTreeMap::new();
    for (on, text) in &schema.comments {
        let declared = match on {
            Commented::Table(name) => *name == table.name || table.partition(name).is_some(),
            Commented::Column(name, _)
            | Commented::Policy(name, _)
            | Commented::Trigger(name, _) => *name == table.name,
            Commented::Constraint(of, name) if *of == table.name => {
                let declared = table.constraint_names().any(|known| known == name);
                if !declared {
                    unsaid.push(format!(
                        "the comment on the constraint \"{name}\" of {of} is left alone"
                    ));
                }
                declared
            }
            Commented::Index(index) if index.schema == table.name.schema => {
                if table.constraint_names().any(|key| *key == index.name) {
                    unsaid.push(format!("the comment on the index {index} is left alone"));
                }
                table.indexes.contains_key(&index.name)
            }
            Commented::Constraint(..)
            | Commented::Index(_)
            | Commented::Schema(_)
            | Commented::View(_)
            | Commented::MaterializedView(_)
            | Commented::Type(_)
            | Commented::Sequence(_)
            | Commented::Function(_) => false,
        };
        if declared {
            comments.insert(on.clone(), text.clone());
        }
    }
    comments
}

/// The privileges on an object, put together: by grantee what it holds, by what is held who holds it.
pub(super) fn gathered(
    object: &GrantObject,
    schema: &Schema,
    grants: &BTreeSet<Grant>,
) -> Vec<DeclaredGrant> {
    let mut held: BTreeMap<(Grantee, bool), BTreeSet<Privilege>> = BTreeMap::new();
    for grant in grants.iter().filter(|grant| grant.object == *object) {
        let grantable = schema.grant_options.contains(grant);
        held.entry((grant.grantee.clone(), grantable)).or_default().insert(grant.privilege);
    }
    together(held.into_iter().map(|((grantee, grantable), privileges)| {
        ((privileges, BTreeSet::new(), grantable), grantee)
    }))
}

/// The privileges on a table or a view, and on single columns of it.
pub(super) fn on_relation(
    name: &QualifiedName,
    schema: &Schema,
    grants: &BTreeSet<Grant>,
) -> Vec<DeclaredGrant> {
    let mut privileges = gathered(&GrantObject::Table(name.clone()), schema, grants);
    privileges.extend(of_columns(name, schema, grants));
    privileges
}

/// The privileges on single columns, put together likewise.
fn of_columns(
    table: &QualifiedName,
    schema: &Schema,
    grants: &BTreeSet<Grant>,
) -> Vec<DeclaredGrant> {
    let mut columns: BTreeMap<(Grantee, Privilege, bool), BTreeSet<Ident>> = BTreeMap::new();
    for grant in grants {
        let GrantObject::Column { table: of, column } = &grant.object else { continue };
        if of == table {
            let grantable = schema.grant_options.contains(grant);
            let key = (grant.grantee.clone(), grant.privilege, grantable);
            columns.entry(key).or_default().insert(column.clone());
        }
    }
    let mut held: BTreeMap<(Grantee, BTreeSet<Ident>, bool), BTreeSet<Privilege>> = BTreeMap::new();
    for ((grantee, privilege, grantable), columns) in columns {
        held.entry((grantee, columns, grantable)).or_default().insert(privilege);
    }
    together(held.into_iter().map(|((grantee, columns, grantable), privileges)| {
        ((privileges, columns, grantable), grantee)
    }))
}

type Held = (BTreeSet<Privilege>, BTreeSet<Ident>, bool);

fn together(held: impl Iterator<Item = (Held, Grantee)>) -> Vec<DeclaredGrant> {
    let mut roles: BTreeMap<Held, BTreeSet<Grantee>> = BTreeMap::new();
    for (what, grantee) in held {
        roles.entry(what).or_default().insert(grantee);
    }
    let declared = roles.into_iter().map(|((privileges, columns, grantable), roles)| {
        DeclaredGrant { roles, privileges, columns, grantable }
    });
    declared.collect()
}
