//! Finds at compile time what Postgres refuses when a policy is used: 42P17, "infinite recursion
//! detected in policy".
//!
//! Postgres puts the policies of a table into a statement when it rewrites it. Where those that apply
//! hold any subquery, the table is under way while the tables in their subqueries are rewritten for
//! SELECT; meeting a table that is under way, with a policy for SELECT that holds any subquery, is the
//! error. So a policy may read its own table as long as nothing that then applies has one.
//!
//! Source: rewriteHandler.c, `fireRIRrules`; rowsecurity.c, `get_row_security_policies`.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::{Compiled, Policies, Site};
use super::optimize::Gate;
use super::term::Term;
use crate::lex::{self, TokenKind};
use crate::model::{
    Command, DeclaredTable, Expr, Grantee, Ident, NamedPredicate, Policy, PolicyKind, QualifiedName,
};
use crate::provider::Settings;
use crate::resolve::{Part, ResolveError};

/// Tables whose policies read each other.
pub(crate) struct Cycle {
    pub(crate) error: ResolveError,
    /// Policies that would not be part of it without the subqueries that only make them faster.
    pub(crate) avoidable: BTreeSet<(QualifiedName, Ident)>,
}

/// Every distinct cycle of tables, in the order of tables and policies.
pub(crate) fn cycles(
    tables: &BTreeMap<QualifiedName, DeclaredTable>,
    compiled: &BTreeMap<QualifiedName, Policies>,
    settings: &Settings,
) -> Vec<Cycle> {
    let reads: BTreeMap<_, _> =
        compiled.iter().map(|(table, policies)| (table, reads(policies))).collect();
    let mut all = reads.values().flat_map(BTreeMap::values).flat_map(|reads| reads.tables.values());
    if all.all(BTreeSet::is_empty) {
        return Vec::new();
    }
    let policies = || tables.values().flat_map(|declared| declared.table.policies.values());
    let named: BTreeSet<&Grantee> =
        policies().flat_map(|policy| &policy.roles).chain([&Grantee::Public]).collect();
    let members: BTreeSet<Grantee> = settings.members().cloned().map(Grantee::Role).collect();
    // Those that policies name come first: a message tells of them where it can.
    let members = members.iter().filter(|role| !named.contains(role));
    let mut found: BTreeMap<Vec<QualifiedName>, Cycle> = BTreeMap::new();
    for role in named.iter().copied().chain(members) {
        let roles = match role {
            Grantee::Public => BTreeSet::new(),
            Grantee::Role(role) => settings.with_inherited(role),
        };
        let roles = roles.into_iter().map(Grantee::Role).chain([Grantee::Public]).collect();
        for table in tables.keys() {
            for command in [Command::Select, Command::Insert, Command::Update, Command::Delete] {
                let mut walk = Walk {
                    tables,
                    compiled,
                    reads: &reads,
                    role,
                    roles: &roles,
                    path: Vec::new(),
                    expanded: BTreeSet::new(),
                    found: &mut found,
                };
                walk.read_on(table, command);
            }
        }
    }
    found.into_values().collect()
}

/// What a policy reads.
#[derive(Default)]
struct Reads {
    /// Whether it holds a subquery of any kind.
    subquery: bool,
    /// Whether it holds one that is more than a value made once.
    lookup: bool,
    /// The tables in its subqueries, by gate.
    tables: BTreeMap<Gate, BTreeSet<QualifiedName>>,
}

fn reads(policies: &Policies) -> BTreeMap<Ident, Reads> {
    let mut all: BTreeMap<Ident, Reads> = BTreeMap::new();
    for ((name, gate), compiled) in policies {
        let reads = all.entry(name.clone()).or_default();
        let mut tables = BTreeSet::new();
        read(&compiled.optimized, reads, &mut tables);
        reads.tables.insert(*gate, tables);
    }
    all
}

fn read(term: &Term, reads: &mut Reads, tables: &mut BTreeSet<QualifiedName>) {
    let (subquery, lookup) = match term {
        // It runs as its owner, past all policies.
        Term::Definer(_) => return,
        Term::Once(_) => (true, false),
        Term::AnyOfCall { .. } => (true, true),
        Term::Exists(lookup) | Term::Member { lookup, .. } => {
            tables.insert(lookup.table.clone());
            (true, true)
        }
        Term::Raw(sql) => {
            let selects = read_sql(sql, tables);
            (selects, selects)
        }
        _ => (false, false),
    };
    reads.subquery |= subquery;
    reads.lookup |= lookup;
    for (part, _) in term.parts() {
        read(part, reads, tables);
    }
}

