//! Declared policies become policies of the model: which predicate guards which gate.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{BinOp, Expr as Rust};

use super::attr::checked;
use super::decl::{Decl, path_name};
use super::policy::{CrudPolicy, FullPolicy};
use super::predicate::{self, Parsed, Scope, Spans, States, joined};
use super::{Ctxt, call};
use crate::model::{Command, Expr, Grantee, Ident, Policy, PolicyKind};
use crate::policy::compile::Site;
use crate::policy::crud::{Crud, Update};
use crate::policy::link::{self, Others};
use crate::policy::optimize::Gate;
use crate::resolve::Part;

type Places = BTreeMap<Part, TokenStream>;

/// The policies of a table, and the columns that some of them are about.
#[derive(Default)]
pub(super) struct LoweredPolicies {
    pub(super) policies: BTreeMap<Ident, Policy>,
    pub(super) columns: BTreeMap<Ident, BTreeSet<Ident>>,
    pub(super) implied_checks: BTreeSet<Ident>,
}

pub(super) fn policies(
    decl: &Decl<'_>,
    scope: &Scope<'_>,
    places: &mut Places,
    ctxt: &Ctxt,
) -> LoweredPolicies {
    let mut lowered = LoweredPolicies::default();
    let mut taken: Vec<&Grantee> = Vec::new();
    for declared in &decl.crud_policies {
        // Two for one role would be joined by OR, which nobody reads off either of them.
        let before = ctxt.count();
        for (role, at) in &declared.roles {
            if taken.contains(&role) {
                ctxt.error_help(
                    at,
                    format!("role `{role}` has a `crud_policy` already"),
                    "join the two with `||`",
                );
            }
        }
        let overlap = ctxt.count() > before;
        taken.extend(declared.roles.iter().map(|(role, _)| role));
        crud(declared, decl, overlap, scope, &mut lowered, places, ctxt);
    }
    for declared in &decl.policies {
        full(declared, decl, scope, &mut lowered, places, ctxt);
    }
    tenant(decl, scope, &mut lowered, places, ctxt);
    lowered
}

/// Reads a predicate and checks what can be known of it here. One with a mistake allows nothing,
/// and the rules that follow still see for whom it was meant.
fn read(rust: &Rust, scope: &Scope<'_>, ctxt: &Ctxt) -> Parsed {
    let sound = predicate::parse(rust, scope, ctxt).filter(|parsed| linked(parsed, scope, ctxt));
    sound.unwrap_or_else(|| Parsed::leaf(Expr::bool(false), rust))
}

fn linked(parsed: &Parsed, scope: &Scope<'_>, ctxt: &Ctxt) -> bool {
    let Some(own) = &scope.own else { return true };
    let (_, problems) = link::predicate(&parsed.expr, own, Others::Unseen);
    let sound = problems.is_empty();
    parsed.spans.report(problems, ctxt);
    sound
}

/// A clause of a policy: its expression and where its nodes stand.
type Clause = (Gate, Spans);

fn add(
    name: Ident,
    policy: Policy,
    clauses: &[Clause],
    at: &TokenStream,
    lowered: &mut LoweredPolicies,
    places: &mut Places,
) -> bool {
    places.entry(Part::Policy(name.clone())).or_insert_with(|| at.clone());
    for (gate, spans) in clauses {
        for (node, tokens) in spans.in_order().into_iter().enumerate() {
            let site = Site::Policy(name.clone(), *gate);
            places.entry(Part::Expr(site, node)).or_insert(tokens);
        }
    }
    let fresh = !lowered.policies.contains_key(&name);
    lowered.policies.entry(name).or_insert(policy);
    fresh
}

fn roles_at(roles: &[(Grantee, Rust)]) -> TokenStream {
    roles.iter().flat_map(|(_, expr)| expr.to_token_stream()).collect()
}

