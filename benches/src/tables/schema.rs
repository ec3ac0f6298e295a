//! A schema of as many tables as wanted: eight columns, two indexes and four policies each.

use std::collections::BTreeMap;

use rls_core::model::{
    BaseType, Column, DeclaredTable, Expr, Grantee, Ident, Identity, Index, PgType, PrimaryKey,
    QualifiedName, RowSecurity, Schema, Table,
};
use rls_core::policy::crud::Crud;
use rls_core::resolve::resolve;
use rls_core::{Provider, Settings};

use crate::Error;

/// Roles that the tables grant to.
pub const ROLES: [&str; 2] = ["authenticated", "anonymous"];

/// What is otherwise than in the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// In each hundredth table another predicate and one more column.
    Hundredth,
}

/// The compiled schema.
///
/// # Errors
/// The declaration is refused.
pub fn compiled(declared: Vec<DeclaredTable>) -> Result<Schema, Error> {
    let mut settings = Settings::new(Provider::Postgres);
    settings.roles = ROLES.iter().map(|role| Ident::new(*role)).collect::<Result<_, _>>()?;
    Ok(resolve(declared, &settings)?.schema)
}

/// The tables as a program declares them.
pub fn declared(tables: usize, change: Change) -> Result<Vec<DeclaredTable>, Error> {
    (0..tables)
        .map(|number| table(number, change == Change::Hundredth && number % 100 == 0))
        .collect()
}

fn table(number: usize, changed: bool) -> Result<DeclaredTable, Error> {
    let id = |name: &str| Ident::new(name);
    let name = format!("table_{number}");
    let column = |name: &str, base: BaseType| -> Result<Column, Error> {
        Ok(Column { nullable: false, ..Column::new(id(name)?, PgType::plain(base)) })
    };
    let mut columns = vec![
        Column { identity: Some(Identity::ByDefault), ..column("id", BaseType::BigInt)? },
        Column { default: Some(Expr::AuthUid), ..column("owner", BaseType::Text)? },
        column("team", BaseType::BigInt)?,
        column("title", BaseType::Text)?,
        Column { nullable: true, ..column("note", BaseType::Text)? },
        Column { default: Some(Expr::bool(false)), ..column("is_public", BaseType::Boolean)? },
        Column { default: Some(Expr::Now), ..column("created_at", BaseType::Timestamptz)? },
        Column { nullable: true, ..column("data", BaseType::Jsonb)? },
    ];
    if changed {
        columns.push(Column { nullable: true, ..column("added", BaseType::Text)? });
    }
    let own = Expr::owned_by("owner");
    let public = Expr::column("is_public");
    let read = if changed { own.clone() } else { Expr::Or(vec![own.clone(), public]) };
    let crud = Crud {
        roles: vec![Grantee::Role(id("authenticated")?)],
        select: Some(read),
        insert: Some(own.clone()),
        update: Some(own.clone().into()),
        delete: Some(own),
    };
    let index = |column: &str| -> Result<(Ident, Index), Error> {
        Ok((id(&format!("{name}_{column}_idx"))?, Index::btree([id(column)?])))
    };
    Ok(DeclaredTable::from(Table {
        columns,
        primary_key: Some(PrimaryKey::new(id(&format!("{name}_pkey"))?, vec![id("id")?])),
        indexes: BTreeMap::from([index("owner")?, index("team")?]),
        policies: crud.policies()?,
        ..Table::new(QualifiedName::new(id("public")?, id(&name)?), RowSecurity::Enabled)
    }))
}
