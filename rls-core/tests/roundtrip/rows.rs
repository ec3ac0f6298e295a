//! Rows: put into one schema, and looked for in the next.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use rls_core::diff::{Change, OnTable};
use rls_core::model::*;
use rls_core::plan::{HazardKind, Plan, Step};
use rls_core::render::{ident, qualified};
use tokio_postgres::Client;

use super::kinds;

/// The rows of each table, each as the texts of its columns.
pub type Rows = BTreeMap<QualifiedName, Vec<BTreeMap<Ident, Option<String>>>>;

/// How often it is tried to put a row into a table.
const TRIES: u64 = 6;

/// Puts rows into each table, as the superuser whom no policy binds. What a table does not take, it
/// does not get.
pub async fn put(client: &Client, schema: &Schema, seed: u64) {
    let mut block = String::from("DO $rows$ BEGIN SET CONSTRAINTS ALL IMMEDIATE;\n");
    for attempt in 0..TRIES {
        for table in schema.tables.values() {
            let insert = insert(table, seed, attempt);
            block += &format!("BEGIN {insert}; EXCEPTION WHEN OTHERS THEN NULL; END;\n");
        }
    }
    block += "END $rows$";
    client.batch_execute(&block).await.unwrap_or_else(|error| panic!("{error:?}\n{block}"));
}

fn insert(table: &Table<Sql>, seed: u64, attempt: u64) -> String {
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for column in table.columns.iter().filter(|column| column.generated.is_none()) {
        // The same value whatever other columns there are.
        let mut hasher = DefaultHasher::new();
        (seed, attempt, &table.name, &column.name).hash(&mut hasher);
        columns.push(ident(&column.name));
        values.push(value(column, usize::try_from(hasher.finish() % 1009).unwrap()));
    }
    let (columns, values) = (columns.join(", "), values.join(", "));
    let table = qualified(&table.name);
    format!("INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values})")
}

fn value(column: &Column<Sql>, number: usize) -> &'static str {
    let kind = kinds::of(&column.name);
    let of = if kind.rows.is_empty() { kind.values } else { kind.rows };
    match of {
        _ if column.nullable && number.is_multiple_of(5) => "NULL",
        [] => "DEFAULT",
        of => of[number % of.len()],
    }
}

/// What is in the tables of a schema.
pub async fn look(client: &Client, schema: &Schema) -> Rows {
    let mut rows = Rows::new();
    for table in schema.tables.values() {
        let names: Vec<_> = table.columns.iter().map(|column| &column.name).collect();
        let texts: Vec<_> = names.iter().map(|name| format!("{}::text", ident(name))).collect();
        let query = format!("SELECT {} FROM {}", texts.join(", "), qualified(&table.name));
        let found = client.query(&query, &[]).await;
        let found = found.unwrap_or_else(|error| panic!("{query}: {error:?}"));
        let row = |row: &tokio_postgres::Row| {
            let texts = names.iter().enumerate();
            texts.map(|(at, name)| ((*name).clone(), row.get(at))).collect()
        };
        rows.insert(table.name.clone(), found.iter().map(row).collect());
    }
    rows
}

/// That all rows are there which were, with the values of columns that stayed; but for what the plan
/// said would be lost.
pub fn kept(was: &Rows, is: &Rows, schemas: [&Schema; 2], plan: &Plan) -> Result<(), String> {
    let lost = Lost::by(plan, schemas[0]);
    for (name, rows) in was.iter().filter(|(name, _)| !lost.tables.contains(*name)) {
        let [Some(previous), Some(next)] = schemas.map(|schema| schema.tables.get(name)) else {
            if rows.is_empty() || schemas[1].tables.contains_key(name) {
                continue;
            }
            return Err(format!("{name} is gone with its rows, and the plan did not say so"));
        };
        let stays = |column: &&Column<Sql>| stays(column, next) && !lost.is(name, column);
        let columns: Vec<_> = previous.columns.iter().filter(stays).map(|it| &it.name).collect();
        let only = |rows: &[BTreeMap<Ident, Option<String>>]| {
            let row = |row: &BTreeMap<Ident, Option<String>>| {
                columns.iter().map(|name| row[*name].clone()).collect::<Vec<_>>()
            };
            let mut rows: Vec<_> = rows.iter().map(row).collect();
            rows.sort();
            rows
        };
        let (was, is) = (only(rows), only(&is[name]));
        if was != is {
            return Err(format!("{name} had {columns:?} {was:?} and has {is:?}"));
        }
    }
    Ok(())
}

/// Whether a column has its values in the next table, written as before.
fn stays(column: &Column<Sql>, next: &Table<Sql>) -> bool {
    next.column(&column.name).is_some_and(|is| {
        let written = is.ty.base != BaseType::DoublePrecision || is.ty.base == column.ty.base;
        column.generated.is_none() && is.generated.is_none() && written
    })
}

/// What a plan says will be lost.
#[derive(Default)]
struct Lost {
    tables: BTreeSet<QualifiedName>,
    columns: BTreeSet<(QualifiedName, Ident)>,
    /// Values of a type.
    types: bool,
}

impl Lost {
    fn by(plan: &Plan, previous: &Schema) -> Lost {
        let mut lost = Lost::default();
        let loses = |step: &&Step| step.hazards.iter().any(|it| it.kind == HazardKind::LosesData);
        for step in plan.steps.iter().filter(loses) {
            match &step.change {
                Change::DropTable(name) => drop(lost.tables.insert(name.clone())),
                Change::DropPartition(OnTable { table, item: _ }) => {
                    lost.tables.extend(root(table, previous).cloned());
                }
                Change::DropColumn(on) => {
                    lost.columns.insert((on.table.clone(), on.item.clone()));
                }
                Change::AlterColumn(on) => {
                    lost.columns.insert((on.table.clone(), on.item.next.name.clone()));
                }
                // Its rows come from tables.
                Change::DropView { .. } => {}
                Change::RenameType { .. } | Change::AlterType { .. } => lost.types = true,
                other => panic!("{other:?} is not known to lose anything"),
            }
        }
        lost
    }

    fn is(&self, table: &QualifiedName, column: &Column<Sql>) -> bool {
        let of_a_type = matches!(column.ty.base, BaseType::Named(_));
        self.columns.contains(&(table.clone(), column.name.clone())) || (self.types && of_a_type)
    }
}

/// The table that a partition belongs to, or is.
fn root<'a>(name: &'a QualifiedName, schema: &'a Schema) -> Option<&'a QualifiedName> {
    let holds = |table: &&Table<Sql>| {
        let all = table.partitioning.iter().flat_map(Partitioning::all);
        &table.name == name || all.into_iter().any(|it| &it.name == name)
    };
    schema.tables.values().find(holds).map(|table| &table.name)
}
