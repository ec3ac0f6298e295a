//! What a plan says of views: who sees more, and what is lost.

use rls_core::diff::{Canonical, Pair};
use rls_core::model::*;
use rls_core::plan::{HazardKind, Origin, plan};

use crate::{compiled, declared, items, materialized, readable, view};

/// What the way from one list of views to another is told with.
fn hazards(previous: &[DeclaredView], next: &[DeclaredView]) -> Vec<(HazardKind, String)> {
    let schema = |views: &[DeclaredView]| compiled(vec![items()], views.to_vec());
    let (previous, next) = (schema(previous), schema(next));
    let schemas = Pair { previous: &previous, next: &next };
    let plan = plan(schemas, &Canonical::default(), Origin::Snapshot);
    let all = plan.steps.into_iter().flat_map(|step| step.hazards);
    all.map(|hazard| (hazard.kind, hazard.message)).collect()
}

fn asking(query: &str) -> View {
    View { security_invoker: true, ..view("shown", query) }
}

#[track_caller]
fn assert_one(found: &[(HazardKind, String)], kind: HazardKind, says: &str) {
    let [(told, message)] = found else { panic!("{found:?}") };
    assert!(*told == kind && message.contains(says), "{found:?}");
}

#[test]
fn a_new_view_widens_access_where_it_reads_past_policies_and_somebody_may_read_it() {
    let past = view("shown", "SELECT * FROM items");
    let widens = HazardKind::WidensAccess;
    assert_one(&hazards(&[], &[readable(past.clone())]), widens, "reader will see what it shows");
    let kept = materialized("kept", "SELECT * FROM items");
    assert_one(&hazards(&[], &[readable(kept)]), widens, "reader will see what it shows");
    assert_eq!(hazards(&[], &[declared(past)]), []);
}

#[test]
fn a_view_that_shows_something_else_widens_access_unless_whoever_asks_is_asked() {
    let widens = HazardKind::WidensAccess;
    let past = |query| readable(view("shown", query));
    let (one, other) = ("SELECT id FROM items WHERE id > 1", "SELECT id FROM items");
    assert_one(&hazards(&[past(one)], &[past(other)]), widens, "may show more than before");
    assert_eq!(hazards(&[readable(asking(one))], &[readable(asking(other))]), []);
}

#[test]
fn options_that_hold_less_back_widen_access() {
    let widens = HazardKind::WidensAccess;
    let held = View {
        security_barrier: true,
        check_option: CheckOption::Cascaded,
        ..asking("SELECT id FROM items")
    };
    let (asks, checks) = ("asks its readers from now on", "checks more of what");
    for (looser, says, back) in [
        (View { security_invoker: false, ..held.clone() }, "reads as its owner from now on", asks),
        (View { security_barrier: false, ..held.clone() }, "is no security barrier any more", ""),
        (View { check_option: CheckOption::Local, ..held.clone() }, "checks less of what", checks),
        (View { check_option: CheckOption::None, ..held.clone() }, "checks less of what", checks),
    ] {
        let both = [declared(held.clone()), declared(looser)];
        assert_one(&hazards(&both[..1], &both[1..]), widens, says);
        // The way back widens nothing.
        let found = hazards(&both[1..], &both[..1]);
        if back.is_empty() {
            assert_eq!(found, [], "{says}");
        } else {
            assert_one(&found, HazardKind::NarrowsAccess, back);
        }
    }
}

#[test]
fn a_view_that_goes_loses_rows_where_it_keeps_them() {
    let gone = hazards(&[declared(view("shown", "SELECT 1 AS one"))], &[]);
    assert_one(&gone, HazardKind::DropsUndeclared, "is not declared any more");
    let gone = hazards(&[declared(materialized("kept", "SELECT 1 AS one"))], &[]);
    assert_one(&gone, HazardKind::LosesData, "the rows that it keeps are lost");
}
