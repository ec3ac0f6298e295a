//! Takes out of a schema what Postgres would not take, until nothing of it is left: what names
//! something that is not there, and what may not be as it is.

use std::collections::{BTreeMap, BTreeSet};

use rls_core::model::*;

use super::draft::{Draft, Need, id};
use super::keys::fits;
use super::kinds;
use super::maker::commentable;
use super::{partitions, triggers, types, views};

pub fn repair(draft: &mut Draft) {
    // Of those that policies call, no name has two.
    let mut names_of_functions = BTreeSet::new();
    draft.schema.functions.retain(|routine, _| {
        !routine.is_private() || names_of_functions.insert(routine.name.clone())
    });
    loop {
        let before = draft.schema.clone();
        once(draft);
        if draft.schema == before {
            return;
        }
    }
}

fn once(draft: &mut Draft) {
    let whole = draft.schema.clone();
    let there = |ty: &PgType| types::is_there(ty, &whole);
    draft.schema.types.retain(|_, ty| ty.parts().into_iter().all(there));
    for table in draft.schema.tables.values_mut() {
        table.columns.retain(|column| there(&column.ty));
    }
    draft.schema.functions.retain(|_, function| {
        let given = function.arguments.iter().map(|argument| &argument.ty);
        given.chain(function.returns.types()).all(there)
    });
    draft.schema.tables.retain(|_, table| !table.columns.is_empty());
    sequences(draft);
    let mut tables = draft.schema.tables.clone();
    for table in tables.values_mut() {
        columns(draft, table);
        partitions::repair(table, draft);
        triggers::repair(table, &draft.schema.functions);
        keys(table);
        texts(draft, table);
        foreign_keys(draft, table);
    }
    names(&mut draft.schema, &mut tables);
    draft.schema.tables = tables;
    let nothing = Table::new(QualifiedName::new(id("public"), id("none")), RowSecurity::Enabled);
    // Postgres reads a body under the policies that bind the owner, which may ask in a circle. Those that
    // come with policies are made before them, but may find others there.
    let asks = |policy: &Policy<Sql>| {
        let mut needs = policy.exprs().flat_map(|expr| draft.needs_of(expr));
        needs.any(|need| matches!(need, Need::Column(..)))
    };
    let is_free = |function: &Function| {
        let needs = draft.needs_of(&Sql::new(function.body.as_str()));
        let private = function.routine().is_private();
        needs.iter().all(|need| match need {
            Need::Column(of, _) => {
                let table = &draft.schema.tables[of];
                table.row_security != RowSecurity::Forced
                    || private && !table.policies.values().any(asks)
            }
            Need::Own(_) | Need::Function(_) | Need::Sequence(_) | Need::View(_) => true,
        })
    };
    let holds: BTreeSet<_> = draft
        .schema
        .functions
        .values()
        .filter(|function| draft.holds(&nothing, &Sql::new(function.body.as_str())))
        .filter(|function| is_free(function))
        .map(Function::routine)
        .collect();
    draft.schema.functions.retain(|name, _| holds.contains(name));
    views::repair(draft);
    super::access::repair(&mut draft.schema);
    access(&mut draft.schema);
    let there = commentable(&draft.schema);
    draft.schema.comments.retain(|on, _| there.contains(on));
}

/// Takes out of the indexes and triggers of a view what its columns do not allow.
pub fn parts(draft: &Draft, shown: &mut Table<Sql>) {
    triggers::repair(shown, &draft.schema.functions);
    keys(shown);
    texts(draft, shown);
}

fn sequences(draft: &mut Draft) {
    let tables = draft.schema.tables.clone();
    let relations: BTreeSet<_> = tables.keys().cloned().collect();
    let counted = counted(&draft.schema);
    let mut owners = BTreeSet::new();
    draft.schema.sequences.retain(|name, sequence| {
        if let Some(SequenceOwner { table, column }) = &sequence.owner {
            let column = tables.get(table).and_then(|table| table.column(column));
            let fits = column.is_some_and(|column| column.identity.is_none());
            let once = owners.insert((table.clone(), column.map(|column| column.name.clone())));
            if !fits || !once || table.schema != name.schema {
                return false;
            }
        }
        !relations.contains(name) && !counted.contains(name)
    });
}

