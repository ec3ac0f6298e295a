//! How the policies of a table came about.

use std::collections::{BTreeMap, BTreeSet};

use rls_core::model::{
    Body, Command, DeclaredTable, Function, Grantee, Ident, Identity, Policy, PolicyKind,
    QualifiedName, Returns, Routine, Sql,
};
use rls_core::policy::compile::Compiled;
use rls_core::policy::index::{IndexNeed, Served};
use rls_core::policy::optimize::{Gate, Rewrite};
use rls_core::policy::term::Term;
use rls_core::resolve::Part;
use rls_core::{Place, Provider, render};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::output::{BOLD, GREEN, styled};
use crate::project::Declared;

/// The account of one table.
pub(super) struct Account {
    table: QualifiedName,
    rust_name: String,
    /// `file:line`.
    place: String,
    policies: Vec<PolicyAccount>,
    /// What the policies call, in the order of their names.
    functions: Vec<Function>,
    /// The indexes that the policies lean on, in the order of their use.
    indexes: Vec<IndexNeed>,
    /// What callers of each role would run.
    pub(super) statements: Vec<Statement>,
}

struct PolicyAccount {
    name: String,
    kind: &'static str,
    command: &'static str,
    roles: Vec<String>,
    gates: Vec<GateAccount>,
}

struct GateAccount {
    gate: Gate,
    declared: String,
    sql: String,
    rewrites: Vec<RewriteAccount>,
}

#[derive(PartialEq, Eq)]
struct RewriteAccount {
    pass: &'static str,
    why: String,
    before: String,
    after: String,
}

/// A statement that the policies of the table apply to.
pub(super) struct Statement {
    pub(super) role: Ident,
    pub(super) sql: String,
}

impl Account {
    pub(super) fn of(
        declared: &Declared,
        name: &QualifiedName,
        provider: Provider,
    ) -> Result<Account> {
        let resolved = declared.resolved()?;
        let scanned = declared.scan.tables.iter().find(|scanned| &scanned.table.table.name == name);
        let compiled = resolved.policies.get(name);
        let (Some(scanned), Some(compiled), Some(table)) =
            (scanned, compiled, resolved.schema.tables.get(name))
        else {
            return Err(Error::Internal(format!("`{name}` is declared and not compiled")));
        };
        let (path, range) = declared.scan.place(name, &Part::Table);
        let source = declared.scan.sources.get(&path).map_or("", String::as_str);
        let policies = table.policies.iter().map(|(policy_name, policy)| PolicyAccount {
            name: policy_name.to_string(),
            kind: match policy.kind {
                PolicyKind::Permissive => "permissive",
                PolicyKind::Restrictive => "restrictive",
            },
            command: render::command_name(policy.command),
            roles: policy.roles.iter().map(ToString::to_string).collect(),
            gates: [Gate::Using, Gate::Check]
                .into_iter()
                .filter_map(|gate| compiled.get(&(policy_name.clone(), gate)).map(|it| (gate, it)))
                .map(|(gate, it)| gate_account(gate, it, name, provider))
                .collect(),
        });
        let mut indexes: Vec<IndexNeed> = Vec::new();
        for need in compiled.values().flat_map(|compiled| &compiled.indexes) {
            let same =
                |other: &IndexNeed| (&other.table, &other.columns) == (&need.table, &need.columns);
            if !indexes.iter().any(same) {
                indexes.push(need.clone());
            }
        }
        Ok(Account {
            table: name.clone(),
            rust_name: scanned.table.rust_name.clone(),
            place: format!("{}:{}", path.display(), Place::of(source, range.start).line),
            policies: policies.collect(),
            functions: called(compiled.values(), &resolved.schema.functions),
            indexes,
            statements: statements(&scanned.table, &table.policies, &resolved.schema.grantees),
        })
    }

