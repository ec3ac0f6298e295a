//! Differences in sequences. One that belongs to a column goes with it, unless it is to stay: then it goes on
//! counting where it was.

use super::{Change, OnTable, Pair};
use crate::model::{Ident, Owned, QualifiedName, Schema, Sequence, SequenceOwner, Sql, Table};
use crate::policy::grants::counted_with;

/// The changes of sequences, after those of tables.
pub(super) fn alter(schemas: Pair<&Schema>, changes: &mut Vec<Change>) {
    let Pair { previous, next } = schemas;
    let mut found = Vec::new();
    for sequence in next.sequences.values() {
        let was = previous.sequences.get(&sequence.name);
        match was {
            None => found.push(Change::CreateSequence {
                sequence: Box::new(sequence.clone()),
                revoke_from: next.grantees.clone(),
            }),
            Some(was) if !same(was, sequence) => {
                let pair = Pair { previous: was.clone(), next: sequence.clone() };
                found.push(Change::AlterSequence(Box::new(pair)));
            }
            Some(_) => {}
        }
        let freed = was.is_some_and(|was| goes_with_its_column(was, changes));
        let belonged = was.and_then(|was| was.owner.as_ref()).filter(|_| !freed);
        let moves = belonged != sequence.owner.as_ref();
        let table = sequence.owner.as_ref().map(|owner| &owner.table).filter(|_| moves);
        let of_made = table.is_some_and(|table| made(table, changes));
        let own = was.filter(|_| moves).and_then(|was| own_owner(was, previous));
        // What is made belongs to whoever applies, and only then to whom it is to.
        let take = of_made && own.is_some();
        if freed || take {
            found.push(Change::FreeSequence { name: sequence.name.clone(), take });
        }
        if moves {
            let there = table.filter(|_| !of_made);
            let hand_to = there.and_then(|table| owner(table, previous));
            found.push(Change::OwnSequence {
                sequence: Box::new(sequence.clone()),
                hand_to: hand_to.filter(|to| own != Some(*to)).cloned(),
                go_on: was.is_none() && there.is_some_and(|it| previous.tables.contains_key(it)),
            });
        }
    }
    for sequence in previous.sequences.values() {
        if next.sequences.contains_key(&sequence.name) {
            continue;
        }
        let name = sequence.name.clone();
        if !goes_with_its_column(sequence, changes) {
            found.push(Change::DropSequence(name));
        } else if counts_for_others(sequence, previous) {
            found.push(Change::FreeSequence { name: name.clone(), take: false });
            found.push(Change::DropSequence(name));
        }
    }
    changes.extend(found);
}

/// To whom a sequence belongs: with its column, to whom the table does.
fn own_owner<'a>(sequence: &Sequence, schema: &'a Schema) -> Option<&'a Ident> {
    let table = sequence.owner.as_ref().map(|owner| &owner.table);
    owner(&sequence.name, schema).or_else(|| owner(table?, schema))
}

fn owner<'a>(relation: &QualifiedName, schema: &'a Schema) -> Option<&'a Ident> {
    let owned = Owned::Relation(relation.clone());
    schema.owners.get(&owned).or_else(|| schema.undeclared_owners.get(&owned))
}

/// Whether two sequences count alike, whoever they belong to.
fn same(previous: &Sequence, next: &Sequence) -> bool {
    let Sequence { name: _, ty, options, owner: _ } = next;
    &previous.ty == ty && previous.options.as_kept(&previous.ty.base) == options.as_kept(&ty.base)
}

fn goes_with_its_column(sequence: &Sequence, changes: &[Change]) -> bool {
    let Some(SequenceOwner { table, column }) = &sequence.owner else { return false };
    let column = OnTable { table: table.clone(), item: column.clone() };
    changes.contains(&Change::DropTable(table.clone()))
        || changes.contains(&Change::DropColumn(column))
}

/// Whether columns of other tables count with it.
fn counts_for_others(sequence: &Sequence, previous: &Schema) -> bool {
    let owner = sequence.owner.as_ref().map(|owner| &owner.table);
    let mut others = previous.tables.values().filter(|table| Some(&table.name) != owner);
    let counts = |table: &Table<Sql>| {
        let mut defaults = table.columns.iter().filter_map(|column| column.default.as_ref());
        defaults.any(|it| counted_with(it, &table.name.schema).as_ref() == Some(&sequence.name))
    };
    others.any(counts)
}

fn made(table: &QualifiedName, changes: &[Change]) -> bool {
    changes.iter().any(
        |change| matches!(change, Change::CreateTable { table: made, .. } if &made.name == table),
    )
}
