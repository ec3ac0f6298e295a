//! `query`: one statement as a role with claims, as a request would run it.

use rls_core::lex;
use rls_core::model::Ident;
use serde_json::{Map, Value, json};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::args::DatabaseArgs;
use crate::caller::Caller;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::output::{Output, count, notes_text};
use crate::project::Project;

/// What to run, and as whom.
pub(crate) struct Request {
    pub(crate) sql: String,
    pub(crate) role: String,
    pub(crate) sub: Option<String>,
    pub(crate) claims: Option<String>,
    pub(crate) commit: bool,
}

pub(crate) async fn run(
    project: &Project,
    args: &DatabaseArgs,
    request: Request,
) -> Result<Output> {
    let role = Ident::new(request.role.as_str())
        .map_err(|error| Error::user(format!("`--role`: {error}")))?;
    let caller = Caller::new(role, request.sub.as_deref(), request.claims.as_deref())?;
    single_statement(&request.sql, request.commit)?;
    let mut database = Database::open(args, project).await?;
    let answer = answer(&mut database.client, &request, &caller).await;
    let notes = database.notes.clone();
    database.close().await?;
    let answer = answer?;
    let end = if request.commit { "committed" } else { "rolled back" };
    let mut text = answer.table();
    text += &format!("({}, {end})\n", count(answer.affected, "row"));
    Ok(Output {
        text: text + &notes_text(&notes),
        json: json!({
            "rows": answer.rows_json(),
            "affected": answer.affected,
            "committed": request.commit,
            "notes": notes,
        }),
        difference: false,
    })
}

/// Anything more could leave the transaction that is to be rolled back.
fn single_statement(sql: &str, commit: bool) -> Result<()> {
    let statements = lex::statements(sql)
        .map_err(|error| Error::user(format!("the SQL cannot be read: {error}")))?;
    let [statement] = statements.as_slice() else {
        return Err(Error::hint(
            format!("this is {}, and `query` runs one", count(statements.len(), "statement")),
            "run them one after the other",
        ));
    };
    let control = [
        "begin",
        "start",
        "commit",
        "end",
        "rollback",
        "abort",
        "savepoint",
        "release",
        "prepare",
        "set",
        "reset",
        "discard",
    ];
    match &statement.keyword {
        Some(keyword) if keyword == "copy" => {
            Err(Error::hint("`query` has nothing to copy from or to", "use SELECT or INSERT"))
        }
        Some(keyword) if commit && ["do", "call"].contains(&keyword.as_str()) => Err(Error::hint(
            format!(
                "`{keyword}` can leave the role in the middle, so it is not run with `--commit`"
            ),
            "run it without, or write the statements out",
        )),
        Some(keyword) if control.contains(&keyword.as_str()) => Err(Error::hint(
            format!(
                "`{keyword}` has no place here: `query` keeps the transaction and the role itself"
            ),
            "use `--commit` to keep what a statement changes",
        )),
        _ => Ok(()),
    }
}

struct Answer {
    columns: Vec<(String, Type)>,
    rows: Vec<Vec<Option<String>>>,
    affected: usize,
}

async fn answer(client: &mut Client, request: &Request, caller: &Caller) -> Result<Answer> {
    let transaction = client.transaction().await?;
    caller.enter(&transaction).await?;
    let statement = transaction.prepare(&request.sql).await?;
    if !statement.params().is_empty() {
        return Err(Error::hint(
            "the statement has parameters, and there is nothing to put in",
            "write the values out",
        ));
    }
    let columns = statement
        .columns()
        .iter()
        .map(|column| (column.name().to_owned(), column.type_().clone()))
        .collect();
    let mut answer = Answer { columns, rows: Vec::new(), affected: 0 };
    for message in transaction.simple_query(&request.sql).await? {
        match message {
            SimpleQueryMessage::Row(row) => {
                answer.rows.push((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect());
            }
            SimpleQueryMessage::CommandComplete(affected) => {
                answer.affected = usize::try_from(affected).unwrap_or(usize::MAX);
            }
            _ => {}
        }
    }
    if request.commit {
        // What a statement did after leaving the role was not done as the role.
        if !caller.is_current(&transaction).await? {
            return Err(Error::user("the statement left its role, so nothing was committed"));
        }
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(answer)
}

impl Answer {
    /// Columns side by side, as wide as they need to be.
    fn table(&self) -> String {
        if self.columns.is_empty() {
            return String::new();
        }
        let cell = |value: &Option<String>| value.as_deref().map_or("NULL".to_owned(), printable);
        let header: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let rows: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        let width = |at: usize| {
            rows.iter().chain([&header]).map(|row| row[at].chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..header.len()).map(width).collect();
        let line = |row: &[String]| {
            let cells: Vec<_> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            format!("{}\n", cells.join(" | ").trim_end())
        };
        let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
        let body: String = rows.iter().map(|row| line(row)).collect();
        format!("{}{}\n{body}", line(&header), rule.join("-+-"))
    }

    fn rows_json(&self) -> Value {
        let object = |row: &Vec<Option<String>>| {
            let mut object = Map::new();
            for ((name, ty), value) in self.columns.iter().zip(row) {
                // Of two columns with one name, the second is called `name_2`.
                let numbered = (2..).map(|number| format!("{name}_{number}"));
                let mut names = std::iter::once(name.clone()).chain(numbered);
                let free = names.find(|name| !object.contains_key(name)).unwrap_or_default();
                object.insert(free, typed(ty, value.as_deref()));
            }
            Value::Object(object)
        };
        self.rows.iter().map(object).collect()
    }
}

/// Data is nobody's way to a terminal: line ends and escapes are written out.
fn printable(text: &str) -> String {
    let escaped =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}

/// Postgres's text for a value as the JSON that comes closest.
fn typed(ty: &Type, text: Option<&str>) -> Value {
    let Some(text) = text else { return Value::Null };
    let string = || Value::String(text.to_owned());
    match *ty {
        Type::BOOL => json!(text == "t"),
        Type::INT2 | Type::INT4 | Type::INT8 => {
            text.parse::<i64>().map_or_else(|_| string(), |number| json!(number))
        }
        // JSON has no NaN and no infinity.
        Type::FLOAT4 | Type::FLOAT8 => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => json!(number),
            Ok(_) | Err(_) => string(),
        },
        Type::JSON | Type::JSONB => serde_json::from_str(text).unwrap_or_else(|_| string()),
        _ => string(),
    }
}
