//! Views on what is rebuilt. Postgres drops and retypes nothing under a view, so it makes way and comes
//! back, with all that is on it.

use std::collections::BTreeSet;

use super::dependents::Rebuilt;
use super::table::On;
use super::view::{create, drop, follows_columns};
use super::{Change, Pair, TypeAlteration};
use crate::lex;
use crate::model::{Ident, QualifiedName, Schema, View};

/// Adds the changes that let views make way and come back, and says whether there were any.
pub(super) fn rebuild(
    schemas: Pair<&Schema>,
    rebuilt: &Rebuilt,
    changes: &mut Vec<Change>,
) -> bool {
    let moved = Moved::by(changes);
    let mut any = false;
    for (name, next) in &schemas.next.views {
        let Some(previous) = schemas.previous.views.get(name) else { continue };
        let dropped =
            |change: &Change| matches!(change, Change::DropView { name: gone, .. } if gone == name);
        if changes.iter().any(dropped) {
            continue;
        }
        let named =
            previous.texts().any(|sql| rebuilt.named_in(sql) || moved.is_named_in(sql.as_str()));
        if named || moved.grows(previous) || moved.grows(next) {
            changes.retain(|change| !is_about(change, name));
            drop(previous, changes);
            create(next, schemas.next, changes);
            any = true;
        } else {
            any |= triggers(Pair { previous, next }, rebuilt, changes);
        }
    }
    any
}

/// Triggers on views that stay, whose functions go.
fn triggers(views: Pair<&View>, rebuilt: &Rebuilt, changes: &mut Vec<Change>) -> bool {
    let on = On(&views.next.name);
    let before = changes.len();
    for (name, trigger) in &views.previous.triggers {
        let Some(next) = views.next.triggers.get(name) else { continue };
        let dropped = Change::DropTrigger(on.named(name, trigger));
        if !changes.contains(&dropped) && rebuilt.called_by(trigger) {
            changes.extend([dropped, Change::CreateTrigger(on.named(name, next))]);
        }
    }
    changes.len() > before
}

/// What goes with a view that is dropped, and is made again with it.
fn is_about(change: &Change, view: &QualifiedName) -> bool {
    if let Change::ReplaceView(views) | Change::AlterView(views) = change {
        &views.next.name == view
    } else if let Change::CreateTrigger(on) | Change::DropTrigger(on) = change {
        &on.table == view
    } else if let Change::EnableTrigger(on) = change {
        &on.table == view
    } else if let Change::CreateIndex(on) | Change::DropIndex(on) = change {
        &on.table == view
    } else {
        false
    }
}

/// What else no view and no body that Postgres has read can stay on, beside what is rebuilt.
#[derive(Default)]
pub(super) struct Moved {
    /// What goes and does not come back, and tables whose key goes: a query may group by it.
    gone: BTreeSet<Ident>,
    /// Relations with another list of columns.
    grown: BTreeSet<Ident>,
}

impl Moved {
    pub(super) fn by(changes: &[Change]) -> Self {
        let mut moved = Moved::default();
        for change in changes {
            if let Change::DropTable(name)
            | Change::DropView { name, .. }
            | Change::DropType(name)
            | Change::DropSequence(name) = change
            {
                moved.gone.insert(name.name.clone());
            } else if let Change::DropPartition(partition) = change {
                moved.gone.insert(partition.item.name.clone());
            } else if let Change::DropPrimaryKey(key) = change {
                moved.gone.insert(key.table.name.clone());
            } else if let Change::AlterType { name: _, alteration } = change {
                if let TypeAlteration::DropAttribute(attribute) = &**alteration {
                    moved.gone.insert(attribute.clone());
                } else if let TypeAlteration::AlterAttribute(attribute) = &**alteration {
                    moved.gone.insert(attribute.name.clone());
                }
            } else if let Change::AddColumn(column) = change {
                moved.grown.insert(column.table.name.clone());
            } else if let Change::ReplaceView(views) = change {
                moved.grown.insert(views.next.name.name.clone());
            }
        }
        moved
    }

    /// Whether a text names what goes.
    pub(super) fn is_named_in(&self, text: &str) -> bool {
        !self.gone.is_empty()
            && lex::has_name(text, |name| self.gone.iter().any(|it| it.as_str() == name))
    }

    /// Whether a view may show more columns when it is made again.
    fn grows(&self, view: &View) -> bool {
        let grown = |name: &str| self.grown.iter().any(|it| it.as_str() == name);
        !self.grown.is_empty()
            && lex::has_name(view.query.as_str(), grown)
            && follows_columns(&view.query)
    }
}