    pub(super) fn text(&self) -> String {
        let Account { table, rust_name, place, policies, functions, indexes, statements: _ } = self;
        let mut text = format!("{} ({rust_name}, {place})\n", styled(BOLD, &table.to_string()));
        let mut told: Vec<&GateAccount> = Vec::new();
        for PolicyAccount { name, kind, command, roles, gates } in policies {
            let to = roles.join(", ");
            text += &format!("\n{} {kind}, {command}, to {to}\n", styled(BOLD, name));
            for gate in gates {
                let before = told.iter().any(|other| other.is_same(gate));
                text += &gate.text(before);
                told.push(gate);
            }
        }
        if !functions.is_empty() {
            let title = styled(BOLD, "functions");
            text += &format!("\n{title}, which read as their owner, whom no policy holds back\n");
        }
        for function in functions {
            let (name, returns) = (&function.name, returned(function));
            let body = styled(GREEN, body(function));
            text += &format!("  {name} returns {returns}\n    {body}\n");
        }
        if !indexes.is_empty() {
            text += &format!("\n{}\n", styled(BOLD, "indexes"));
        }
        for need in indexes {
            let (served, name) = served(&need.served);
            let name = name.map(|name| format!(" {name}")).unwrap_or_default();
            let columns: Vec<_> = need.columns.iter().map(render::ident).collect();
            let (table, columns) = (render::qualified(&need.table), columns.join(", "));
            text += &format!("  {table} ({columns})  {served}{name}\n    {}\n", need.why);
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let policy = |policy: &PolicyAccount| {
            json!({
                "name": policy.name,
                "kind": policy.kind,
                "command": policy.command,
                "roles": policy.roles,
                "gates": policy.gates.iter().map(GateAccount::json).collect::<Vec<_>>(),
            })
        };
        let function = |function: &Function| {
            json!({
                "name": function.name.to_string(),
                "returns": returned(function),
                "body": body(function),
            })
        };
        let index = |need: &IndexNeed| {
            let (served, name) = served(&need.served);
            json!({
                "table": need.table.to_string(),
                "columns": columns(need),
                "served": served,
                "name": name,
                "why": need.why,
            })
        };
        json!({
            "table": self.table.to_string(),
            "struct": self.rust_name,
            "place": self.place,
            "policies": self.policies.iter().map(policy).collect::<Vec<_>>(),
            "functions": self.functions.iter().map(function).collect::<Vec<_>>(),
            "indexes": self.indexes.iter().map(index).collect::<Vec<_>>(),
        })
    }
}

impl GateAccount {
    /// Whether the two came about in the same way.
    fn is_same(&self, other: &Self) -> bool {
        (&self.declared, &self.sql, &self.rewrites)
            == (&other.declared, &other.sql, &other.rewrites)
    }

    /// The policies of a `crud_policy` often say the same: what was rewritten is told once.
    fn text(&self, told: bool) -> String {
        let mut text = format!("  {}\n", self.name());
        text += &format!("    declared  {}\n", self.declared);
        text += &format!("    compiled  {}\n", styled(GREEN, &self.sql));
        if told && !self.rewrites.is_empty() {
            return text + "    rewritten as above\n";
        }
        for RewriteAccount { pass, why, before, after } in &self.rewrites {
            text += &format!("    {pass}: {why}\n      before  {before}\n      after   {after}\n");
        }
        text
    }

    fn json(&self) -> Value {
        let rewrite = |RewriteAccount { pass, why, before, after }: &RewriteAccount| json!({ "pass": pass, "why": why, "before": before, "after": after });
        json!({
            "gate": self.name(),
            "declared": self.declared,
            "sql": self.sql,
            "rewrites": self.rewrites.iter().map(rewrite).collect::<Vec<_>>(),
        })
    }

    fn name(&self) -> &'static str {
        match self.gate {
            Gate::Using => "USING",
            Gate::Check => "WITH CHECK",
        }
    }
}

fn columns(need: &IndexNeed) -> Vec<String> {
    need.columns.iter().map(ToString::to_string).collect()
}

/// How a need is served, and by what.
fn served(served: &Served) -> (&'static str, Option<&str>) {
    match served {
        Served::PrimaryKey => ("primary key", None),
        Served::Unique(name) => ("unique", Some(name.as_str())),
        Served::Index(name) => ("declared", Some(name.as_str())),
        Served::Created(name) => ("created", Some(name.as_str())),
        Served::Missing => ("missing", None),
    }
}