fn crud(
    declared: &CrudPolicy,
    decl: &Decl<'_>,
    overlap: bool,
    scope: &Scope<'_>,
    lowered: &mut LoweredPolicies,
    places: &mut Places,
    ctxt: &Ctxt,
) {
    let all_overridden =
        declared.insert.is_some() && declared.update.is_some() && declared.delete.is_some();
    if let (Some(modify), true) = (&declared.modify, all_overridden) {
        ctxt.error_help(
            modify,
            "`modify` says nothing here",
            "`insert`, `update` and `delete` are all given",
        );
    }
    // Each is read once, so that a mistake in `modify` is one message and not three.
    let one = |rust: &Option<Rust>| rust.as_ref().map(|rust| read(rust, scope, ctxt));
    let select = one(&declared.read);
    let modify = one(&declared.modify);
    let insert = one(&declared.insert).or_else(|| modify.clone());
    let delete = one(&declared.delete).or_else(|| modify.clone());
    let update = match &declared.update {
        Some(rust) => Some(update(rust, scope, ctxt)),
        None => modify.map(|modify| (modify.clone(), modify)),
    };
    let expr = |parsed: &Option<Parsed>| parsed.as_ref().map(|parsed| parsed.expr.clone());
    let crud = Crud {
        roles: declared.roles.iter().map(|(role, _)| role.clone()).collect(),
        select: expr(&select),
        insert: expr(&insert),
        update: update.as_ref().map(|(using, check)| Update {
            using: using.expr.clone(),
            with_check: check.expr.clone(),
        }),
        delete: expr(&delete),
    };
    let policies = match crud.policies() {
        Ok(policies) => policies,
        Err(error) => return ctxt.error(&declared.meta, error.to_string()),
    };
    let (update_using, update_check) = update.unzip();
    let spans = |gate, parsed: &Option<Parsed>| {
        parsed.iter().map(|parsed| (gate, parsed.spans.clone())).collect::<Vec<Clause>>()
    };
    for fields in [&declared.write_columns, &declared.insert_columns, &declared.update_columns] {
        written(fields, decl, ctxt);
    }
    let read_columns = columns(&declared.read_columns, scope, ctxt);
    let write_columns = columns(&declared.write_columns, scope, ctxt);
    let insert_columns = columns(&declared.insert_columns, scope, ctxt).or(write_columns.clone());
    let update_columns = columns(&declared.update_columns, scope, ctxt).or(write_columns);
    for (name, policy) in policies {
        let (clauses, columns) = match policy.command {
            Command::Select => (spans(Gate::Using, &select), &read_columns),
            Command::Insert => (spans(Gate::Check, &insert), &insert_columns),
            Command::Update => {
                let mut clauses = spans(Gate::Using, &update_using);
                clauses.extend(spans(Gate::Check, &update_check));
                (clauses, &update_columns)
            }
            Command::All | Command::Delete => (spans(Gate::Using, &delete), &None),
        };
        if let Some(columns) = columns {
            lowered.columns.insert(name.clone(), columns.clone());
        }
        let at = roles_at(&declared.roles);
        if !add(name.clone(), policy, &clauses, &at, lowered, places) && !overlap {
            ctxt.error(&declared.meta, format!("there is a policy `{name}` already"));
        }
    }
}

/// `update = ..`: what is said of `old` guards the row that is there, what is said of `new` the row
/// that is left behind, and everything else both.
fn update(rust: &Rust, scope: &Scope<'_>, ctxt: &Ctxt) -> (Parsed, Parsed) {
    let mut operands = Vec::new();
    and_operands(rust, &mut operands);
    if call::states(rust) == States::default() {
        let both = read(rust, scope, ctxt);
        return (both.clone(), both);
    }
    let (mut using, mut check) = (Vec::new(), Vec::new());
    for operand in operands {
        let states = call::states(operand);
        if states.old && states.new {
            ctxt.error_help(
                operand,
                "a policy sees the old row or the new one, never both",
                "say one thing of `old` and another of `new`, joined by `&&`; to keep a column as it \
                 is, leave it out of `write_columns`",
            );
            continue;
        }
        let parsed = read_with(operand, states, scope, ctxt);
        if !states.new {
            using.push(parsed.clone());
        }
        if !states.old {
            check.push(parsed);
        }
    }
    (conjunction(using, rust), conjunction(check, rust))
}

fn and_operands<'a>(rust: &'a Rust, operands: &mut Vec<&'a Rust>) {
    match rust {
        Rust::Paren(inner) => and_operands(&inner.expr, operands),
        Rust::Group(inner) => and_operands(&inner.expr, operands),
        Rust::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
            and_operands(&binary.left, operands);
            and_operands(&binary.right, operands);
        }
        other => operands.push(other),
    }
}

fn conjunction(mut operands: Vec<Parsed>, at: &Rust) -> Parsed {
    match operands.len() {
        // Said in full: without it, Postgres would put the other clause in its place.
        0 => Parsed::leaf(Expr::bool(true), at),
        1 => operands.remove(0),
        _ => joined(operands, true, at),
    }
}

/// Reads a predicate in which a row's states may be named.
fn read_with(rust: &Rust, states: States, scope: &Scope<'_>, ctxt: &Ctxt) -> Parsed {
    let named = scope.with_states(states);
    let parsed = read(rust, &named, ctxt);
    scope.raw.borrow_mut().extend(named.raw.into_inner());
    parsed
}

