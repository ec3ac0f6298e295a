//! Who gets in at all: row security itself, and how policies of one table come together.

use std::collections::{BTreeMap, BTreeSet};

use super::predicate::{alternatives, asks_who, columns, conditions, constant, lookups, mentions};
use super::registry::{
    INSERT_WITHOUT_SELECT, LOOKUP_SEES_NOTHING, MULTIPLE_PERMISSIVE_POLICIES,
    POLICY_EXISTS_RLS_DISABLED, RESTRICTIVE_WITHOUT_PERMISSIVE, RLS_DISABLED_IN_PUBLIC,
    RLS_ENABLED_NO_POLICY, UNREACHABLE_POLICY, UPDATE_HIDES_ROW, UPDATE_WITHOUT_SELECT,
};
use super::view::{COMMANDS, PolicyView, Shared, View};
use super::{Report, names};
use crate::model::{Command, Grantee, Ident, Partitioning, RowSecurity};
use crate::policy::term::Term;
use crate::resolve::Part;

pub(super) fn rules(view: &View<'_>, report: &mut Report<'_>) {
    row_security(view, report);
    restrictive_without_permissive(view, report);
    unreachable_policy(view, report);
    write_without_select(view, report);
    update_hides_row(view, report);
    lookup_sees_nothing(view, report);
    multiple_permissive_policies(view, report);
}

fn row_security(view: &View<'_>, report: &mut Report<'_>) {
    let table = &view.declared.table;
    let partitions = table.partitioning.iter().flat_map(Partitioning::all);
    let open = partitions.filter(|partition| partition.row_security == RowSecurity::Disabled);
    let open: Vec<_> = open.map(|partition| &partition.name.name).collect();
    if !open.is_empty() {
        report.add(
            &RLS_DISABLED_IN_PUBLIC,
            Part::Table,
            format!(
                "row security is off on {}: a role with a privilege on it reaches rows of `{}` past its policies",
                names(open), table.name
            ),
            "take the switch away: nobody needs to name a partition",
        );
    }
    let policies = &table.policies;
    if table.row_security == RowSecurity::Disabled {
        report.add(
            &RLS_DISABLED_IN_PUBLIC,
            Part::Table,
            format!(
                "row security is off on `{}`: a role with a privilege reaches every row",
                table.name
            ),
            "take the switch away, and say in policies who may do what",
        );
        if let Some(first) = policies.keys().next() {
            report.add(
                &POLICY_EXISTS_RLS_DISABLED,
                Part::Policy(first.clone()),
                format!("row security is off, so nobody asks {}", names(policies.keys())),
                "turn row security on, or take the policies away",
            );
        }
    } else if policies.is_empty() {
        report.add(
            &RLS_ENABLED_NO_POLICY,
            Part::Table,
            format!("`{}` has no policy, so no role can reach its rows", table.name),
            "declare a `crud_policy`; or allow this, if only the owner uses the table",
        );
    }
}

/// Restrictive policies take away from what permissive ones allow; alone they allow nothing.
fn restrictive_without_permissive(view: &View<'_>, report: &mut Report<'_>) {
    for policy in view.policies().iter().filter(|policy| !policy.permissive()) {
        let served = |role: &Grantee| {
            view.permissive().iter().any(|other| {
                let commands = COMMANDS.iter().map(|(command, _)| *command);
                let mut both = commands.filter(|it| policy.covers(*it) && other.covers(*it));
                // A member may be let in by its own policy, and comes under this one all the same.
                let members = other.roles().iter().any(|member| other.comes_under(member, role));
                let meets = other.serves(role) || members || *role == Grantee::Public;
                meets && both.any(|command| !other.refuses(command))
            })
        };
        let alone: Vec<_> = policy.roles().iter().filter(|role| !served(role)).collect();
        if !alone.is_empty() {
            report.add(
                &RESTRICTIVE_WITHOUT_PERMISSIVE,
                policy.part(),
                format!("no permissive policy lets {} in, so this one narrows nothing", names(alone)),
                "add a permissive policy for the same role and command, or make this one permissive",
            );
        }
    }
}