fn gate_account(
    gate: Gate,
    compiled: &Compiled,
    table: &QualifiedName,
    provider: Provider,
) -> GateAccount {
    let sql = |term: &Term| {
        let term = with_lookups(term.clone());
        render::term(&term, Some(table), provider).as_str().to_owned()
    };
    let rewrite = |rewrite: &Rewrite| RewriteAccount {
        pass: rewrite.pass.name(),
        why: rewrite.why.clone(),
        before: sql(&rewrite.before),
        after: sql(&rewrite.after),
    };
    GateAccount {
        gate,
        declared: compiled.declared.to_string(),
        sql: compiled.sql.as_str().to_owned(),
        rewrites: compiled.rewrites.iter().map(rewrite).collect(),
    }
}

/// What goes into functions, written out: they are made after all rewrites.
fn with_lookups(term: Term) -> Term {
    match term {
        Term::Definer(lookup) => with_lookups(Term::Exists(lookup)),
        other => other.map_parts(&mut |part, _| with_lookups(part)),
    }
}

fn returned(function: &Function) -> String {
    match &function.returns {
        Returns::Value(ty) => ty.to_string(),
        Returns::SetOf { set_of } => format!("set of {set_of}"),
        Returns::Table { .. } => "rows".to_owned(),
        Returns::Procedure => "nothing".to_owned(),
    }
}

fn body(function: &Function) -> &str {
    match &function.body {
        Body::Text(text) => text,
        Body::Standard { standard } => standard.as_str(),
    }
}

/// The functions that predicates call.
fn called<'a>(
    compiled: impl Iterator<Item = &'a Compiled>,
    functions: &BTreeMap<Routine, Function>,
) -> Vec<Function> {
    let names: BTreeSet<_> = compiled
        .flat_map(|compiled| compiled.optimized.nodes())
        .filter_map(|(node, _)| match node {
            Term::Call { function, .. } | Term::AnyOfCall { function, .. } => Some(function),
            _ => None,
        })
        .collect();
    functions.values().filter(|function| names.contains(&function.name)).cloned().collect()
}

/// For each role that policies name, the statements that look rows up: SELECT, UPDATE and DELETE.
/// PUBLIC names all of `grantees`.
fn statements(
    declared: &DeclaredTable,
    policies: &BTreeMap<Ident, Policy<Sql>>,
    grantees: &BTreeSet<Grantee>,
) -> Vec<Statement> {
    let open = policies.iter().filter(|(_, policy)| policy.kind == PolicyKind::Permissive);
    let mut wanted: BTreeMap<(&Ident, &'static str), BTreeSet<&Ident>> = BTreeMap::new();
    for (name, policy) in open {
        let readable = declared.policy_columns.get(name);
        let all = declared.table.columns.iter();
        let columns: BTreeSet<_> = all
            .filter(|column| {
                column.identity != Some(Identity::Always) || policy.command == Command::Select
            })
            .map(|column| &column.name)
            .filter(|column| readable.is_none_or(|readable| readable.contains(*column)))
            .collect();
        let roles = match policy.roles.contains(&Grantee::Public) {
            true => grantees,
            false => &policy.roles,
        };
        for role in roles {
            let Grantee::Role(role) = role else { continue };
            let commands: &[_] = match policy.command {
                Command::All => &["SELECT", "UPDATE", "DELETE"],
                Command::Select => &["SELECT"],
                Command::Update => &["UPDATE"],
                Command::Delete => &["DELETE"],
                Command::Insert => &[],
            };
            for command in commands {
                wanted.entry((role, *command)).or_default().extend(&columns);
            }
        }
    }
    let table = render::qualified(&declared.table.name);
    let statement = |((role, command), columns): (_, BTreeSet<&Ident>)| {
        let all = columns.len() == declared.table.columns.len();
        let list: Vec<_> = columns.iter().map(|column| render::ident(column)).collect();
        let sql = match (command, list.first()) {
            ("SELECT", _) if all => format!("SELECT * FROM {table}"),
            ("SELECT", _) => format!("SELECT {} FROM {table}", list.join(", ")),
            ("UPDATE", Some(column)) => format!("UPDATE {table} SET {column} = DEFAULT"),
            ("UPDATE", None) => return None,
            (_, _) => format!("DELETE FROM {table}"),
        };
        let role: &Ident = role;
        Some(Statement { role: role.clone(), sql })
    };
    wanted.into_iter().filter_map(statement).collect()
}
