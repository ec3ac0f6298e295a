//! Partitions as declared: `partition_by(range, columns = [created_at])`, and for each partition
//! `partition(name = "..", from = .., to = ..)`, in which the two may stand again.

use syn::{Expr, ExprLit, Lit, Meta};

use super::Ctxt;
use super::attr::{self, Item};
use super::constraint::Read;
use super::decl::may_hold_tables;
use super::grant::{self, GrantDecl, GrantedOn};
use super::owner::owner;
use crate::model::{Ident, PartitionStrategy, QualifiedName};

/// `partition_by(..)`.
pub(super) struct PartitioningDecl {
    pub(super) strategy: PartitionStrategy,
    pub(super) keys: Vec<Expr>,
    pub(super) keep_undeclared: bool,
}

/// `partition(..)`.
pub(super) struct PartitionDecl {
    pub(super) meta: Meta,
    pub(super) name: QualifiedName,
    pub(super) bound: BoundDecl,
    pub(super) row_security: bool,
    pub(super) force: Option<bool>,
    pub(super) owner: Option<Ident>,
    pub(super) grants: Vec<GrantDecl>,
    pub(super) comment: Option<String>,
    pub(super) spread: SpreadDecl,
}

/// `partition_by(..)` with its partitions; without it there should be none.
pub(super) struct SpreadDecl {
    pub(super) partition_by: Option<PartitioningDecl>,
    pub(super) partitions: Vec<PartitionDecl>,
}

/// Which rows a partition holds, each value still Rust.
pub(super) enum BoundDecl {
    Range { from: Vec<Expr>, to: Vec<Expr> },
    List(Vec<Expr>),
    Hash { modulus: u32, remainder: u32 },
    Default,
}

const BY_KEYS: &[&str] = &["range", "list", "hash", "columns", "keep_undeclared"];
const KEYS: &[&str] = &[
    "name",
    "schema",
    "from",
    "to",
    "values",
    "modulus",
    "remainder",
    "default",
    "row_security",
    "force",
    "owner",
    "grant",
    "comment",
    "partition_by",
    "partition",
];

const STRATEGIES: [(&str, PartitionStrategy); 3] = [
    ("range", PartitionStrategy::Range),
    ("list", PartitionStrategy::List),
    ("hash", PartitionStrategy::Hash),
];

/// What to write in a partition of each strategy.
pub(super) fn help(strategy: PartitionStrategy) -> &'static str {
    match strategy {
        PartitionStrategy::Range => {
            "write `from = .., to = ..`, or `default` for what is left over"
        }
        PartitionStrategy::List => "write `values = [..]`, or `default` for what is left over",
        PartitionStrategy::Hash => "write `modulus = 4, remainder = 0`",
    }
}

/// How rows are spread and over what, as a struct or a partition says it.
pub(super) fn spread(items: &[Item], schema: &Ident, ctxt: &Ctxt) -> SpreadDecl {
    let item = items.iter().find(|item| item.key == "partition_by");
    let partition_by = item.and_then(|item| by(item, ctxt));
    let partitions = items.iter().filter(|item| item.key == "partition");
    let mut partitions: Vec<_> = partitions.filter_map(|item| one(item, schema, ctxt)).collect();
    // What is a mistake itself makes no others.
    if item.is_some() && partition_by.is_none() {
        partitions.clear();
    }
    SpreadDecl { partition_by, partitions }
}

fn by(item: &Item, ctxt: &Ctxt) -> Option<PartitioningDecl> {
    const HELP: &str = "write `partition_by(range, columns = [created_at])`, or `list` or `hash`";
    let before = ctxt.count();
    let items = attr::nested(item.list(ctxt)?, BY_KEYS, ctxt);
    let read = Read { items: &items, ctxt, complete: true };
    let named = items.iter().filter_map(|item| {
        let (_, strategy) = STRATEGIES.iter().find(|(key, _)| item.key == *key)?;
        item.flag(ctxt).then_some((item, *strategy))
    });
    let named: Vec<_> = named.collect();
    let strategy = match named.as_slice() {
        [(_, strategy)] => *strategy,
        [] if ctxt.count() > before => return None,
        [] => {
            ctxt.error_help(&item.meta, "`partition_by` does not say how", HELP);
            return None;
        }
        [_, (second, _), ..] => {
            ctxt.error_help(&second.meta, "rows are spread in one way", HELP);
            return None;
        }
    };
    if read.find("columns").is_none() && ctxt.count() == before {
        ctxt.error_help(&item.meta, "`partition_by` does not say by which columns", HELP);
    }
    let keys = read.columns("columns");
    if let (PartitionStrategy::List, [_, second, ..]) = (strategy, keys.as_slice()) {
        ctxt.error(second, "a list is about one column");
    }
    (!keys.is_empty()).then(|| PartitioningDecl {
        strategy,
        keys,
        keep_undeclared: read.switch("keep_undeclared"),
    })
}