/// The names of what identity columns count with, where none is said.
pub fn counted(schema: &Schema) -> BTreeSet<QualifiedName> {
    let columns =
        schema.tables.values().flat_map(|it| it.columns.iter().map(move |column| (it, column)));
    let unsaid = columns.filter(|(_, it)| it.identity.is_some() && it.sequence.is_none());
    let named = unsaid.map(|(table, column)| {
        let usual = Ident::shortened(&format!("{}_{}_seq", table.name.name, column.name));
        QualifiedName::new(table.name.schema.clone(), usual.unwrap())
    });
    named.collect()
}

fn columns(draft: &Draft, table: &mut Table<Sql>) {
    let mut seen = BTreeSet::new();
    table.columns.retain(|column| seen.insert(column.name.clone()));
    let plain: BTreeSet<_> = table
        .columns
        .iter()
        .filter(|it| it.generated.is_none())
        .map(|it| it.name.clone())
        .collect();
    let whole = table.clone();
    table.columns.retain(|column| {
        let Some(generated) = &column.generated else { return true };
        let own = |name: &Ident| plain.contains(name);
        let reads = draft.needs_of(&generated.expr);
        draft.holds(&whole, &generated.expr)
            && reads.iter().all(|need| matches!(need, Need::Own(name) if own(name)))
    });
    for column in &mut table.columns {
        if column.default.as_ref().is_some_and(|default| !draft.holds(&whole, default)) {
            column.default = None;
        }
        let counts = [BaseType::Integer, BaseType::BigInt, BaseType::SmallInt];
        if column.ty.array || !counts.contains(&column.ty.base) {
            column.identity = None;
            column.numbering = SequenceOptions::default();
            column.sequence = None;
        }
        if column.generated.is_some() {
            (column.default, column.identity, column.sequence) = (None, None, None);
        }
        if column.identity.is_some() {
            (column.nullable, column.default) = (false, None);
        }
    }
}

fn is_virtual(column: &Column<Sql>) -> bool {
    column.generated.as_ref().is_some_and(|generated| !generated.stored)
}

fn keys(table: &mut Table<Sql>) {
    let real: BTreeMap<_, _> = table
        .columns
        .iter()
        .filter(|it| !is_virtual(it))
        .map(|it| (it.name.clone(), it.clone()))
        .collect();
    let ordered = |name: &Ident| {
        real.get(name)
            .is_some_and(|column| kinds::of(name).ordered && column.ty.base != BaseType::Json)
    };
    let there = |names: &[Ident]| names.iter().all(|name| real.contains_key(name));
    let fine = |columns: &[Ident], include: &mut Vec<Ident>| {
        include.retain(|name| real.contains_key(name) && !columns.contains(name));
        !columns.is_empty() && columns.iter().all(ordered)
    };
    if !table.primary_key.as_mut().is_some_and(|key| fine(&key.columns, &mut key.include)) {
        table.primary_key = None;
    }
    for name in table.primary_key.iter().flat_map(|key| &key.columns) {
        table.columns.iter_mut().filter(|it| &it.name == name).for_each(|it| it.nullable = false);
    }
    let (mut said, primary) = (Vec::new(), table.primary_key.clone());
    table.uniques.retain(|_, unique| {
        let twice = said.contains(unique)
            || primary.as_ref().is_some_and(|key| key.columns == unique.columns);
        said.push(unique.clone());
        fine(&unique.columns, &mut unique.include) && !twice
    });
    let key_fits = |key: &IndexKey<Sql>, method: &Ident| match &key.value {
        IndexValue::Expr(_) => true,
        IndexValue::Column(name) => real.get(name).is_some_and(|column| {
            let class = key.operator_class.as_ref().map(|class| class.name.name.as_str());
            let methods = kinds::of(name).methods.iter();
            let known =
                methods.filter(|it| it.name == method.as_str() && it.class.map(|it| it.0) == class);
            let known = known.into_iter().any(|method| fits(method, column));
            known || (method.as_str() == "btree" && ordered(name) && class.is_none())
        }),
    };
    table.exclusions.retain(|_, exclusion| {
        let columns = named(exclusion.elements.iter().map(|element| &element.key));
        exclusion.include.retain(|name| real.contains_key(name) && !columns.contains(name));
        there(&columns) && exclusion.elements.iter().all(|it| key_fits(&it.key, &exclusion.method))
    });
    table.indexes.retain(|_, index| {
        let columns = named(index.keys.iter());
        index.include.retain(|name| real.contains_key(name) && !columns.contains(name));
        !index.keys.is_empty()
            && there(&columns)
            && index.keys.iter().all(|key| key_fits(key, &index.method))
    });
}

