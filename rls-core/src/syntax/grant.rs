//! `grant(role = authenticated, privileges = [select, insert], columns = [id], grantable)`:
//! privileges by name, on a table, a sequence or any other object that a struct declares.

use std::collections::BTreeSet;

use syn::{Expr, Meta};

use super::Ctxt;
use super::attr::{self, Item, quoted};
use super::decl::plain_name;
use super::policy::{columns, roles};
use crate::model::{DeclaredGrant, Grantee, Ident, Privilege};
use crate::resolve::nearest;

/// What the privileges are on, which decides which there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum GrantedOn {
    /// A table, or a view.
    Table,
    /// A sequence.
    Sequence,
    /// A function, or a procedure.
    Function,
}

/// One `grant(..)` as written.
pub(super) struct GrantDecl {
    pub(super) meta: Meta,
    pub(super) roles: Vec<(Grantee, Expr)>,
    pub(super) privileges: BTreeSet<Privilege>,
    /// Names of fields.
    pub(super) columns: Option<Vec<Expr>>,
    pub(super) grantable: bool,
}

const KEYS: &[&str] = &["role", "privileges", "columns", "grantable"];
/// Every privilege of the object that all supported versions of Postgres have.
const ALL: &str = "all";

/// The privileges on an object that has no columns, from the items of its struct.
pub(super) fn whole(items: &[Item], on: GrantedOn, ctxt: &Ctxt) -> Vec<DeclaredGrant> {
    with_columns(items, on, |_| BTreeSet::new(), ctxt)
}

/// The same on an object whose columns go by what `columns` makes of those that are written.
pub(super) fn with_columns(
    items: &[Item],
    on: GrantedOn,
    columns: impl Fn(&[Expr]) -> BTreeSet<Ident>,
    ctxt: &Ctxt,
) -> Vec<DeclaredGrant> {
    let read = each(items, on, ctxt);
    let of = |grant: &GrantDecl| columns(grant.columns.as_deref().unwrap_or_default());
    let declared: Vec<_> = read.iter().map(|grant| grant.declared(of(grant))).collect();
    twice(&read, &declared, ctxt);
    declared
}

/// Every `grant(..)` among the items, as it is written.
pub(super) fn each(items: &[Item], on: GrantedOn, ctxt: &Ctxt) -> Vec<GrantDecl> {
    let items = items.iter().filter(|item| item.key == "grant");
    items.filter_map(|item| grant(item, on, ctxt)).collect()
}

/// Reads one `grant(..)`.
fn grant(item: &Item, on: GrantedOn, ctxt: &Ctxt) -> Option<GrantDecl> {
    let list = item.list(ctxt)?;
    let before = ctxt.count();
    let items = attr::nested(list, KEYS, ctxt);
    let complete = ctxt.count() == before;
    let find = |key: &str| items.iter().find(|item| item.key == key);
    for (key, what, help) in [
        ("role", "to whom", "write `role = authenticated`, or `role = public` for everyone"),
        ("privileges", "what", "write `privileges = [select, insert]`"),
    ] {
        // A key that is misspelt is not missing too.
        if complete && find(key).is_none() {
            ctxt.error_help(&item.meta, format!("`grant` does not say {what}"), help);
        }
    }
    let columns = match find("columns") {
        Some(item) if on != GrantedOn::Table => {
            ctxt.error(&item.meta, "only the columns of a table have privileges of their own");
            None
        }
        found => found.and_then(|item| columns(item, ctxt)),
    };
    let roles = find("role").and_then(|item| item.value(ctxt)).map(|role| roles(role, ctxt));
    let privileges = find("privileges").and_then(|item| item.value(ctxt));
    let known = known(on, columns.is_some());
    let privileges = privileges.map(|value| privileges_of(value, known, columns.is_some(), ctxt));
    let grantable = find("grantable").filter(|item| item.flag(ctxt));
    let everyone = |roles: &Vec<(Grantee, Expr)>| {
        roles.iter().any(|(role, _)| matches!(role, Grantee::Public))
    };
    if let (Some(item), true) = (grantable, roles.as_ref().is_some_and(everyone)) {
        ctxt.error_help(
            &item.meta,
            "what everyone holds cannot be `grantable`",
            "Postgres gives grant options to roles only: name them",
        );
    }
    let grant = GrantDecl {
        meta: item.meta.clone(),
        roles: roles?,
        privileges: privileges?,
        columns,
        grantable: grantable.is_some(),
    };
    let says_something = !grant.roles.is_empty() && !grant.privileges.is_empty();
    (says_something && ctxt.count() == before).then_some(grant)
}