fn unreachable_policy(view: &View<'_>, report: &mut Report<'_>) {
    let policies = view.permissive();
    for (at, policy) in policies.iter().enumerate() {
        if COMMANDS.iter().all(|(command, _)| !policy.covers(*command) || policy.refuses(*command))
        {
            continue;
        }
        let open = |other: &PolicyView<'_>, command| {
            other.predicates(command).count() > 0
                && other.predicates(command).all(|it| constant(it.term) == Some(true))
        };
        let swallows = |other: &PolicyView<'_>| {
            policy.roles().iter().all(|role| other.serves(role))
                && COMMANDS
                    .iter()
                    .filter(|(command, _)| policy.covers(*command))
                    .all(|(command, _)| other.covers(*command) && open(other, *command))
        };
        // Of two that swallow each other, the second is one too many.
        let other = policies.iter().enumerate().find(|(other_at, other)| {
            *other_at != at && swallows(other) && (*other_at < at || !covered(policy, other))
        });
        if let Some((_, other)) = other {
            report.add(
                &UNREACHABLE_POLICY,
                policy.part(),
                format!("`{}` allows every row to the same roles already", other.name),
                "take one of the two away, or make this one restrictive if it is to narrow",
            );
        }
    }
}

/// Whether the second policy serves no role and no command that the first does not, and the first is
/// as open.
fn covered(first: &PolicyView<'_>, second: &PolicyView<'_>) -> bool {
    let open = first.written().all(|it| constant(it.term) == Some(true));
    let commands = COMMANDS.iter().all(|(it, _)| !second.covers(*it) || first.covers(*it));
    open && commands && second.roles().iter().all(|role| first.serves(role))
}

/// UPDATE and DELETE find their rows by a WHERE, and INSERT reads back by RETURNING: both read.
fn write_without_select(view: &View<'_>, report: &mut Report<'_>) {
    let (mut inserts, mut changes) = (Vec::new(), Vec::new());
    for policy in view.permissive() {
        let blind: Vec<_> = policy.roles().iter().filter(|role| is_blind(view, role)).collect();
        let mut writes: Vec<_> = COMMANDS[1..].iter().map(|(command, _)| *command).collect();
        writes.retain(|command| policy.covers(*command) && !policy.refuses(*command));
        if blind.is_empty() || writes.is_empty() {
            continue;
        }
        if writes == [Command::Insert] {
            Shared::add(&mut inserts, &policy, policy.part(), blind, writes);
        } else {
            writes.retain(|command| *command != Command::Insert);
            Shared::add(&mut changes, &policy, policy.part(), blind, writes);
        }
    }
    let help = "let the role read these rows too";
    // Whoever cannot find what it changes is told that already.
    inserts.retain(|insert| changes.iter().all(|change| change.subject != insert.subject));
    for insert in inserts {
        let blind = names(&insert.subject);
        let message = format!("no policy lets {blind} read: `INSERT .. RETURNING` fails");
        report.add(&INSERT_WITHOUT_SELECT, insert.part, message, help);
    }
    for change in changes {
        let (blind, commands) = (names(&change.subject), change.commands().join(" and "));
        let message = format!(
            "no policy lets {blind} read: {commands} with a WHERE or RETURNING fails or finds no row"
        );
        report.add(&UPDATE_WITHOUT_SELECT, change.part, message, help);
    }
}

/// Whether no policy lets a role read. Everyone is not one role: some may see what others do not.
fn is_blind(view: &View<'_>, role: &Grantee) -> bool {
    let mut reads = view.permissive().into_iter().filter(|policy| policy.covers(Command::Select));
    !reads.any(|policy| {
        !policy.refuses(Command::Select) && (policy.serves(role) || *role == Grantee::Public)
    })
}