/// Adds the tables after FROM and JOIN, and tells whether there is a subquery.
fn read_sql(sql: &str, tables: &mut BTreeSet<QualifiedName>) -> bool {
    let tokens: Vec<_> =
        lex::tokens(sql).unwrap_or_default().into_iter().map(|token| token.kind).collect();
    let tokens: Vec<_> = tokens.into_iter().filter(|kind| *kind != TokenKind::Comment).collect();
    // For each bracket that is open: whether it holds a SELECT, and whether we are in its FROM.
    let mut open = vec![(false, false)];
    let (mut selects, mut table_next) = (false, false);
    for (at, token) in tokens.iter().enumerate() {
        let after_distinct = at > 0 && tokens[at - 1].word() == Some("distinct");
        let after_bracket = at > 0 && tokens[at - 1] == TokenKind::Punctuation('(');
        let (select, from) = open.last().copied().unwrap_or_default();
        let mut now = (select, from);
        match token {
            TokenKind::Punctuation('(') => {
                open.push((table_next, table_next));
                continue;
            }
            TokenKind::Punctuation(')') => {
                open.pop();
                continue;
            }
            TokenKind::Punctuation(',') => table_next = from,
            TokenKind::Word(word) => match word.as_str() {
                "select" | "values" => {
                    now = (true, false);
                    (selects, table_next) = (true, false);
                }
                "from" if select && !after_distinct => (now, table_next) = ((true, true), true),
                "join" => table_next = from,
                "table" if after_bracket => (selects, table_next) = (true, true),
                "only" | "lateral" if table_next => {}
                "where" | "group" | "having" | "order" | "limit" | "window" | "union"
                | "except" | "intersect" => (now, table_next) = ((select, false), false),
                _ if std::mem::take(&mut table_next) => tables.extend(table_at(&tokens[at..])),
                _ => {}
            },
            TokenKind::Quoted(_) if std::mem::take(&mut table_next) => {
                tables.extend(table_at(&tokens[at..]));
            }
            _ => {}
        }
        if let Some(last) = open.last_mut() {
            *last = now;
        }
    }
    selects
}

/// The table that is named there, in `public` where no schema is.
fn table_at(tokens: &[TokenKind]) -> Option<QualifiedName> {
    let name =
        |at: usize| tokens.get(at).and_then(TokenKind::name).and_then(|name| Ident::new(name).ok());
    match tokens.get(1) {
        Some(TokenKind::Punctuation('.')) => Some(QualifiedName::new(name(0)?, name(2)?)),
        _ => Some(QualifiedName::new(Ident::new("public").ok()?, name(0)?)),
    }
}

/// A table that is under way, and the policy of it that led on.
#[derive(Clone)]
struct Step {
    table: QualifiedName,
    policy: Ident,
    gate: Gate,
    reads: QualifiedName,
}

/// Follows one command of one role from one table.
struct Walk<'a, 'f> {
    tables: &'a BTreeMap<QualifiedName, DeclaredTable>,
    compiled: &'a BTreeMap<QualifiedName, Policies>,
    reads: &'a BTreeMap<&'a QualifiedName, BTreeMap<Ident, Reads>>,
    role: &'a Grantee,
    /// Whose policies bind it: its own, those of the roles that it is a member of, and everyone's.
    roles: &'a BTreeSet<Grantee>,
    path: Vec<Step>,
    expanded: BTreeSet<QualifiedName>,
    found: &'f mut BTreeMap<Vec<QualifiedName>, Cycle>,
}