fn full(
    declared: &FullPolicy,
    decl: &Decl<'_>,
    scope: &Scope<'_>,
    lowered: &mut LoweredPolicies,
    places: &mut Places,
    ctxt: &Ctxt,
) {
    let clause = |rust: &Option<Rust>, states| {
        rust.as_ref().map(|rust| read_with(rust, states, scope, ctxt))
    };
    let using = clause(&declared.using, States { old: true, new: false });
    let with_check = clause(&declared.with_check, States { old: false, new: true });
    let writes = matches!(declared.command, Command::All | Command::Update);
    // What Postgres would do; said in full, it is compiled for where it stands.
    if with_check.is_none() && using.is_some() && writes {
        lowered.implied_checks.insert(declared.name.clone());
    }
    let with_check = with_check.or_else(|| using.clone().filter(|_| writes));
    let mut clauses: Vec<Clause> = Vec::new();
    clauses.extend(using.iter().map(|parsed| (Gate::Using, parsed.spans.clone())));
    clauses.extend(with_check.iter().map(|parsed| (Gate::Check, parsed.spans.clone())));
    let policy = Policy {
        kind: declared.kind,
        command: declared.command,
        roles: declared.roles.iter().map(|(role, _)| role.clone()).collect(),
        using: using.map(|parsed| parsed.expr),
        with_check: with_check.map(|parsed| parsed.expr),
    };
    if matches!(declared.command, Command::Insert | Command::Update) {
        written(&declared.columns, decl, ctxt);
    }
    if let Some(columns) = columns(&declared.columns, scope, ctxt) {
        lowered.columns.insert(declared.name.clone(), columns);
    }
    let (name, at) = (declared.name.clone(), roles_at(&declared.roles));
    if !add(name.clone(), policy, &clauses, &at, lowered, places) {
        ctxt.error(&declared.meta, format!("there is a policy `{name}` already"));
    }
}

/// One line that holds for everybody and every command: a restrictive policy.
fn tenant(
    decl: &Decl<'_>,
    scope: &Scope<'_>,
    lowered: &mut LoweredPolicies,
    places: &mut Places,
    ctxt: &Ctxt,
) {
    let Some((rust, meta)) = &decl.tenant else { return };
    let parsed = read(rust, scope, ctxt);
    let Some(name) = checked(meta, "tenant-isolation".to_owned(), ctxt) else { return };
    let policy = Policy {
        kind: PolicyKind::Restrictive,
        command: Command::All,
        roles: BTreeSet::from([Grantee::Public]),
        using: Some(parsed.expr.clone()),
        with_check: Some(parsed.expr),
    };
    let clauses = [(Gate::Using, parsed.spans.clone()), (Gate::Check, parsed.spans)];
    if !add(name.clone(), policy, &clauses, &meta.to_token_stream(), lowered, places) {
        ctxt.error(meta, format!("there is a policy `{name}` already"));
    }
}

/// Nobody writes a generated column, so a privilege to do so would be no use.
fn written(fields: &Option<Vec<Rust>>, decl: &Decl<'_>, ctxt: &Ctxt) {
    for rust in fields.iter().flatten() {
        let name = path_name(rust);
        let field = decl.fields.iter().find(|field| Some(&field.field) == name.as_ref());
        if field.is_some_and(|field| field.generated.is_some()) {
            let message = "a generated column is computed by Postgres, and nobody writes it";
            ctxt.error_help(rust, message, "leave it out");
        }
    }
}

/// The columns of fields.
pub(super) fn columns(
    fields: &Option<Vec<Rust>>,
    scope: &Scope<'_>,
    ctxt: &Ctxt,
) -> Option<BTreeSet<Ident>> {
    let own = scope.own.as_ref()?;
    let mut columns = BTreeSet::new();
    for rust in fields.as_ref()? {
        let Some(field) = path_name(rust) else {
            ctxt.error_help(rust, "this is not a column", "write the name of a field");
            continue;
        };
        // The same messages as for a column in a predicate.
        let (_, problems) =
            link::predicate(&Expr::IsNull(Box::new(Expr::column(&*field))), own, Others::Unseen);
        let spans = Parsed::leaf(Expr::bool(true), rust).spans;
        spans.report(problems, ctxt);
        let found = own.columns.iter().find(|column| column.field == field);
        columns.extend(found.map(|column| column.name.clone()));
    }
    Some(columns)
}