fn named<'a>(keys: impl Iterator<Item = &'a IndexKey<Sql>>) -> Vec<Ident> {
    let column = |key: &IndexKey<Sql>| match &key.value {
        IndexValue::Column(name) => Some(name.clone()),
        IndexValue::Expr(_) => None,
    };
    keys.filter_map(column).collect()
}

/// What is written in words.
fn texts(draft: &Draft, table: &mut Table<Sql>) {
    let whole = table.clone();
    let holds = |sql: &Sql| draft.holds(&whole, sql);
    // Postgres 18 indexes nothing that is computed when it is read.
    let kept = |sql: &Sql| {
        holds(sql)
            && draft.needs_of(sql).iter().all(|need| match need {
                Need::Own(name) => whole.column(name).is_none_or(|column| !is_virtual(column)),
                _ => true,
            })
    };
    let key = |key: &IndexKey<Sql>| match &key.value {
        IndexValue::Expr(sql) => kept(sql),
        IndexValue::Column(_) => true,
    };
    table.checks.retain(|_, check| holds(&check.expr));
    table.triggers.retain(|_, trigger| trigger.when.as_ref().is_none_or(holds));
    table.exclusions.retain(|_, it| {
        it.predicate.as_ref().is_none_or(&kept) && it.elements.iter().all(|it| key(&it.key))
    });
    table
        .indexes
        .retain(|_, it| it.predicate.as_ref().is_none_or(&kept) && it.keys.iter().all(&key));
    table.policies.retain(|_, policy| policy.exprs().all(holds));
    table
        .policies
        .retain(|_, policy| policy.roles.iter().all(|role| draft.schema.grantees.contains(role)));
}

fn foreign_keys(draft: &Draft, table: &mut Table<Sql>) {
    let own = table.clone();
    table.foreign_keys.retain(|_, key| {
        let target =
            if key.table == own.name { Some(&own) } else { draft.schema.tables.get(&key.table) };
        let Some(target) = target else { return false };
        let set = |names: &[Ident]| names.iter().cloned().collect::<BTreeSet<_>>();
        let is_key = |columns: &[Ident], deferral: Deferral| {
            deferral.is_never()
                && columns.len() == key.references.len()
                && set(columns) == set(&key.references)
        };
        let primary = target.primary_key.iter().any(|it| is_key(&it.columns, it.deferral));
        let unique = target.uniques.values().any(|it| is_key(&it.columns, it.deferral));
        let like = key.columns.iter().zip(&key.references).all(|(one, other)| {
            let plain = |column: Option<&Column<Sql>>| {
                column.is_some_and(|column| column.generated.is_none())
            };
            let collation =
                |table: &Table<Sql>, name| table.column(name).and_then(|it| it.collation.clone());
            plain(own.column(one))
                && plain(target.column(other))
                && kinds::of(one).key
                && kinds::of(one).names == kinds::of(other).names
                && collation(&own, one) == collation(target, other)
        });
        key.set_columns.retain(|name| key.columns.contains(name));
        (primary || unique)
            && like
            && key.columns.len() == key.references.len()
            && !key.columns.is_empty()
    });
    // Two that say the same are one to a comparison that goes by what they say.
    let mut said = Vec::new();
    table.foreign_keys.retain(|_, key| {
        let bare = ForeignKey { deferral: Deferral::Never, not_valid: false, ..key.clone() };
        let new = !said.contains(&bare);
        said.push(bare);
        new
    });
}

