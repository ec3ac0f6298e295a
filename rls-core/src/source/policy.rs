//! Policies: those that `crud_policy` and `tenant` would make come back as such, others one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::attribute::{Code, Item};
use super::object::string;
use super::{expression, names, text};
use crate::model::{
    AllowedLint, Command, Commented, DeclaredTable, Expr, Grantee, Ident, Policy, PolicyKind,
};
use crate::policy::crud::Crud;

/// All policies of a table.
pub(super) fn items(declared: &DeclaredTable) -> Vec<Item> {
    let mut left: BTreeMap<&Ident, &Policy> = declared.table.policies.iter().collect();
    let mut items: Vec<Item> = tenant(declared, &mut left).into_iter().collect();
    items.extend(cruds(declared, &mut left));
    let mut left: Vec<_> = left.into_iter().collect();
    // In the order in which people think of commands.
    left.sort_by_key(|(_, policy)| (policy.kind, policy.command));
    items.extend(left.into_iter().map(|(name, policy)| full(name, policy, declared)));
    items
}

fn is_special(name: &Ident, declared: &DeclaredTable) -> bool {
    let commented = Commented::Policy(declared.table.name.clone(), name.clone());
    declared.comments.contains_key(&commented)
        || declared.policy_columns.contains_key(name)
        || declared.implied_checks.contains(name)
}

fn tenant(declared: &DeclaredTable, left: &mut BTreeMap<&Ident, &Policy>) -> Option<Item> {
    let (name, policy) = left.iter().find(|(name, policy)| {
        name.as_str() == "tenant-isolation"
            && policy.kind == PolicyKind::Restrictive
            && policy.command == Command::All
            && policy.roles == BTreeSet::from([Grantee::Public])
            && policy.using.is_some()
            && policy.using == policy.with_check
            && !is_special(name, declared)
    })?;
    let (name, code) = (*name, policy.using.as_ref().map(expression::code)?);
    left.remove(name);
    Some(Item::Value("tenant", code))
}

/// The policies that are called as a `crud_policy` of their roles calls them, and say what it can.
fn cruds(declared: &DeclaredTable, left: &mut BTreeMap<&Ident, &Policy>) -> Vec<Item> {
    let orders: BTreeSet<_> = left.iter().map(|(name, policy)| order(name, policy)).collect();
    let mut taken = BTreeSet::new();
    let mut items = Vec::new();
    for roles in orders {
        // Two for one role are refused.
        if roles.iter().any(|role| taken.contains(role)) {
            continue;
        }
        let some = Some(Expr::bool(true));
        let update = some.clone().map(Into::into);
        let all = Crud {
            roles: roles.clone(),
            select: some.clone(),
            insert: some.clone(),
            update,
            delete: some,
        };
        let Ok(all) = all.policies() else { continue };
        let mut found = BTreeMap::new();
        for (name, made) in all {
            let Some(policy) = left.get(&name).filter(|_| !is_special(&name, declared)) else {
                continue;
            };
            let Policy { kind, command, roles, using, with_check } = policy;
            if (kind, command, roles) != (&made.kind, &made.command, &made.roles) {
                continue;
            }
            let expr = match (command, using, with_check) {
                (Command::Select | Command::Delete, Some(using), None) => using,
                (Command::Insert, None, Some(check)) => check,
                (Command::Update, Some(using), Some(check)) if using == check => using,
                _ => continue,
            };
            found.insert(*command, expr.clone());
            left.remove(&name);
        }
        if !found.is_empty() {
            items.push(crud_item(&roles, &found));
            taken.extend(roles);
        }
    }
    items
}

/// The roles of a policy in the order in which its name has them, where it is one of a `crud_policy`.
fn order(name: &Ident, policy: &Policy) -> Vec<Grantee> {
    let sorted: Vec<_> = policy.roles.iter().cloned().collect();
    let inside = name.as_str().strip_prefix("crud-");
    let inside = inside.and_then(|rest| rest.rsplit_once("-policy-"));
    let named = inside.and_then(|(inside, _)| in_order(inside, &sorted));
    named.unwrap_or(sorted)
}

/// The roles as a text has them, one behind the other. A role may have `-` in its name, too.
fn in_order(text: &str, roles: &[Grantee]) -> Option<Vec<Grantee>> {
    if let [only] = roles {
        return (only.as_str() == text).then(|| vec![only.clone()]);
    }
    roles.iter().enumerate().find_map(|(at, first)| {
        let rest = text.strip_prefix(first.as_str())?.strip_prefix('-')?;
        let others: Vec<_> = [&roles[..at], &roles[at + 1..]].concat();
        let others = in_order(rest, &others)?;
        Some(std::iter::once(first.clone()).chain(others).collect())
    })
}

fn crud_item(roles: &[Grantee], found: &BTreeMap<Command, Expr>) -> Item {
    let mut items = vec![Item::Value("role", role_code(roles))];
    let of = |command| found.get(&command);
    let value = |key, expr: Option<&Expr>| Some(Item::Value(key, expression::code(expr?)));
    let (insert, update, delete) = (of(Command::Insert), of(Command::Update), of(Command::Delete));
    items.extend(value("read", of(Command::Select)));
    if insert.is_some() && insert == update && update == delete {
        items.extend(value("modify", insert));
    } else {
        items.extend(value("insert", insert));
        items.extend(value("update", update));
        items.extend(value("delete", delete));
    }
    Item::List("crud_policy", items)
}

fn full(name: &Ident, policy: &Policy, declared: &DeclaredTable) -> Item {
    let Policy { kind, command, roles, using, with_check } = policy;
    let command = match command {
        Command::All => "all",
        Command::Select => "select",
        Command::Insert => "insert",
        Command::Update => "update",
        Command::Delete => "delete",
    };
    let mut items = vec![
        Item::Value("name", Code::literal(text::literal(name.as_str()))),
        Item::Value("command", Code::other(command)),
        Item::Value("role", role_code(roles)),
    ];
    items.extend((*kind == PolicyKind::Restrictive).then_some(Item::Flag("restrictive")));
    match using {
        Some(using) => items.push(Item::Value("using", expression::code(using))),
        None if policy.command != Command::Insert => items.push(Item::Flag("without_using")),
        None => {}
    }
    let implied = declared.implied_checks.contains(name);
    match with_check {
        Some(check) if !implied => items.push(Item::Value("with_check", expression::code(check))),
        None if policy.command == Command::Insert => items.push(Item::Flag("without_check")),
        Some(_) | None => {}
    }
    if let Some(columns) = declared.policy_columns.get(name) {
        let field = |column: &Ident| names::field(declared, column);
        items.push(Item::Value("columns", Code::array(columns.iter().map(field).collect())));
    }
    let on = Commented::Policy(declared.table.name.clone(), name.clone());
    if let Some(comment) = declared.comments.get(&on) {
        items.push(Item::Value("comment", Code::literal(text::literal(comment))));
    }
    Item::List("policy", items)
}

/// `authenticated`, `[a, b]`, `"Front Desk"`.
pub(super) fn role_code<'a>(roles: impl IntoIterator<Item = &'a Grantee>) -> Code {
    let roles = roles.into_iter().map(|role| names::path_or_string(role.as_str()));
    match roles.collect::<Vec<_>>() {
        one if one.len() == 1 => Code::other(one.concat()),
        several => Code::array(several),
    }
}

/// A lint that is accepted.
pub(super) fn allow(allowed: &AllowedLint) -> Item {
    let lint = Item::Bare(Code::literal(allowed.lint.clone()));
    Item::List("allow", vec![lint, string("reason", &allowed.reason)])
}
