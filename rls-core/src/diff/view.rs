//! Differences in views. Postgres replaces the query of one as long as the columns that it had stay as
//! they were; any other difference makes it anew, with all that is on it.

use super::constraint::{Same, matched};
use super::table::On;
use super::{Canonical, Change, Pair, Site, trigger};
use crate::lex::{self, TokenKind};
use crate::model::{Schema, Sql, View};
use crate::render;

/// The changes of views.
pub(super) fn alter(schemas: Pair<&Schema>, canonical: &Canonical, changes: &mut Vec<Change>) {
    let Pair { previous, next } = schemas;
    for (name, view) in &next.views {
        match previous.views.get(name) {
            None => create(view, next, changes),
            Some(previous) => {
                let views = Pair { previous, next: view };
                if is_anew(views, canonical) {
                    drop(previous, changes);
                    create(view, next, changes);
                } else {
                    differences(views, canonical, changes);
                }
            }
        }
    }
    for gone in previous.views.values().filter(|view| !next.views.contains_key(&view.name)) {
        drop(gone, changes);
    }
}

/// The changes that make a view that is not there, closed to everyone whose privileges are governed.
pub(super) fn create(view: &View, next: &Schema, changes: &mut Vec<Change>) {
    let on = On(&view.name);
    let revoke_from = next.grantees.clone();
    changes.push(Change::CreateView { view: Box::new(view.clone()), revoke_from });
    let indexes = view.indexes.iter();
    changes.extend(indexes.map(|(name, index)| Change::CreateIndex(on.named(name, index))));
    let triggers = view.triggers.iter();
    changes.extend(triggers.map(|(name, item)| Change::CreateTrigger(on.named(name, item))));
}

/// Its indexes and triggers go along.
pub(super) fn drop(view: &View, changes: &mut Vec<Change>) {
    changes.push(Change::DropView { name: view.name.clone(), kind: view.kind });
}

/// Between two states of a view that stays.
fn differences(views: Pair<&View>, canonical: &Canonical, changes: &mut Vec<Change>) {
    let Pair { previous, next } = views;
    let on = On(&next.name);
    let both = || Box::new(Pair { previous: previous.clone(), next: next.clone() });
    if !same_query(views, canonical) {
        changes.push(Change::ReplaceView(both()));
    } else if !same_options(views) {
        changes.push(Change::AlterView(both()));
    }
    let same = Same { canonical, site: view_site(next) };
    let indexes = matched(&previous.indexes, &next.indexes, |one, other| same.index(one, other));
    changes.extend(indexes.gone.map(|(name, item)| Change::DropIndex(on.named(name, item))));
    changes.extend(indexes.missing.map(|(name, item)| Change::CreateIndex(on.named(name, item))));
    let triggers = Pair { previous: &previous.triggers, next: &next.triggers };
    trigger::alter(on, triggers, canonical, changes);
}

/// Whether it takes another view to become the next one.
fn is_anew(views: Pair<&View>, canonical: &Canonical) -> bool {
    let Pair { previous, next } = views;
    let only_more = || {
        let columns = |view| canonical.columns(&view_site(view), &source(view));
        let both = columns(previous).zip(columns(next));
        both.is_some_and(|(was, is)| is.starts_with(was))
    };
    let stays = same_query(views, canonical) || next.kind.is_plain() && only_more();
    previous.kind != next.kind || !stays
}

/// Whether two views are one, but for what is on them.
pub(crate) fn same_view(views: Pair<&View>, canonical: &Canonical) -> bool {
    views.previous.kind == views.next.kind && same_query(views, canonical) && same_options(views)
}

fn same_query(views: Pair<&View>, canonical: &Canonical) -> bool {
    let Pair { previous, next } = views;
    let (was, is) = (source(previous), source(next));
    canonical.same(&view_site(next), Some(&was), Some(&is))
}

fn same_options(views: Pair<&View>) -> bool {
    let View {
        name: _,
        // These are no options.
        query: _,
        kind: _,
        columns: _,
        indexes: _,
        triggers: _,
        security_invoker,
        security_barrier,
        check_option,
    } = views.next;
    let previous = views.previous;
    &previous.security_invoker == security_invoker
        && &previous.security_barrier == security_barrier
        && &previous.check_option == check_option
}

/// Where the server's words for a view, and for what is on it, are kept.
pub(crate) fn view_site(view: &View) -> Site {
    Site { table: view.name.clone(), default_of: None }
}

/// What a view shows, as it is written behind its name.
pub(crate) fn source(view: &View) -> Sql {
    Sql::new(render::shown_by(view))
}

/// Whether a query may say something else when a relation that it reads has got another column: it takes
/// all of them, or joins by those that are called alike.
pub(super) fn follows_columns(query: &Sql) -> bool {
    let tokens = lex::tokens(query.as_str()).unwrap_or_default();
    let kinds: Vec<_> = tokens.iter().map(|token| &token.kind).collect();
    let is = |kind: Option<&&TokenKind>, words: &[&str], marks: &[char]| match kind {
        Some(TokenKind::Punctuation(mark)) => marks.contains(mark),
        Some(kind) => kind.word().is_some_and(|word| words.contains(&word)),
        None => words.is_empty(),
    };
    // Between two values it multiplies, and alone in brackets it counts.
    let all = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| kinds.get(at));
        let behind = kinds.get(at + 1);
        is(before, &["select", "distinct", "all"], &['.', ','])
            || is(before, &[], &[')']) && (behind.is_none() || is(behind, &["from"], &[',']))
    };
    kinds.iter().enumerate().any(|(at, kind)| {
        let star = matches!(kind, TokenKind::Operator(operator) if operator == "*");
        star && all(at) || matches!(kind.word(), Some("natural" | "table"))
    })
}

#[cfg(test)]
mod tests {
    use super::follows_columns;
    use crate::model::Sql;

    #[test]
    fn a_star_that_multiplies_or_counts_takes_no_columns() {
        for query in [
            "select * from t",
            "select t.* from t",
            "select distinct on (a) * from t",
            "select a, * from t",
            "select a from t natural join u",
            "TABLE t",
            "select 1 from (select all * from t) as u",
        ] {
            assert!(follows_columns(&Sql::new(query)), "{query}");
        }
        for query in [
            "select count(*) from t",
            "select a * b, (a) * 2 from t",
            "select '*' as \"natural\" from t",
        ] {
            assert!(!follows_columns(&Sql::new(query)), "{query}");
        }
    }
}
