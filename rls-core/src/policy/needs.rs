//! What a compiled predicate needs of whoever it is asked for: Postgres checks the privileges on what
//! a policy reads, and on the functions that it calls, as the role that runs the statement.

use std::collections::BTreeSet;

use super::term::{Lookup, Term};
use crate::model::{Grant, GrantObject, Grantee, Ident, Privilege, QualifiedName};

/// Everything that `grantee` needs so that the predicate can be asked.
pub(crate) fn grants(predicate: &Term, grantee: &Grantee) -> BTreeSet<Grant> {
    let mut objects = BTreeSet::new();
    collect(predicate, &mut Vec::new(), &mut objects);
    let grant = |(object, privilege)| Grant { object, grantee: grantee.clone(), privilege };
    objects.into_iter().map(grant).collect()
}

/// The tables whose rows are asked for and none of whose columns is read, by one lookup or another.
pub(crate) fn rows(predicate: &Term) -> BTreeSet<&QualifiedName> {
    let lookups = predicate.nodes().filter_map(|(node, _)| match node {
        Term::Exists(lookup) if !reads_own(lookup) => Some(&lookup.table),
        _ => None,
    });
    lookups.collect()
}

fn reads_own(lookup: &Lookup) -> bool {
    lookup
        .filter
        .nodes()
        .any(|(node, depth)| matches!(node, Term::Column(column) if column.up == depth))
}

type Objects = BTreeSet<(GrantObject, Privilege)>;

/// `tables` are those of the lookups around, the innermost last.
fn collect<'a>(term: &'a Term, tables: &mut Vec<&'a QualifiedName>, objects: &mut Objects) {
    match term {
        Term::Column(column) => {
            let table = tables.len().checked_sub(column.up + 1).map(|at| tables[at]);
            objects.extend(table.map(|table| read(table, &column.name)));
        }
        Term::Exists(lookup) => inside(lookup, None, tables, objects),
        Term::Member { value, lookup, output, form: _ } => {
            collect(value, tables, objects);
            inside(lookup, Some(&output.name), tables, objects);
        }
        Term::Call { function, arguments } => {
            objects.insert(execute(function));
            arguments.iter().for_each(|argument| collect(argument, tables, objects));
        }
        Term::AnyOfCall { value, function, ty: _ } => {
            objects.insert(execute(function));
            collect(value, tables, objects);
        }
        other => other.parts().into_iter().for_each(|(part, _)| collect(part, tables, objects)),
    }
}

fn inside<'a>(
    lookup: &'a Lookup,
    output: Option<&Ident>,
    tables: &mut Vec<&'a QualifiedName>,
    objects: &mut Objects,
) {
    let schema = GrantObject::Schema(lookup.table.schema.clone());
    objects.insert((schema, Privilege::Usage));
    objects.extend(output.map(|column| read(&lookup.table, column)));
    tables.push(&lookup.table);
    collect(&lookup.filter, tables, objects);
    tables.pop();
}

fn read(table: &QualifiedName, column: &Ident) -> (GrantObject, Privilege) {
    let object = GrantObject::Column { table: table.clone(), column: column.clone() };
    (object, Privilege::Select)
}

fn execute(function: &QualifiedName) -> (GrantObject, Privilege) {
    (GrantObject::Function(function.clone()), Privilege::Execute)
}
