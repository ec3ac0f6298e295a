//! Declarations in few words: tables, policies and predicates for lints to look at.

use std::collections::BTreeSet;

use rls_core::model::{
    BaseType, Column, Command, CompareOp, DeclaredTable, Expr, Grantee, Ident, NamedPredicate,
    PgType, Policy, PolicyKind, PrimaryKey, QualifiedName, RowSecurity, Table,
};

/// A policy on its way into a table.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
}

pub(crate) fn policy(name: &'static str, command: Command) -> Named {
    let roles = BTreeSet::from([Grantee::Role(ident("authenticated"))]);
    let kind = PolicyKind::Permissive;
    Named { name, policy: Policy { kind, command, roles, using: None, with_check: None } }
}

/// All four commands.
pub(crate) fn crud(predicate: Expr) -> Named {
    policy("crud", Command::All).using(predicate)
}

impl Named {
    pub(crate) fn using(mut self, using: Expr) -> Self {
        self.policy.using = Some(using);
        self
    }

    pub(crate) fn check(mut self, check: Expr) -> Self {
        self.policy.with_check = Some(check);
        self
    }

    pub(crate) fn to(mut self, role: &str) -> Self {
        let role = if role == "public" { Grantee::Public } else { Grantee::Role(ident(role)) };
        self.policy.roles = BTreeSet::from([role]);
        self
    }

    pub(crate) fn named(self, name: &'static str) -> Self {
        Named { name, ..self }
    }

    pub(crate) fn restrictive(mut self) -> Self {
        self.policy.kind = PolicyKind::Restrictive;
        self
    }
}

pub(crate) fn docs(policies: Vec<Named>) -> DeclaredTable {
    let mut assignee = column("assignee", BaseType::Text);
    assignee.nullable = true;
    let mut title = column("title", BaseType::Text);
    title.nullable = true;
    let columns = vec![
        column("id", BaseType::BigInt),
        column("user_id", BaseType::Text),
        column("team_id", BaseType::BigInt),
        column("is_locked", BaseType::Boolean),
        column("is_public", BaseType::Boolean),
        column("account", BaseType::Uuid),
        title,
        assignee,
    ];
    table("docs", &["id"], columns, policies)
}

pub(crate) fn members(policies: Vec<Named>) -> DeclaredTable {
    let columns = vec![
        column("team_id", BaseType::BigInt),
        column("user_id", BaseType::Text),
        column("note", BaseType::Text),
    ];
    table("members", &["team_id", "user_id"], columns, policies)
}

pub(crate) fn teams() -> DeclaredTable {
    let columns = vec![column("id", BaseType::BigInt), column("user_id", BaseType::Text)];
    table("teams", &["id"], columns, vec![crud(own_row())])
}

pub(crate) fn table(
    name: &str,
    key: &[&str],
    columns: Vec<Column>,
    policies: Vec<Named>,
) -> DeclaredTable {
    let columns_of_key = key.iter().map(|name| ident(name)).collect();
    let key = PrimaryKey::new(ident(&format!("{name}_pkey")), columns_of_key);
    let name = QualifiedName::new(ident("public"), ident(name));
    DeclaredTable::from(Table {
        columns,
        primary_key: Some(key),
        policies: policies.into_iter().map(|it| (ident(it.name), it.policy)).collect(),
        ..Table::new(name, RowSecurity::Enabled)
    })
}

pub(crate) fn column(name: &str, base: BaseType) -> Column {
    let (name, ty) = (ident(name), PgType::plain(base));
    Column { nullable: false, ..Column::new(name, ty) }
}

pub(crate) fn add(declared: &mut DeclaredTable, column: Column) {
    declared.fields.push(column.name.as_str().to_owned());
    declared.table.columns.push(column);
}

/// The columns that a policy speaks about.
pub(crate) fn only(mut declared: DeclaredTable, policy: &str, columns: &[&str]) -> DeclaredTable {
    let columns = columns.iter().map(|name| ident(name)).collect();
    declared.policy_columns.insert(ident(policy), columns);
    declared
}

pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name).unwrap()
}

pub(crate) fn own_row() -> Expr {
    Expr::owned_by("user_id")
}

pub(crate) fn yes() -> Expr {
    Expr::bool(true)
}

pub(crate) fn col(field: &str) -> Expr {
    Expr::column(field)
}

pub(crate) fn up(field: &str) -> Expr {
    Expr::Column(rls_core::model::ColumnRef { up: 1, field: field.to_owned() })
}

pub(crate) fn same_team() -> Expr {
    Expr::compare(CompareOp::Eq, col("team_id"), up("team_id"))
}

pub(crate) fn claim(path: &str) -> Expr {
    Expr::Claim(path.split('.').map(str::to_owned).collect())
}

pub(crate) fn text(text: &str) -> Expr {
    Expr::Literal(rls_core::model::Literal::Text(text.to_owned()))
}

pub(crate) fn and<const N: usize>(operands: [Expr; N]) -> Expr {
    Expr::And(operands.into())
}

pub(crate) fn or<const N: usize>(operands: [Expr; N]) -> Expr {
    Expr::Or(operands.into())
}

pub(crate) fn not(operand: Expr) -> Expr {
    Expr::Not(Box::new(operand))
}

/// The use of a predicate that was declared by itself.
pub(crate) fn named(body: Expr) -> Expr {
    let predicate = NamedPredicate { name: "is_staff".to_owned(), parameters: Vec::new(), body };
    let (path, predicate) = (predicate.name.clone(), Some(Box::new(predicate)));
    Expr::Named { path, predicate, arguments: Vec::new() }
}

pub(crate) fn exists(table: &str, filter: Expr) -> Expr {
    Expr::Exists { table: table.to_owned(), alias: "m".to_owned(), filter: Box::new(filter) }
}