/// A partition; without a schema of its own it is in its table's.
fn one(item: &Item, schema: &Ident, ctxt: &Ctxt) -> Option<PartitionDecl> {
    let before = ctxt.count();
    let items = attr::nested_repeatable(item.list(ctxt)?, KEYS, &["grant", "partition"], ctxt);
    let read = Read { items: &items, ctxt, complete: ctxt.count() == before };
    let own = read.find("schema").and_then(|item| {
        let name = item.name(ctxt)?;
        may_hold_tables(&name, item, ctxt).then_some(name)
    });
    let schema = own.unwrap_or_else(|| schema.clone());
    let spread = spread(&items, &schema, ctxt);
    let bound = bound(&read, item);
    let Some(name) = read.find("name") else {
        if read.complete {
            let help = "write `partition(name = \"events_2024\", ..)`";
            ctxt.error_help(&item.meta, "`partition` does not say its name", help);
        }
        return None;
    };
    let switch = |key: &str| read.find(key).and_then(|item| item.switch(ctxt));
    let (row_security, force) = (switch("row_security").unwrap_or(true), switch("force"));
    if let (false, Some(true), Some(item)) = (row_security, force, read.find("force")) {
        let message = "a partition without row security is closed to nobody";
        ctxt.error_help(&item.meta, message, "leave `force` or `row_security = false` out");
    }
    Some(PartitionDecl {
        meta: item.meta.clone(),
        name: QualifiedName::new(schema, name.name(ctxt)?),
        bound: bound?,
        row_security,
        force,
        owner: read.find("owner").and_then(|item| owner(item, ctxt)),
        grants: grant::each(&items, GrantedOn::Table, ctxt),
        comment: read.comment(),
        spread,
    })
}

fn bound(read: &Read<'_>, item: &Item) -> Option<BoundDecl> {
    const HELP: &str =
        "write `from = .., to = ..`, `values = [..]`, `modulus = .., remainder = ..` or `default`";
    let Read { items: _, ctxt, complete } = read;
    let missing = |key: &str| {
        ctxt.error_help(&item.meta, format!("`partition` lacks `{key}`"), HELP);
    };
    // Which of the forms are begun.
    let forms = [["from", "to"], ["values", "values"], ["modulus", "remainder"], ["default"; 2]];
    let begun = |form: &&[&str; 2]| form.iter().any(|key| read.find(key).is_some());
    let begun: Vec<_> = forms.iter().filter(begun).collect();
    let form = match begun.as_slice() {
        [form] => form,
        [] => {
            if *complete {
                ctxt.error_help(&item.meta, "`partition` does not say which rows it holds", HELP);
            }
            return None;
        }
        [_, second, ..] => {
            let at = second.iter().find_map(|key| read.find(key))?;
            ctxt.error_help(&at.meta, "a partition is told apart in one way", HELP);
            return None;
        }
    };
    if let Some(key) = form.iter().find(|key| read.find(key).is_none()) {
        missing(key);
        return None;
    }
    match form[0] {
        "from" => Some(BoundDecl::Range { from: ends(read, "from")?, to: ends(read, "to")? }),
        "values" => Some(read.columns("values")).filter(|it| !it.is_empty()).map(BoundDecl::List),
        "default" => read.find("default")?.flag(ctxt).then_some(BoundDecl::Default),
        _ => {
            let (modulus, remainder) = (number(read, "modulus"), number(read, "remainder"));
            let (modulus, remainder) = (modulus?, remainder?);
            if remainder >= modulus {
                let message = format!("a remainder of {modulus} is smaller than {modulus}");
                ctxt.error(&read.find("remainder")?.meta, message);
                return None;
            }
            Some(BoundDecl::Hash { modulus, remainder })
        }
    }
}

/// One value, or a list with one for each key.
fn ends(read: &Read<'_>, key: &str) -> Option<Vec<Expr>> {
    match read.find(key)?.value(read.ctxt)? {
        Expr::Array(_) => Some(read.columns(key)).filter(|ends| !ends.is_empty()),
        single => Some(vec![single.clone()]),
    }
}

fn number(read: &Read<'_>, key: &str) -> Option<u32> {
    let value = read.find(key)?.value(read.ctxt)?;
    let number = match value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        _ => None,
    };
    if number.is_none() {
        read.ctxt.error_help(value, "this is not a number", format!("write `{key} = 4`"));
    }
    number
}
