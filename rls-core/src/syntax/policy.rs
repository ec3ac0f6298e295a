//! `crud_policy(..)`, `policy(..)` and `allow(..)` as declared: their keys understood, their
//! predicates still Rust.

use syn::{Expr, Meta};

use super::Ctxt;
use super::attr::{self, Item, checked, quoted};
use super::decl::plain_name;
use super::rename::{Was, was};
use crate::model::{AllowedLint, Command, Grantee, Ident, PolicyKind};
use crate::resolve::nearest;

/// One declaration for all four commands.
pub(super) struct CrudPolicy {
    pub(super) meta: Meta,
    pub(super) roles: Vec<(Grantee, Expr)>,
    pub(super) read: Option<Expr>,
    pub(super) modify: Option<Expr>,
    pub(super) insert: Option<Expr>,
    pub(super) update: Option<Expr>,
    pub(super) delete: Option<Expr>,
    pub(super) read_columns: Option<Vec<Expr>>,
    pub(super) write_columns: Option<Vec<Expr>>,
    pub(super) insert_columns: Option<Vec<Expr>>,
    pub(super) update_columns: Option<Vec<Expr>>,
}

/// One policy as Postgres has them.
pub(super) struct FullPolicy {
    pub(super) meta: Meta,
    pub(super) name: Ident,
    pub(super) was: Option<Was>,
    pub(super) kind: PolicyKind,
    pub(super) command: Command,
    pub(super) roles: Vec<(Grantee, Expr)>,
    pub(super) using: Option<Expr>,
    pub(super) with_check: Option<Expr>,
    pub(super) columns: Option<Vec<Expr>>,
    pub(super) comment: Option<String>,
}

const CRUD_KEYS: &[&str] = &[
    "role",
    "read",
    "modify",
    "insert",
    "update",
    "delete",
    "read_columns",
    "write_columns",
    "insert_columns",
    "update_columns",
];
const POLICY_KEYS: &[&str] = &[
    "name",
    "was",
    "command",
    "role",
    "roles",
    "permissive",
    "restrictive",
    "using",
    "with_check",
    "without_using",
    "without_check",
    "columns",
    "comment",
];

pub(super) fn crud(item: &Item, ctxt: &Ctxt) -> Option<CrudPolicy> {
    let list = item.list(ctxt)?;
    let before = ctxt.count();
    let items = attr::nested(list, CRUD_KEYS, ctxt);
    let complete = ctxt.count() == before;
    let find = |key: &str| items.iter().find(|item| item.key == key);
    let value = |key: &str| find(key).and_then(|item| item.value(ctxt)).cloned();
    let Some(role) = value("role") else {
        if complete && find("role").is_none() {
            ctxt.error_help(
                &item.meta,
                "`crud_policy` does not say for whom",
                "write `role = authenticated`",
            );
        }
        return None;
    };
    let policy = CrudPolicy {
        meta: item.meta.clone(),
        roles: roles(&role, ctxt),
        read: value("read"),
        modify: value("modify"),
        insert: value("insert"),
        update: value("update"),
        delete: value("delete"),
        read_columns: find("read_columns").and_then(|item| columns(item, ctxt)),
        write_columns: find("write_columns").and_then(|item| columns(item, ctxt)),
        insert_columns: find("insert_columns").and_then(|item| columns(item, ctxt)),
        update_columns: find("update_columns").and_then(|item| columns(item, ctxt)),
    };
    let predicates = ["read", "modify", "insert", "update", "delete"];
    if complete && !items.iter().any(|item| predicates.contains(&item.key.as_str())) {
        ctxt.error_help(
            &item.meta,
            "`crud_policy` allows nothing",
            "write `read = ..` or `modify = ..`, or `false` for it",
        );
        return None;
    }
    (!policy.roles.is_empty()).then_some(policy)
}

