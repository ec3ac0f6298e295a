//! Whose rows: writes that nobody asks about, and rows that change hands.

use std::collections::BTreeSet;

use super::predicate::{
    alternatives, asks_who, columns, conditions, constant, equal_to_caller, lookups, mentions,
    owners, selects_callers, tied,
};
use super::registry::{
    ANONYMOUS_WRITE, OWNER_COLUMN_NULLABLE, RLS_POLICY_ALWAYS_TRUE, ROW_CAN_BE_GIVEN_AWAY,
    ROW_CAN_BE_STOLEN, SELF_GRANTED_ACCESS, SELF_GUARDING_COLUMN,
};
use super::view::{COMMANDS, PolicyView, Predicate, Shared, View};
use super::{Report, names};
use crate::model::{Command, Expr, Grantee, Ident, QualifiedName};
use crate::policy::optimize::Gate;
use crate::policy::term::{Lookup, Term};
use crate::resolve::Part;

pub(super) fn rules(view: &View<'_>, report: &mut Report<'_>) {
    open_writes(view, report);
    for policy in view.permissive() {
        let stolen = stolen(view, &policy);
        let given_away = given_away(view, &policy);
        if let Some((using, owner)) = stolen {
            report.add(
                &ROW_CAN_BE_STOLEN,
                using.part(),
                format!("an UPDATE may set `{owner}` to the caller on rows of anybody"),
                format!("ask here whose the row is, as in `auth_uid({owner})`, or keep the column from UPDATE"),
            );
        }
        if let Some((check, column)) = given_away {
            report.add(
                &ROW_CAN_BE_GIVEN_AWAY,
                check.part(),
                format!("an UPDATE may set `{column}`, which says whose the row is, to anybody's"),
                "leave `with_check` away, so that it asks what `using` does, or keep the column from UPDATE",
            );
        }
        self_guarding_column(view, &policy, report);
        self_granted_access(view, &policy, report);
    }
    owner_column_nullable(view, report);
}

/// Roles that hold no token.
fn is_anonymous(policy: &PolicyView<'_>) -> bool {
    policy.roles().iter().any(|role| match role {
        Grantee::Public => true,
        Grantee::Role(name) => ["anonymous", "anon"].contains(&name.as_str()),
    })
}

/// Writes that ask for nothing, or nobody; what is said of stealing and giving away says more.
fn open_writes(view: &View<'_>, report: &mut Report<'_>) {
    let (mut anonymous, mut always) = (Vec::new(), Vec::new());
    for policy in view.permissive() {
        if is_anonymous(&policy) {
            unasked(&policy, &mut anonymous, |it| !asks_who(it.term));
        } else if stolen(view, &policy).is_none() && given_away(view, &policy).is_none() {
            unasked(&policy, &mut always, |it| constant(it.term) == Some(true));
        }
    }
    for open in anonymous {
        let commands = open.commands().join(", ");
        report.add(
            &ANONYMOUS_WRITE,
            open.part,
            format!("without an account anybody may {commands}, and nothing here asks who it is"),
            "ask for `auth_uid(..)`, or allow this with the reason why anybody may",
        );
    }
    for open in always {
        let (who, commands) = (names(open.roles), open.commands().join(", "));
        report.add(
            &RLS_POLICY_ALWAYS_TRUE,
            open.part,
            format!("{who} may {commands} every row there is"),
            "say which rows, as in `auth_uid(user_id)`",
        );
    }
}

/// The commands that write through a predicate of that kind.
fn unasked<'a>(
    policy: &PolicyView<'a>,
    all: &mut Vec<Shared<'a, &'a Expr>>,
    is: impl Fn(&Predicate<'a>) -> bool,
) {
    let mut open = COMMANDS[1..].iter().map(|(command, _)| *command).filter_map(|command| {
        let through = policy.covers(command) && !policy.refuses(command);
        Some((policy.predicates(command).find(|it| is(it)).filter(|_| through)?, command))
    });
    if let Some((predicate, command)) = open.next() {
        let commands = [command].into_iter().chain(open.map(|(_, command)| command)).collect();
        Shared::add(all, policy, predicate.part(), predicate.expr, commands);
    }
}

/// An UPDATE that reaches rows of anybody, and a column of theirs that may come to hold the caller.
fn stolen<'a>(view: &View<'a>, policy: &PolicyView<'a>) -> Option<(Predicate<'a>, &'a Ident)> {
    let (using, check) = (policy.using?, policy.check?);
    if !policy.covers(Command::Update) || policy.refuses(Command::Update) {
        return None;
    }
    let narrowing = view.narrowing(policy, Command::Update);
    let narrowed = |column: &Ident| {
        let mut terms = narrowing.iter().filter_map(|policy| policy.using).map(|using| using.term);
        terms.any(|term| asks_who(term) || mentions(term, column))
    };
    let owners: BTreeSet<_> = alternatives(check.term).into_iter().flat_map(owners).collect();
    let owner = owners.into_iter().find(|owner| {
        let anybodys = |it: &&Term| !asks_who(it) && !mentions(it, owner);
        alternatives(using.term).iter().any(anybodys)
            && !narrowed(owner)
            && view.writable(policy, Command::Update, owner)
    })?;
    Some((using, owner))
}

/// A WITH CHECK of its own that lets go of what USING holds to the caller.
fn given_away<'a>(view: &View<'a>, policy: &PolicyView<'a>) -> Option<(Predicate<'a>, &'a Ident)> {
    let using = policy.using?;
    let check = policy.check.filter(|check| check.gate == Gate::Check)?;
    if !policy.covers(Command::Update) || policy.refuses(Command::Update) {
        return None;
    }
    let narrowing = view.narrowing(policy, Command::Update);
    let held = |column: &Ident| {
        let mut others = narrowing.iter().filter_map(|policy| policy.check);
        others.any(|other| mentions(other.term, column))
    };
    let lets_go = |column: &Ident| {
        let free = |it: &&Term| !holds(it, column) && !selects_callers(it);
        alternatives(check.term).iter().any(free)
    };
    let column = tied(using.term).into_iter().find(|column| {
        lets_go(column) && !held(column) && view.writable(policy, Command::Update, column)
    })?;
    Some((check, column))
}

