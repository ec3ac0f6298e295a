//! What a policy costs in each statement.

use std::collections::BTreeSet;

use super::Report;
use super::raw;
use super::registry::{AUTH_RLS_INITPLAN, POLICY_COLUMN_WITHOUT_INDEX};
use super::view::{PolicyView, View, spoken};
use crate::model::Expr;
use crate::policy::index::Served;

pub(super) fn rules(view: &View<'_>, report: &mut Report<'_>) {
    auth_rls_initplan(view, report);
    policy_column_without_index(view, report);
}

/// What the optimizer puts into a subquery by itself, where it can read the expression.
fn auth_rls_initplan(view: &View<'_>, report: &mut Report<'_>) {
    for predicate in view.policies().iter().flat_map(PolicyView::written) {
        for (number, node) in spoken(predicate.expr) {
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

/// The compiler knows which indexes it misses; it makes them itself unless it is told not to.
fn policy_column_without_index(view: &View<'_>, report: &mut Report<'_>) {
    let own = &view.declared.table.name;
    let mut told = BTreeSet::new();
    for predicate in view.policies().iter().flat_map(PolicyView::written) {
        let missing = predicate.indexes.iter().filter(|need| need.served == Served::Missing);
        for need in missing {
            let Some(first) =
                need.columns.first().filter(|first| told.insert((&need.table, *first)))
            else {
                continue;
            };
            let (part, whose) = if need.table == *own {
                (view.at_column(&predicate, first), "its own table".to_owned())
            } else {
                (view.at_lookup(&predicate, &need.table), format!("`{}`", need.table))
            };
            report.add(
                &POLICY_COLUMN_WITHOUT_INDEX,
                part,
                format!("no index begins with `{first}`, so {whose} is read as a whole"),
                "mark the field `index`, or let policies make their indexes",
            );
        }
    }
}