pub(super) fn full(item: &Item, ctxt: &Ctxt) -> Option<FullPolicy> {
    let list = item.list(ctxt)?;
    let before = ctxt.count();
    let items = attr::nested(list, POLICY_KEYS, ctxt);
    let complete = ctxt.count() == before;
    let find = |key: &str| items.iter().find(|item| item.key == key);
    let value = |key: &str| find(key).and_then(|item| item.value(ctxt)).cloned();
    let missing = |what: &str, help: &str| {
        // A key that is misspelt is not missing too.
        if complete {
            ctxt.error_help(&item.meta, format!("`policy` does not say {what}"), help);
        }
    };
    if find("name").is_none() {
        missing("what it is called", "write `name = \"..\"`");
    }
    if find("role").is_none() && find("roles").is_none() {
        missing("for whom", "write `role = authenticated`, or `role = public` for everyone");
    }
    if find("command").is_none() {
        missing(
            "for which command",
            "write `command = select`, `insert`, `update`, `delete` or `all`",
        );
    }
    if let (Some(_), Some(two)) = (find("role"), find("roles")) {
        ctxt.error_help(&two.meta, "the roles are given twice", "write `role = [a, b]`");
    }
    let name = find("name").and_then(|item| item.name(ctxt));
    let command = value("command").and_then(|value| command(&value, ctxt));
    let policy = FullPolicy {
        meta: item.meta.clone(),
        kind: kind(find("permissive"), find("restrictive"), ctxt),
        roles: value("role").or(value("roles")).map(|role| roles(&role, ctxt)).unwrap_or_default(),
        using: value("using"),
        with_check: value("with_check"),
        columns: find("columns").and_then(|item| columns(item, ctxt)),
        comment: find("comment").and_then(|item| item.string(ctxt)).map(|text| text.value()),
        was: was(find("was"), ctxt),
        name: name?,
        command: command?,
    };
    if ctxt.count() == before {
        clauses(&policy, item, &find, ctxt);
    }
    (!policy.roles.is_empty()).then_some(policy)
}

fn kind(permissive: Option<&Item>, restrictive: Option<&Item>, ctxt: &Ctxt) -> PolicyKind {
    let said = |item: Option<&Item>| item.is_some_and(|item| item.flag(ctxt));
    let (permissive_said, restrictive_said) = (said(permissive), said(restrictive));
    if let (true, true, Some(item)) = (permissive_said, restrictive_said, restrictive) {
        ctxt.error_help(
            &item.meta,
            "a policy is either permissive or restrictive",
            "permissive ones let rows through, restrictive ones hold them back",
        );
    }
    if restrictive_said { PolicyKind::Restrictive } else { PolicyKind::Permissive }
}

/// Which clauses a command has. Source: Postgres manual, `CREATE POLICY`, "Policies Applied by
/// Command Type".
fn clauses<'a>(
    policy: &FullPolicy,
    item: &Item,
    find: &dyn Fn(&str) -> Option<&'a Item>,
    ctxt: &Ctxt,
) {
    let (using, with_check) = (find("using"), find("with_check"));
    let none = find("without_using").or(find("without_check")).filter(|none| none.flag(ctxt));
    let left_out = match (policy.command, none.map(|none| none.key.as_str())) {
        (_, None) => false,
        (Command::Insert, Some("without_check")) => with_check.is_none(),
        (Command::Insert, Some(_)) => false,
        (_, Some(key)) => key == "without_using" && using.is_none(),
    };
    if let (Some(none), false) = (none, left_out) {
        let message = format!("`{}` leaves nothing out here", none.key);
        ctxt.error_help(&none.meta, message, "take it away");
        return;
    }
    match (policy.command, using, with_check) {
        (Command::Insert, Some(using), _) => ctxt.error_help(
            &using.meta,
            "INSERT finds no rows, so it has no `using`",
            "write `with_check = ..`",
        ),
        (Command::Select | Command::Delete, _, Some(check)) => ctxt.error_help(
            &check.meta,
            "SELECT and DELETE leave no rows behind, so they have no `with_check`",
            "write `using = ..`",
        ),
        // Without it, Postgres lets a restrictive policy restrain nothing, and a permissive one allows
        // nothing: who means that has to say so.
        (Command::Insert, None, None) if !left_out => ctxt.error_help(
            &item.meta,
            "`policy` does not say which rows",
            "write `with_check = ..`",
        ),
        (Command::All | Command::Select | Command::Update | Command::Delete, None, _)
            if !left_out =>
        {
            ctxt.error_help(&item.meta, "`policy` does not say which rows", "write `using = ..`");
        }
        (Command::Insert, None, _)
        | (Command::Select | Command::Delete, _, None)
        | (Command::All | Command::Update, _, _) => {}
    }
}