impl GrantDecl {
    /// The same with the columns that its fields are.
    pub(super) fn declared(&self, columns: BTreeSet<Ident>) -> DeclaredGrant {
        DeclaredGrant {
            roles: self.roles.iter().map(|(role, _)| role.clone()).collect(),
            privileges: self.privileges.clone(),
            columns,
            grantable: self.grantable,
        }
    }
}

/// A privilege that is granted twice may be meant otherwise the second time.
pub(super) fn twice(read: &[GrantDecl], declared: &[DeclaredGrant], ctxt: &Ctxt) {
    for (at, (grant, this)) in read.iter().zip(declared).enumerate() {
        for (role, tokens) in &grant.roles {
            let overlaps = |other: &&DeclaredGrant| {
                other.roles.contains(role)
                    && !other.privileges.is_disjoint(&this.privileges)
                    && (other.columns.is_empty() == this.columns.is_empty())
                    && (this.columns.is_empty() || !other.columns.is_disjoint(&this.columns))
            };
            let Some(other) = declared[..at].iter().find(overlaps) else { continue };
            let both = other.privileges.intersection(&this.privileges);
            let names: Vec<_> = both.map(|privilege| privilege.word()).collect();
            ctxt.error_help(
                tokens,
                format!("another `grant` gives `{role}` {} already", quoted(&names)),
                "leave one of the two out",
            );
        }
    }
}

fn known(on: GrantedOn, of_columns: bool) -> &'static [Privilege] {
    match on {
        GrantedOn::Table if of_columns => &Privilege::ON_COLUMNS,
        GrantedOn::Table => &Privilege::ON_TABLES,
        GrantedOn::Sequence => &Privilege::ON_SEQUENCES,
        GrantedOn::Function => &[Privilege::Execute],
    }
}

/// `select`, `[select, insert]`, `all`.
fn privileges_of(
    value: &Expr,
    known: &[Privilege],
    of_columns: bool,
    ctxt: &Ctxt,
) -> BTreeSet<Privilege> {
    let each: Vec<&Expr> = match value {
        Expr::Array(array) => array.elems.iter().collect(),
        single => vec![single],
    };
    if each.is_empty() {
        let help = "write `privileges = [select, insert]`";
        ctxt.error_help(value, "the list of privileges is empty", help);
    }
    let mut privileges = BTreeSet::new();
    for expr in each {
        let name = plain_name(expr).unwrap_or_default();
        if name == ALL {
            privileges.extend(known.iter().filter(|it| **it != Privilege::Maintain));
            continue;
        }
        match known.iter().find(|privilege| privilege.word() == name) {
            Some(privilege) if !privileges.insert(*privilege) => {
                ctxt.error(expr, format!("`{name}` is named twice"));
            }
            Some(_) => {}
            None => unknown(expr, &name, known, of_columns, ctxt),
        }
    }
    privileges
}

fn unknown(expr: &Expr, name: &str, known: &[Privilege], of_columns: bool, ctxt: &Ctxt) {
    let mut names: Vec<_> = known.iter().map(|privilege| privilege.word()).collect();
    names.push(ALL);
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", quoted(&names)),
    };
    let of_tables = Privilege::ON_TABLES.iter().any(|privilege| privilege.word() == name);
    let message = if of_columns && of_tables {
        "no single column has this privilege"
    } else {
        "this is not a privilege here"
    };
    ctxt.error_help(expr, message, help);
}