/// An UPDATE that reads may leave behind only what the policies for SELECT show.
fn update_hides_row(view: &View<'_>, report: &mut Report<'_>) {
    for policy in view.permissive() {
        let Some(check) = policy.check.filter(|_| policy.covers(Command::Update)) else { continue };
        let readers = |role| view.opening(Command::Select, role);
        let shown: Vec<_> = policy.roles().iter().flat_map(readers).collect();
        let Some(first) = shown.first().and_then(|policy| policy.using) else { continue };
        let hides = |column: &&Ident| {
            let shows = |policy: &PolicyView<'_>| {
                policy.using.is_some_and(|using| depends_on(using.term, column))
            };
            shown.iter().all(shows)
                && !mentions(check.term, column)
                && view.writable(&policy, Command::Update, column)
        };
        if policy.refuses(Command::Update) {
            continue;
        }
        if let Some(column) = columns(first.term).into_iter().find(hides) {
            report.add(
                &UPDATE_HIDES_ROW,
                view.at_column(&first, column),
                format!(
                    "an UPDATE by `{}` that hides the row by `{column}` is refused, unless it reads nothing",
                    policy.name
                ),
                format!("show such rows and filter them in the query, or keep `{column}` from UPDATE"),
            );
        }
    }
}

/// Whether every alternative has a condition about that column and not about who asks.
fn depends_on(term: &Term, column: &Ident) -> bool {
    alternatives(term).into_iter().all(|alternative| {
        conditions(alternative)
            .into_iter()
            .any(|condition| !asks_who(condition) && columns(condition).contains(column))
    })
}

/// A lookup is read as the caller, under the policies of the table that it looks in.
fn lookup_sees_nothing(view: &View<'_>, report: &mut Report<'_>) {
    for policy in view.policies() {
        for predicate in policy.written() {
            for (lookup, definer) in lookups(predicate.term) {
                let Some(other) = view.other(&lookup.table).filter(|_| !definer) else { continue };
                if other.declared.table.row_security == RowSecurity::Disabled {
                    continue;
                }
                let blind: Vec<_> =
                    policy.roles().iter().filter(|role| is_blind(&other, role)).collect();
                if blind.is_empty() {
                    continue;
                }
                let rust_name = &other.declared.rust_name;
                report.add(
                    &LOOKUP_SEES_NOTHING,
                    view.at_lookup(&predicate, &lookup.table),
                    format!(
                        "{} has no policy to read `{}`, so this lookup finds nothing or is refused",
                        names(blind),
                        lookup.table
                    ),
                    format!("let the role read its rows of `{rust_name}`, or write `definer(exists(..))`"),
                );
            }
        }
    }
}

fn multiple_permissive_policies(view: &View<'_>, report: &mut Report<'_>) {
    let policies = view.permissive();
    let named: BTreeSet<_> = policies.iter().flat_map(PolicyView::roles).cloned().collect();
    let members = view.settings.members().cloned().map(Grantee::Role);
    let members: Vec<_> = members.filter(|role| !named.contains(role)).collect();
    // Which policies meet, in which commands, is the same for many roles: that is one thing to tell.
    let mut meetings: BTreeMap<(BTreeSet<&Ident>, Vec<&str>), Vec<&Grantee>> = BTreeMap::new();
    for role in named.iter().chain(&members) {
        let (mut met, mut commands) = (BTreeSet::new(), Vec::new());
        for (command, command_name) in COMMANDS {
            let open = view.opening(command, role);
            if open.len() > 1 {
                met.extend(open.iter().map(|policy| policy.name));
                commands.push(command_name);
            }
        }
        // A member has the meetings of its role: only one of its own is worth telling.
        let told =
            members.contains(role) && meetings.contains_key(&(met.clone(), commands.clone()));
        if !met.is_empty() && !told {
            meetings.entry((met, commands)).or_default().push(role);
        }
    }
    for ((met, commands), roles) in meetings {
        let Some(last) = met.last() else { continue };
        report.add(
            &MULTIPLE_PERMISSIVE_POLICIES,
            Part::Policy((*last).clone()),
            format!(
                "{} meet in {} for {}: Postgres joins them by OR and asks each",
                names(&met),
                commands.join(", "),
                names(roles)
            ),
            "write one policy with `||`, where that reads as well",
        );
    }
}