/// Tables, sequences and indexes of a schema share their names; constraints those of their table.
fn names(schema: &mut Schema, tables: &mut BTreeMap<QualifiedName, Table<Sql>>) {
    let mut taken: BTreeSet<_> = tables.keys().chain(schema.sequences.keys()).cloned().collect();
    // Each relation has a type of its name.
    taken.extend(schema.types.keys().cloned());
    schema.views.retain(|name, _| taken.insert(name.clone()));
    for table in tables.values_mut() {
        if !partitions::names(table).into_iter().all(|name| taken.insert(name)) {
            table.partitioning = None;
        }
    }
    for table in tables.values_mut() {
        let space = table.name.schema.clone();
        let mut relation =
            |name: &Ident| taken.insert(QualifiedName::new(space.clone(), name.clone()));
        let mut constraints = BTreeSet::new();
        for column in &mut table.columns {
            if column.sequence.as_ref().is_some_and(|name| !relation(name)) {
                (column.sequence, column.identity) = (None, None);
                column.numbering = SequenceOptions::default();
            }
        }
        if table.primary_key.as_ref().is_some_and(|key| !relation(&key.name)) {
            table.primary_key = None;
        }
        constraints.extend(table.primary_key.iter().map(|key| key.name.clone()));
        table.uniques.retain(|name, _| relation(name) && constraints.insert(name.clone()));
        table.exclusions.retain(|name, _| relation(name) && constraints.insert(name.clone()));
        table.indexes.retain(|name, _| relation(name));
        table.checks.retain(|name, _| constraints.insert(name.clone()));
        table.foreign_keys.retain(|name, _| constraints.insert(name.clone()));
    }
    for view in schema.views.values_mut() {
        let relation = |name: &Ident| QualifiedName::new(view.name.schema.clone(), name.clone());
        view.indexes.retain(|name, _| taken.insert(relation(name)));
    }
}

fn access(schema: &mut Schema) {
    let Schema { tables, views, sequences, functions, grantees, grants, grant_options, .. } =
        schema;
    // What is held on all tables is held on each.
    for grant in grants.clone() {
        if let GrantObject::AllTables(space) = &grant.object {
            let partitions = tables.values().flat_map(partitions::names);
            let all = tables.keys().chain(views.keys()).cloned().chain(partitions);
            let on =
                |table: QualifiedName| Grant { object: GrantObject::Table(table), ..grant.clone() };
            grants.extend(all.filter(|table| &table.schema == space).map(on));
        }
    }
    let parts: BTreeSet<_> = tables.values().flat_map(partitions::names).collect();
    grants.retain(|grant| {
        let there = match &grant.object {
            GrantObject::Table(name) => {
                tables.contains_key(name) || views.contains_key(name) || parts.contains(name)
            }
            GrantObject::Column { table, column } => {
                tables.get(table).is_some_and(|it| it.column(column).is_some())
            }
            GrantObject::Sequence(name) => sequences.contains_key(name),
            GrantObject::Function(name) => functions.keys().any(|routine| &routine.name == name),
            GrantObject::Routine(routine) => functions.contains_key(routine),
            // Of no table at all, nobody can tell who holds it.
            GrantObject::AllTables(space) => tables.keys().any(|table| &table.schema == space),
            GrantObject::Schema(_) => true,
        };
        there && grantees.contains(&grant.grantee)
    });
    let passed_on = |grant: &Grant| {
        let whole = matches!(grant.object, GrantObject::AllTables(_));
        !whole && grants.contains(grant)
    };
    grant_options.retain(passed_on);
    schema.grants_by_name.retain(|grant| grants.contains(grant));
    schema.settled_defaults.retain(|holder| grantees.contains(&holder.grantee));
    let mut said = BTreeSet::new();
    schema.default_privileges.retain(|default| {
        let DefaultPrivilege { target, grantee, privilege, grantable: _ } = default.clone();
        grantees.contains(&grantee) && said.insert((target, grantee, privilege))
    });
}
