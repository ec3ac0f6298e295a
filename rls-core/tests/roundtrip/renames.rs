//! The tables of random schemas by other names: the rows stay, and a second look finds nothing to do.

use rls_core::diff::Change;
use rls_core::model::{Ident, QualifiedName, Schema, Sql, Table};
use rls_core::plan::Plan;
use rls_core::render::{ident, qualified};
use serde_json::Value;
use tokio_postgres::Client;

use super::draft::id;
use super::pair::Way;
use super::rows;
use super::world::{World, as_owner, as_superuser, migrate, reach};

impl World {
    /// Makes a schema, and leads it to the same one with other names.
    pub async fn rename(&mut self, way: &Way) -> Result<(), String> {
        let Way { first, by_snapshot, seed, .. } = way;
        self.make(&first.schema).await?;
        as_superuser(&self.used).await;
        rows::put(&self.used, &first.schema, *seed).await;
        let names = names(&first.schema);
        let was = counted(&self.used, names.iter().map(|(was, _)| was.clone())).await;
        as_owner(&self.used).await;
        let next = renamed(&first.schema, &names);
        let plan = match by_snapshot {
            true => migrate(&mut self.used, &first.schema, &next).await,
            false => reach(&mut self.used, &next, false).await,
        };
        let plan = plan.map_err(|failed| failed.why)?;
        as_superuser(&self.used).await;
        let now =
            names.iter().map(|(was, now)| QualifiedName::new(was.schema.clone(), now.clone()));
        let is = counted(&self.used, now).await;
        if was != is {
            return Err(format!("rows are lost: {was:?} are {is:?} after\n{}", plan.to_sql()));
        }
        lost(&plan).map_or(Ok(()), |lost| Err(format!("{lost} in\n{}", plan.to_sql())))
    }
}

/// What no rename asks for.
fn lost(plan: &Plan) -> Option<&'static str> {
    plan.steps.iter().find_map(|step| match step.change {
        Change::DropTable(_) => Some("a table is dropped"),
        Change::DropColumn(_) => Some("a column is dropped"),
        Change::DropForeignKey(_) => Some("a foreign key is dropped"),
        Change::DropUnique(_) | Change::DropPrimaryKey(_) => Some("a key is dropped"),
        Change::DetachPartition(_) | Change::DropPartition(_) => Some("a partition goes"),
        _ => None,
    })
}

/// Every other table gets another name, of those whose names by themselves say which one is meant.
fn names(schema: &Schema) -> Vec<(QualifiedName, Ident)> {
    let alone = |name: &&QualifiedName| {
        let relations = schema.tables.keys().chain(schema.views.keys());
        relations.filter(|other| other.name == name.name).count() == 1
    };
    let tables = schema.tables.keys().filter(alone).step_by(2).enumerate();
    tables.map(|(at, table)| (table.clone(), id(&format!("Renamed {at}")))).collect()
}

/// The schema with these names instead, and what they were.
fn renamed(schema: &Schema, names: &[(QualifiedName, Ident)]) -> Schema {
    let mut json = serde_json::to_value(schema).unwrap();
    put(&mut json, names);
    let mut next: Schema = serde_json::from_value(json).unwrap();
    for (was, now) in names {
        let now = QualifiedName::new(was.schema.clone(), now.clone());
        if let Some(table) = next.tables.get_mut(&now) {
            whole_row(table, &was.name);
        }
        next.renames.tables.insert(now, was.name.clone());
    }
    next
}

/// The row as a whole goes by the table's name.
fn whole_row(table: &mut Table<Sql>, was: &Ident) {
    let name = table.name.name.clone();
    if table.column(was).is_some() {
        return;
    }
    for policy in table.policies.values_mut() {
        for text in policy.using.iter_mut().chain(&mut policy.with_check) {
            if text.as_str() == format!("{} IS NOT NULL", ident(was)) {
                *text = Sql::new(format!("{} IS NOT NULL", ident(&name)));
            }
        }
    }
}

fn put(json: &mut Value, names: &[(QualifiedName, Ident)]) {
    match json {
        Value::Object(fields) => {
            for (was, now) in names {
                let is = |key: &str, name: &Ident| {
                    fields.get(key).and_then(Value::as_str) == Some(name.as_str())
                };
                if fields.len() == 2 && is("schema", &was.schema) && is("name", &was.name) {
                    fields.insert("name".to_owned(), Value::from(now.as_str()));
                    return;
                }
            }
            fields.values_mut().for_each(|value| put(value, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, names)),
        Value::String(text) => {
            for (was, now) in names {
                let now = QualifiedName::new(was.schema.clone(), now.clone());
                *text = instead(text, &qualified(was), &qualified(&now));
                let front = |name: &Ident| format!("{}.", ident(name));
                if !text.contains(&format!(".{}", front(&was.name))) {
                    *text = text.replace(&front(&was.name), &front(&now.name));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// With a name in another's place, where it is not the beginning of a longer one.
fn instead(text: &str, was: &str, now: &str) -> String {
    let mut parts = text.split(was);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let longer = part.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        written += if longer { was } else { now };
        written += part;
    }
    written
}

async fn counted(client: &Client, tables: impl Iterator<Item = QualifiedName>) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in tables {
        let count = format!("SELECT count(*) FROM {}", qualified(&table));
        counts.push(client.query_one(&count, &[]).await.unwrap().get(0));
    }
    counts
}