/// Whether the predicate ties the column to the caller, or might.
fn holds(term: &Term, column: &Ident) -> bool {
    let unread = |node: &Term| matches!(node, Term::Raw(_) | Term::Exists(_) | Term::Definer(_));
    tied(term).contains(column)
        || conditions(term).into_iter().any(|condition| {
            condition.nodes().any(|(node, _)| unread(node)) && mentions(condition, column)
        })
}

/// DELETE asks for a value that an UPDATE of the same role gives the row first.
fn self_guarding_column(view: &View<'_>, policy: &PolicyView<'_>, report: &mut Report<'_>) {
    let Some(using) = policy.using.filter(|_| policy.covers(Command::Delete)) else { return };
    let guards = conditions(using.term).into_iter().filter(|guard| !asks_who(guard));
    for column in guards.flat_map(columns).collect::<BTreeSet<_>>() {
        let changes = |other: &PolicyView<'_>| {
            let narrowing = view.narrowing(other, Command::Update);
            let all = narrowing.iter().chain([other]);
            let mut predicates = all.flat_map(|policy| policy.predicates(Command::Update));
            policy.shares_role(other)
                && view.writable(other, Command::Update, column)
                && predicates.all(|it| {
                    let free = |it: &&Term| !mentions(it, column) && !selects_callers(it);
                    alternatives(it.term).iter().any(free)
                })
        };
        let mut updates = view.permissive();
        updates.retain(|it| it.covers(Command::Update) && !it.refuses(Command::Update));
        if let Some(update) = updates.iter().find(|update| changes(update)) {
            report.add(
                &SELF_GUARDING_COLUMN,
                view.at_column(&using, column),
                format!(
                    "`{}` lets the same role change `{column}`, and then DELETE the row",
                    update.name
                ),
                format!("ask for `{column}` in UPDATE as well, or keep the column from it"),
            );
        }
    }
}

/// A write to this table by which callers make the row that a policy elsewhere looks for.
fn self_granted_access(view: &View<'_>, policy: &PolicyView<'_>, report: &mut Report<'_>) {
    let written = [Command::Insert, Command::Update]
        .into_iter()
        .filter(|command| policy.covers(*command) && !policy.refuses(*command));
    let granted = written.flat_map(|command| {
        let found = looked_up(view, policy).into_iter();
        found.filter_map(move |(user, it)| Some((user, granting(view, policy, command, it)?)))
    });
    let mut granted = granted.peekable();
    if let (Some((user, columns)), Some(check)) = (granted.peek(), policy.check) {
        report.add(
            &SELF_GRANTED_ACCESS,
            check.part(),
            format!(
                "callers write their own row with any {}, and policies of `{user}` let them in by it",
                names(columns)
            ),
            "say here who may let somebody in, or keep these columns from the role",
        );
    }
}

/// The columns by which a lookup lets the caller in, where the caller may write all of them.
fn granting<'a>(
    view: &View<'a>,
    policy: &PolicyView<'a>,
    command: Command,
    lookup: &'a Lookup,
) -> Option<Vec<&'a Ident>> {
    let narrowing = view.narrowing(policy, command);
    let all = || narrowing.iter().chain([policy]).flat_map(|it| it.predicates(command));
    let free = |column: &&Ident| {
        let unheld = |it: &&Term| !mentions(it, column) && !selects_callers(it);
        view.writable(policy, command, column)
            && all().all(|it| alternatives(it.term).iter().any(unheld))
    };
    // A lookup that is not about the caller lets nobody in by name.
    let own = equal_to_caller(&lookup.filter);
    let granting: Vec<_> = columns(&lookup.filter)
        .into_iter()
        // Nobody takes a number that somebody else has.
        .filter(|column| !own.contains(column) && !view.is_unique(column))
        .collect();
    (!own.is_empty() && !granting.is_empty() && granting.iter().all(free)).then_some(granting)
}

/// The lookups in this table by policies of other tables, for callers that this policy serves.
fn looked_up<'a>(view: &View<'a>, policy: &PolicyView<'_>) -> Vec<(&'a QualifiedName, &'a Lookup)> {
    let own = &view.declared.table.name;
    let mut found = Vec::new();
    for name in view.tables.keys().filter(|name| *name != own) {
        let Some(other) = view.other(name) else { continue };
        for user in other.policies().iter().filter(|user| user.shares_role(policy)) {
            let lookups = user.written().flat_map(|it| lookups(it.term));
            found.extend(lookups.filter(|(it, _)| &it.table == own).map(|(it, _)| (name, it)));
        }
    }
    found
}

/// `NULL = id` is never true, so such a row is in nobody's hands.
fn owner_column_nullable(view: &View<'_>, report: &mut Report<'_>) {
    let mut owned = BTreeSet::new();
    for predicate in view.permissive().iter().flat_map(PolicyView::written) {
        if predicate.gate == Gate::Using {
            owned.extend(owners(predicate.term));
        }
    }
    for column in owned {
        if view.declared.table.column(column).is_some_and(|column| column.nullable) {
            report.add(
                &OWNER_COLUMN_NULLABLE,
                Part::Column(column.clone()),
                format!("`{column}` may be NULL, and no caller's id equals NULL"),
                "make it required, with `default = auth_uid()` if the caller is to own what they add",
            );
        }
    }
}