fn command(value: &Expr, ctxt: &Ctxt) -> Option<Command> {
    const NAMES: &[&str] = &["all", "select", "insert", "update", "delete"];
    let name = plain_name(value).unwrap_or_default();
    let command = match name.to_lowercase().as_str() {
        "all" => Command::All,
        "select" => Command::Select,
        "insert" => Command::Insert,
        "update" => Command::Update,
        "delete" => Command::Delete,
        _ => {
            let help = match nearest(&name, NAMES.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", quoted(NAMES)),
            };
            ctxt.error_help(value, "this is not a command", help);
            return None;
        }
    };
    Some(command)
}

/// `[id, title]`: fields.
pub(super) fn columns(item: &Item, ctxt: &Ctxt) -> Option<Vec<Expr>> {
    match item.value(ctxt)? {
        Expr::Array(list) if !list.elems.is_empty() => Some(list.elems.iter().cloned().collect()),
        other => {
            let help = format!("write `{} = [id, title]`", item.key);
            ctxt.error_help(other, "this is not a list of columns", help);
            None
        }
    }
}

/// What the items of a struct accept.
pub(super) fn allowed(items: &[Item], ctxt: &Ctxt) -> Vec<AllowedLint> {
    let items = items.iter().filter(|item| item.key == "allow");
    items.filter_map(|item| allow(item, ctxt)).map(|(allowed, _)| allowed).collect()
}

/// `allow(lint_name, reason = "..")`.
pub(super) fn allow(item: &Item, ctxt: &Ctxt) -> Option<(AllowedLint, Meta)> {
    const HELP: &str = "write `allow(lint_name, reason = \"..\")`";
    let list = item.list(ctxt)?;
    let (mut lint, mut reason) = (None, None);
    for meta in attr::metas(list, ctxt) {
        match &meta {
            Meta::Path(path) if lint.is_none() && path.get_ident().is_some() => {
                lint = path.get_ident().map(ToString::to_string);
            }
            Meta::NameValue(pair) if pair.path.is_ident("reason") && reason.is_none() => {
                reason = attr::string_literal(&pair.value).map(syn::LitStr::value);
                if reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
                    ctxt.error_help(&pair.value, "this is no reason", HELP);
                    return None;
                }
            }
            _ => {
                ctxt.error_help(&meta, "unexpected here", HELP);
                return None;
            }
        }
    }
    match (lint, reason) {
        (Some(lint), Some(reason)) => Some((AllowedLint { lint, reason }, item.meta.clone())),
        (None, _) => {
            ctxt.error_help(&item.meta, "`allow` does not say what", HELP);
            None
        }
        (Some(_), None) => {
            ctxt.error_help(&item.meta, "`allow` does not say why", HELP);
            None
        }
    }
}

/// `authenticated`, `[a, b]`, `"Role With Capitals"`.
pub(super) fn roles(value: &Expr, ctxt: &Ctxt) -> Vec<(Grantee, Expr)> {
    let each: Vec<&Expr> = match value {
        Expr::Array(array) => array.elems.iter().collect(),
        single => vec![single],
    };
    if each.is_empty() {
        ctxt.error_help(value, "the list of roles is empty", "write `role = authenticated`");
    }
    let mut roles: Vec<(Grantee, Expr)> = Vec::new();
    for expr in each {
        let Some(role) = role(expr, ctxt) else { continue };
        if roles.iter().any(|(other, _)| *other == role) {
            ctxt.error(expr, format!("role `{role}` is named twice"));
        } else {
            roles.push((role, expr.clone()));
        }
    }
    roles
}

fn role(expr: &Expr, ctxt: &Ctxt) -> Option<Grantee> {
    let Some(name) = plain_name(expr) else {
        ctxt.error_help(
            expr,
            "this is not a role",
            "write `role = authenticated`, `role = [a, b]` or a string",
        );
        return None;
    };
    if name == "public" {
        return Some(Grantee::Public);
    }
    let refused = |message| ctxt.error_help(expr, message, "name the role itself");
    Grantee::role(checked(expr, name, ctxt)?).map_err(refused).ok()
}
