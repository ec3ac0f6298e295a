//! Policies that read in a circle. They are an error unless their table says that it is known, as `pull`
//! writes it of what a database has so.

use super::Report;
use super::registry::POLICY_RECURSION;
use super::view::View;
use crate::model::DeclaredTable;
use crate::resolve::ResolveError;

pub(super) fn rules(view: &View<'_>, report: &mut Report<'_>) {
    let own = view.resolved.circles.iter().filter(|circle| circle.table == *report.table);
    let own: Vec<_> = own.cloned().collect();
    for ResolveError { table: _, part, message, help } in own {
        report.add(&POLICY_RECURSION, part, message, help.unwrap_or_default());
    }
}

/// Whether a table says that circles of its policies are known.
pub(crate) fn accepts_circles(declared: &DeclaredTable) -> bool {
    declared.allowed.iter().any(|allowed| allowed.lint == POLICY_RECURSION.name)
}
