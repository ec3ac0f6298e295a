//! `explain`: the policies of a table as they were written, as they are compiled, what was rewritten
//! on the way and why, and which plan a database would choose.

mod account;
mod plan;

use rls_core::model::QualifiedName;
use rls_core::resolve::nearest;
use serde_json::json;

use self::account::Account;
use crate::args::ExplainArgs;
use crate::error::{Error, Result};
use crate::output::{Output, notes_text};
use crate::project::{Declared, Project};

pub(crate) async fn run(project: &Project, args: &ExplainArgs) -> Result<Output> {
    let account = project.read(|declared| {
        let table = find(declared, &args.table)?;
        Account::of(declared, &table, project.config.provider)
    })?;
    let mut text = account.text();
    let mut json = account.json();
    if args.plan {
        let planned = plan::run(project, args, &account.statements).await?;
        text += &planned.text();
        text += &notes_text(&planned.notes);
        json["plans"] = planned.json();
        json["notes"] = json!(planned.notes);
    }
    Ok(Output { text, json, difference: false })
}

/// The table that goes by a name: `schema.table`, `table`, or what its struct is called.
fn find(declared: &Declared, name: &str) -> Result<QualifiedName> {
    let tables = || declared.scan.tables.iter().map(|scanned| &scanned.table);
    let called = |table: &&rls_core::model::DeclaredTable| {
        let full = &table.table.name;
        full.to_string() == name || full.name.as_str() == name || table.rust_name == name
    };
    let found: Vec<_> = tables().filter(called).map(|table| table.table.name.clone()).collect();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            let known: Vec<_> = tables()
                .flat_map(|table| [table.table.name.name.to_string(), table.rust_name.clone()])
                .collect();
            let help = match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let names: Vec<_> = tables().map(|it| it.table.name.to_string()).collect();
                    format!("declared are {}", names.join(", "))
                }
            };
            Err(Error::hint(format!("no table is called `{name}`"), help))
        }
        several => {
            let names: Vec<_> = several.iter().map(ToString::to_string).collect();
            let message = format!("several tables are called `{name}`");
            Err(Error::hint(message, format!("name one of {}", names.join(", "))))
        }
    }
}
