//! `check`: every declaration read, every `sql("..")` parsed, all rules applied and every lint
//! asked; no database.

use std::collections::BTreeMap;

use rls_core::policy::lint::{Severity, lint};

use crate::args::{CheckArgs, Deny, Format};
use crate::error::{Error, Message, Result};
use crate::output::Output;
use crate::project::{Declared, Project};
use crate::report::{Entry, Report};

pub(crate) fn run(project: &Project, args: &CheckArgs) -> Result<Output> {
    let mut report = project.read(|declared| Ok(report(project, declared)))?;
    report.entries.extend(of_migrations(project)?);
    let fails_at =
        if args.deny.contains(&Deny::Warnings) { Severity::Warning } else { Severity::Error };
    let (text, json) = (report.render(args.format), report.json());
    if report.holds(fails_at) {
        let document = args.format != Format::Text;
        return Err(Error::Check { text, json, document });
    }
    Ok(Output { text, json, difference: false })
}

/// What is wrong with the folder of the migrations, if anything is.
fn of_migrations(project: &Project) -> Result<Option<Entry>> {
    let folder = project.migrations();
    match folder.previous().and_then(|_| folder.read()) {
        Ok(_) => Ok(None),
        Err(Error::User(Message { message, hint })) => {
            Ok(Some(Entry::of_file(folder.snapshot_path(), message, hint)))
        }
        Err(other) => Err(other),
    }
}

fn report(project: &Project, declared: &Declared) -> Report {
    let Declared { scan, resolved } = declared;
    let resolved = match resolved {
        Ok(resolved) => resolved,
        Err(errors) => return Report::of_mistakes(errors, &scan.sources),
    };
    let tables = scan.tables.iter().map(|scanned| scanned.table.clone());
    let tables: BTreeMap<_, _> = tables.map(|table| (table.table.name.clone(), table)).collect();
    let policies = tables.values().map(|declared| declared.table.policies.len()).sum();
    let findings = lint(&tables, resolved, &project.settings());
    let entries = findings.into_iter().map(|finding| Entry::of_finding(finding, scan)).collect();
    Report::new(entries, scan.sources.clone(), (tables.len(), policies))
}
