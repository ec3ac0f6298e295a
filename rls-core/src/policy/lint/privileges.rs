//! Rules about privileges on columns: those belong to a role, not to the policy that names them.

use std::collections::BTreeSet;

use super::registry::{COLUMN_LISTS_MERGE, LOOKUP_EXPOSES_COLUMNS};
use super::view::{COMMANDS, PolicyView, Predicate, View};
use super::{Report, names};
use crate::model::{Command, GrantObject, Grantee, Ident, QualifiedName};
use crate::policy::needs;

pub(super) fn rules(view: &View<'_>, report: &mut Report<'_>) {
    column_lists_merge(view, report);
    lookup_exposes_columns(view, report);
}

/// Two policies for one role that name different columns: the role gets both lists, for the rows of
/// either.
fn column_lists_merge(view: &View<'_>, report: &mut Report<'_>) {
    let mut told = BTreeSet::new();
    for (command, spelled) in COMMANDS.into_iter().filter(|(it, _)| *it != Command::Delete) {
        let opening: Vec<_> = view
            .permissive()
            .into_iter()
            .filter(|policy| policy.covers(command) && !policy.refuses(command))
            .collect();
        for (at, one) in opening.iter().enumerate() {
            for other in &opening[at + 1..] {
                let same = columns(view, one) == columns(view, other);
                if same || !one.shares_role(other) || !told.insert((one.name, other.name)) {
                    continue;
                }
                report.add(
                    &COLUMN_LISTS_MERGE,
                    other.part(),
                    format!(
                        "`{}` and `{}` name different columns for {spelled}, and whoever has both \
                         gets all of them for the rows of either",
                        one.name, other.name
                    ),
                    "give each a role of its own, name the same columns, or let a predicate say what \
                     must stay as it is",
                );
            }
        }
    }
}

fn columns<'a>(view: &View<'a>, policy: &PolicyView<'_>) -> Option<&'a BTreeSet<Ident>> {
    view.declared.policy_columns.get(policy.name)
}

/// A lookup that takes a column which its own table keeps from the role.
fn lookup_exposes_columns(view: &View<'_>, report: &mut Report<'_>) {
    for policy in view.policies() {
        for predicate in policy.written() {
            for role in policy.roles() {
                for (table, exposed) in taken(view, &predicate, role) {
                    let Some(other) = view.other(&table) else { continue };
                    let kept: Vec<_> =
                        exposed.iter().filter(|column| is_kept(&other, role, column)).collect();
                    if !kept.is_empty() {
                        report.add(
                            &LOOKUP_EXPOSES_COLUMNS,
                            view.at_lookup(&predicate, &table),
                            format!(
                                "for this lookup, `{role}` gets SELECT on {} of {table}, which its \
                                 policies there do not name",
                                names(kept)
                            ),
                            "write `definer(exists(..))`, which gives the answer and no column",
                        );
                    }
                }
            }
        }
    }
}

/// The columns of other tables that a role is granted for a predicate.
fn taken(
    view: &View<'_>,
    predicate: &Predicate<'_>,
    role: &Grantee,
) -> Vec<(QualifiedName, BTreeSet<Ident>)> {
    let mut tables: Vec<(QualifiedName, BTreeSet<Ident>)> = Vec::new();
    let Some(compiled) = predicate.compiled(view) else { return tables };
    for grant in needs::grants(&compiled.optimized, role) {
        let GrantObject::Column { table, column } = grant.object else { continue };
        match tables.iter_mut().find(|(known, _)| *known == table) {
            Some((_, columns)) => {
                columns.insert(column);
            }
            None => tables.push((table, BTreeSet::from([column]))),
        }
    }
    tables
}

/// Whether the role's policies name the columns that it may read, and this is none of them.
fn is_kept(view: &View<'_>, role: &Grantee, column: &Ident) -> bool {
    let opening = view.opening(Command::Select, role);
    !opening.is_empty()
        && opening
            .iter()
            .all(|policy| columns(view, policy).is_some_and(|named| !named.contains(column)))
}
