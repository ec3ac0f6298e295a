//! What a policy costs in each statement.

use std::collections::BTreeSet;

use super::Report;
use super::predicate::tied;
use super::raw;
use super::registry::{AUTH_RLS_INITPLAN, POLICY_COLUMN_WITHOUT_INDEX};
use super::view::{PolicyView, View, numbered};
use crate::model::{Expr, Ident, Table};
use crate::policy::optimize::Gate;

pub(super) fn rules(view: &View<'_>, report: &mut Report<'_>) {
    auth_rls_initplan(view, report);
    policy_column_without_index(view, report);
}

/// What the optimizer puts into a subquery by itself, where it can read the expression.
fn auth_rls_initplan(view: &View<'_>, report: &mut Report<'_>) {
    for predicate in view.policies().iter().flat_map(PolicyView::written) {
        for (number, (node, _)) in numbered(predicate.expr).into_iter().enumerate() {
            let Expr::Sql(sql) = node else { continue };
            let calls = raw::calls(sql);
            let each_row = calls.iter().find(|call| {
                let auth = call.function.schema.as_deref() == Some("auth");
                !call.in_subquery && (auth || call.function.name == "current_setting")
            });
            if let Some(call) = each_row {
                let schema = call.function.schema.iter().map(|schema| format!("{schema}."));
                let name = schema.collect::<String>() + &call.function.name;
                report.add(
                    &AUTH_RLS_INITPLAN,
                    predicate.node(number),
                    format!("`{name}(..)` is called again for each row"),
                    format!("write `(select {name}(..))`, which is called once; or `auth_uid(..)` or `claim(\"..\")`"),
                );
            }
        }
    }
}

fn policy_column_without_index(view: &View<'_>, report: &mut Report<'_>) {
    if view.declared.policy_indexes {
        return;
    }
    let leading = leading(&view.declared.table);
    let mut told = BTreeSet::new();
    for predicate in view.permissive().iter().flat_map(PolicyView::written) {
        if predicate.gate != Gate::Using {
            continue;
        }
        let tied = tied(predicate.term);
        // One index is enough to find the rows; others are filtered.
        if tied.iter().any(|column| leading.contains(column)) {
            continue;
        }
        for column in tied {
            if told.insert(column) {
                report.add(
                    &POLICY_COLUMN_WITHOUT_INDEX,
                    view.at_column(&predicate, column),
                    format!(
                        "no index begins with `{column}`, so each statement reads the whole table"
                    ),
                    "mark the field `index`, or let the policy make its index",
                );
            }
        }
    }
}

/// The columns with which an index, or the index behind a key, begins.
fn leading<E>(table: &Table<E>) -> BTreeSet<&Ident> {
    let primary_key = table.primary_key.iter().map(|key| &key.columns);
    let uniques = table.uniques.values().map(|key| &key.columns);
    let indexes = table.indexes.values().map(|index| &index.columns);
    primary_key.chain(uniques).chain(indexes).filter_map(|columns| columns.first()).collect()
}
