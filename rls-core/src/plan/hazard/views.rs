//! What a view that comes, changes or goes does to those who read it, and which views stand in the way.

use super::{Finder, Hazard, HazardKind, Origin, loses_data, narrows, widens};
use crate::diff::{Change, Pair, same_view};
use crate::lex;
use crate::model::{Grantee, Ident, Policy, QualifiedName, View, ViewKind};

impl Finder<'_> {
    /// A new view shows rows that are there already to whom it is granted. The same one again, because
    /// something that it reads is rebuilt, shows nothing new.
    pub(super) fn create_view(&self, view: &View) -> Vec<Hazard> {
        if let Some(previous) = self.schemas.previous.views.get(&view.name) {
            return self.change_view(Pair { previous, next: view });
        }
        let readers = self.schemas.next.holders(&view.name);
        if !view.reads_as_owner() || !self.holds_tables() || readers.is_empty() {
            return Vec::new();
        }
        let readers: Vec<_> = readers.into_iter().map(Grantee::as_str).collect();
        vec![widens(format!(
            "the new view {} reads as its owner: {} will see what it shows, whatever policies say",
            view.name,
            readers.join(", ")
        ))]
    }

    /// What a text shows cannot be read off it. Where whoever reads the view is asked what they may, it can
    /// be no more than before, unless a policy looks into it.
    pub(super) fn change_view(&self, views: Pair<&View>) -> Vec<Hazard> {
        let Pair { previous, next } = views;
        let name = &next.name;
        let loosened = loosened(views);
        let options = View {
            security_invoker: next.security_invoker,
            security_barrier: next.security_barrier,
            check_option: next.check_option,
            ..previous.clone()
        };
        let same_query = same_view(Pair { previous: &options, next }, self.canonical);
        let shows_more = !same_query && (next.reads_as_owner() || self.decides(name));
        let mut hazards = Vec::new();
        if shows_more && next.reads_as_owner() {
            hazards.push(widens(format!(
                "the view {name}, which reads as its owner, changes: it may show more than before"
            )));
        } else if shows_more {
            hazards.push(widens(format!(
                "the view {name}, which policies look into, changes: they may let in more than before"
            )));
        }
        hazards.extend(loosened.map(|what| widens(format!("the view {name} {what}"))));
        hazards.extend(narrows::view(views));
        hazards
    }

    /// One that is made again loses nothing.
    pub(super) fn drop_view(&self, name: &QualifiedName, kind: ViewKind) -> Vec<Hazard> {
        if self.schemas.next.views.contains_key(name) {
            return Vec::new();
        }
        match kind {
            ViewKind::Plain => vec![Hazard {
                kind: HazardKind::DropsUndeclared,
                message: format!("the view {name} is not declared any more and is dropped"),
            }],
            ViewKind::Materialized => vec![loses_data(format!(
                "the materialized view {name} is dropped, and the rows that it keeps are lost"
            ))],
        }
    }

    /// Views that nobody declares are left alone, and Postgres changes nothing under them.
    pub(super) fn stopped_by_views(&self, change: &Change) -> Vec<Hazard> {
        if let Origin::Snapshot = self.origin {
            return Vec::new();
        }
        let (relation, column) = if let Change::DropColumn(on) = change {
            (&on.table, Some(&on.item))
        } else if let Change::AlterColumn(on) = change {
            let Pair { previous, next } = &*on.item;
            if previous.ty == next.ty && previous.collation == next.collation {
                return Vec::new();
            }
            (&on.table, Some(&next.name))
        } else if let Change::DropTable(name) | Change::DropView { name, .. } = change {
            (name, None)
        } else {
            return Vec::new();
        };
        let reads = |read: &(QualifiedName, Option<Ident>)| {
            let (of, name) = read;
            of == relation && (column.is_none() || name.is_none() || name.as_ref() == column)
        };
        let views = self.schemas.previous.readers.iter();
        let views = views.filter(|(_, all)| all.iter().any(reads));
        let what = column.map_or(relation.to_string(), |column| format!("{relation}.{column}"));
        let stop = views.map(|(view, _)| Hazard {
            kind: HazardKind::DropsUndeclared,
            message: format!(
                "the view {view}, which is not declared, reads {what}: Postgres refuses this until the view is dropped or declared"
            ),
        });
        stop.collect()
    }

    /// Whether a policy looks into a view.
    fn decides(&self, view: &QualifiedName) -> bool {
        let policies = self.schemas.next.tables.values().flat_map(|table| table.policies.values());
        let is_it = |name: &str| name == view.name.as_str();
        policies.flat_map(Policy::exprs).any(|sql| lex::has_name(sql.as_str(), is_it))
    }
}

/// What the options of a view let somebody do from now on.
fn loosened(views: Pair<&View>) -> Option<&'static str> {
    let Pair { previous, next } = views;
    if previous.security_invoker && !next.security_invoker {
        Some("reads as its owner from now on: it shows rows that policies keep from its readers")
    } else if previous.security_barrier && !next.security_barrier {
        Some(
            "is no security barrier any more: what its readers call may be told of rows that it hides",
        )
    } else if next.check_option < previous.check_option {
        Some(
            "checks less of what is written through it: rows may be left behind that it does not show",
        )
    } else {
        None
    }
}

/// Whether a change of options lets somebody do more.
pub(in crate::plan) fn widens_options(views: Pair<&View>) -> bool {
    loosened(views).is_some()
}