impl<'a> Walk<'a, '_> {
    /// Reads a table for SELECT, as a subquery does.
    fn read(&mut self, table: &QualifiedName) {
        if !self.applicable(table, Command::Select).iter().any(|(_, _, reads)| reads.subquery) {
            return;
        }
        match self.path.iter().position(|step| step.table == *table) {
            Some(at) => self.report(at),
            None if self.expanded.insert(table.clone()) => self.read_on(table, Command::Select),
            None => {}
        }
    }

    /// Goes on to the tables that the policies for a command read.
    fn read_on(&mut self, table: &QualifiedName, command: Command) {
        for (name, policy, reads) in self.applicable(table, command) {
            for gate in gates(policy, command) {
                for next in reads.tables.get(&gate).into_iter().flatten() {
                    let (table, policy) = (table.clone(), name.clone());
                    self.path.push(Step { table, policy, gate, reads: next.clone() });
                    self.read(next);
                    self.path.pop();
                }
            }
        }
    }

    /// The policies that Postgres puts into a statement. Restrictive ones only narrow: without a
    /// permissive one there is nothing, and they are left out.
    fn applicable(
        &self,
        table: &QualifiedName,
        command: Command,
    ) -> Vec<(Ident, &'a Policy, &'a Reads)> {
        let (tables, all_reads) = (self.tables, self.reads);
        let (Some(declared), Some(reads)) = (tables.get(table), all_reads.get(table)) else {
            return Vec::new();
        };
        let applies = |policy: &Policy| {
            [Command::All, command].contains(&policy.command)
                && !policy.roles.is_disjoint(self.roles)
        };
        let policies = declared.table.policies.iter().filter(|(_, policy)| applies(policy));
        let policies: Vec<_> = policies
            .filter_map(|(name, policy)| Some((name.clone(), policy, reads.get(name)?)))
            .collect();
        match policies.iter().any(|(_, policy, _)| policy.kind == PolicyKind::Permissive) {
            true => policies,
            false => Vec::new(),
        }
    }

    fn report(&mut self, at: usize) {
        let steps = &self.path[at..];
        let Some(first) = steps.first() else { return };
        let mut key: Vec<_> = steps.iter().map(|step| step.table.clone()).collect();
        let least = (0..key.len()).min_by_key(|at| &key[*at]).unwrap_or_default();
        key.rotate_left(least);
        let select = self.applicable(&first.table, Command::Select);
        let with_subquery: Vec<_> = select.iter().filter(|(_, _, reads)| reads.subquery).collect();
        let avoidable: BTreeSet<_> = match with_subquery.iter().any(|(_, _, reads)| reads.lookup) {
            true => BTreeSet::new(),
            false => {
                with_subquery.iter().map(|(name, ..)| (first.table.clone(), name.clone())).collect()
            }
        };
        let error = self.error(steps, first);
        let cycle = Cycle { error, avoidable: BTreeSet::new() };
        self.found.entry(key).or_insert(cycle).avoidable.extend(avoidable);
    }

    fn error(&self, steps: &[Step], first: &Step) -> ResolveError {
        let names: Vec<_> =
            steps.iter().chain([first]).map(|step| step.table.name.as_str()).collect();
        let who = match self.role {
            Grantee::Public => "every role".to_owned(),
            role => format!("the role `{}`", role.as_str()),
        };
        let compiled = self.compiled.get(&first.table);
        let compiled = compiled.and_then(|all| all.get(&(first.policy.clone(), first.gate)));
        let target = self.tables.get(&first.reads).map(|declared| declared.rust_name.as_str());
        let node = compiled
            .and_then(|Compiled { declared, .. }| node_that_reads(declared, target, &first.reads));
        let site = || Site::Policy(first.policy.clone(), first.gate);
        ResolveError {
            table: first.table.clone(),
            part: node.map_or_else(
                || Part::Policy(first.policy.clone()),
                |node| Part::Expr(site(), node),
            ),
            message: format!(
                "the policies read in a circle, {}: Postgres refuses every statement of {who} that \
                 uses this one with \"infinite recursion detected in policy\"",
                names.join(" → ")
            ),
            help: Some(
                "let one of them do without a lookup, as in `auth_uid(column)`, or read past the \
                 policies with `definer(exists(..))`"
                    .to_owned(),
            ),
        }
    }
}

/// The gates whose predicates a command is held to. New rows are held to USING where there is no
/// WITH CHECK.
fn gates(policy: &Policy, command: Command) -> Vec<Gate> {
    let check = if policy.with_check.is_some() { Gate::Check } else { Gate::Using };
    match command {
        Command::Select | Command::Delete => vec![Gate::Using],
        Command::Insert => vec![check],
        Command::Update | Command::All if check == Gate::Using => vec![check],
        Command::Update | Command::All => vec![Gate::Using, check],
    }
}

/// The number of the first node that reads a table under the caller's policies.
fn node_that_reads(expr: &Expr, rust_name: Option<&str>, table: &QualifiedName) -> Option<usize> {
    fn walk<'a>(expr: &'a Expr, next: &mut usize, at: &mut Vec<(usize, &'a Expr)>) {
        let node = *next;
        *next += 1;
        if let Expr::Definer(lookup) = expr {
            *next += lookup.nodes().count();
            return;
        }
        at.push((node, expr));
        for part in expr.parts() {
            walk(part, next, at);
        }
    }
    let mut nodes = Vec::new();
    walk(expr, &mut 0, &mut nodes);
    nodes.into_iter().find(|(_, expr)| reads_table(expr, rust_name, table)).map(|(node, _)| node)
}

fn reads_table(expr: &Expr, rust_name: Option<&str>, table: &QualifiedName) -> bool {
    match expr {
        Expr::Exists { table: path, .. } => Some(Expr::last_segment(path)) == rust_name,
        Expr::Sql(sql) => {
            let mut tables = BTreeSet::new();
            read_sql(sql, &mut tables);
            tables.contains(table)
        }
        Expr::Named { predicate: Some(predicate), .. } => {
            let NamedPredicate { body, .. } = &**predicate;
            node_that_reads(body, rust_name, table).is_some()
        }
        _ => false,
    }
}
