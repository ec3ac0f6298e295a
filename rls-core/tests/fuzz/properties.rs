//! What holds of every text that is read: nothing panics, errors point into the text, and what is accepted can be
//! written and read again. Each tells whether the text is accepted, or what is wrong with what was made of it.
//!
//! Tests try them on what they make of a corpus, and `fuzz/` on what libFuzzer makes of it.

use std::fs;

use rls_core::apply::{Migration, PlanFile};
use rls_core::diff::{Canonical, Pair};
use rls_core::model::{Renames, Schema};
use rls_core::plan::{Hazard, Origin, Plan, from_nothing, plan};
use rls_core::syntax::scan::{Features, scan};
use rls_core::{Provider, Settings, lex};

/// Whether it is accepted, or what is wrong.
pub type Verdict = Result<bool, String>;

fn settings() -> Settings {
    let id = |name| rls_core::model::Ident::new(name).unwrap();
    Settings { roles: [id("Front Desk"), id("editor")].into(), ..Settings::new(Provider::Neon) }
}

/// A file, as the command line reads it: every mistake has a place in it, and what has none can be
/// planned, and written to a snapshot.
pub fn source(text: &str) -> Verdict {
    let target = std::thread::current().name().unwrap_or("main").to_owned();
    let path = std::env::temp_dir().join(format!("fuzz_{target}_{}.rs", std::process::id()));
    fs::write(&path, text).unwrap();
    let mut scan = scan(std::slice::from_ref(&path), &Features::new());
    fs::remove_file(&path).unwrap();
    scan.check_sql();
    let mut errors = scan.errors.clone();
    let schema = scan.schema(&settings());
    let (schema, more) = match schema {
        Ok(schema) => (Some(schema), Vec::new()),
        Err(more) => (None, more),
    };
    errors.extend(more);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for error in &errors {
        let range = error.range.clone();
        if error.path == path && text.get(range.clone()).is_none() {
            return Err(format!("{error} is at {range:?} of {} bytes", text.len()));
        }
        if error.message.trim().is_empty() || error.line == 0 || error.column == 0 {
            return Err(format!("an error that says nothing: {error:?}"));
        }
    }
    match schema {
        Some(schema) if errors.is_empty() => planned(&schema),
        Some(_) | None => Ok(false),
    }
}

/// A schema that a declaration makes.
fn planned(schema: &Schema) -> Verdict {
    comes_back(schema)?;
    let same = Pair { previous: schema, next: schema };
    let none: Plan = plan(same, &Canonical::default(), Origin::Snapshot);
    if !none.is_empty() {
        return Err(format!("it differs from itself: {}", none.to_sql()));
    }
    // Each of them is sent by itself, and as a file they are told apart again.
    let steps = from_nothing(schema);
    let statements: Vec<_> = steps.steps.iter().flat_map(|step| &step.statements).collect();
    for statement in &statements {
        let found = lex::statements(statement).map_err(|it| format!("{it}: {statement}"))?;
        if found.len() != 1 || found[0].range != (0..statement.len()) {
            return Err(format!("not one statement: {statement}"));
        }
    }
    let file = steps.to_sql();
    let found = lex::statements(&file).map_err(|it| format!("{it}: {file}"))?;
    let found: Vec<_> = found.iter().map(|it| &file[it.range.clone()]).collect();
    if found != statements {
        return Err(format!("{found:#?}\nis not\n{statements:#?}"));
    }
    Ok(true)
}

fn comes_back(schema: &Schema) -> Result<(), String> {
    // What was called otherwise is a step, which no snapshot holds.
    let schema = &Schema { renames: Renames::default(), ..schema.clone() };
    let json = serde_json::to_string(schema).map_err(|error| error.to_string())?;
    let again: Schema = serde_json::from_str(&json)
        .map_err(|error| format!("{error} in what was written: {json}"))?;
    if again != *schema {
        return Err(format!("{again:#?}\nis not\n{schema:#?}"));
    }
    Ok(())
}

/// Statements stand one behind the other, and by themselves each is one.
pub fn split(sql: &str) -> Verdict {
    let (Ok(tokens), Ok(statements)) = (lex::tokens(sql), lex::statements(sql)) else {
        return match (lex::tokens(sql), lex::statements(sql)) {
            (Err(_), Err(_)) => Ok(false),
            (tokens, statements) => Err(format!("only one of {tokens:?} and {statements:?}")),
        };
    };
    let ranges = tokens.iter().map(|token| token.range.clone());
    in_order(sql, ranges)?;
    in_order(sql, statements.iter().map(|statement| statement.range.clone()))?;
    for statement in &statements {
        let text = &sql[statement.range.clone()];
        let found = lex::statements(text).map_err(|it| format!("{it} in {text:?}"))?;
        if found.len() != 1
            || found[0].range != (0..text.len())
            || found[0].keyword != statement.keyword
        {
            return Err(format!("{text:?} by itself is {found:?}"));
        }
    }
    Ok(true)
}

fn in_order(sql: &str, ranges: impl Iterator<Item = std::ops::Range<usize>>) -> Result<(), String> {
    let mut end = 0;
    for range in ranges {
        if range.start < end || range.is_empty() || sql.get(range.clone()).is_none() {
            return Err(format!("{range:?} behind {end}"));
        }
        end = range.end;
    }
    Ok(())
}

/// What a migration says of itself is the same with line ends of Windows, and can be said again.
pub fn migration(sql: &str) -> Verdict {
    let migration = |sql: String| Migration { version: "1".into(), name: "m".into(), sql };
    let plain = migration(sql.replace('\r', ""));
    let windows = migration(plain.sql.replace('\n', "\r\n"));
    let told = |it: &Migration| (it.checksum(), it.runs_in_transaction(), it.hazards());
    if told(&plain) != told(&windows) {
        return Err("it says something else with line ends of Windows".into());
    }
    let hazards = plain.hazards();
    let lines = hazards.iter().map(|Hazard { kind, message }| format!("-- {kind}: {message}\n"));
    let again = migration(lines.collect::<String>() + "\nSELECT 1;\n-- loses-data: no\n");
    if again.hazards() != hazards {
        return Err(format!("{hazards:?} comes back as {:?}", again.hazards()));
    }
    Ok(split(sql)? && !hazards.is_empty())
}

/// A predicate of a policy.
pub fn predicate(predicate: &str) -> Verdict {
    let own = "#[derive(Table)] pub struct Member { #[rls(primary_key)] pub team_id: i64, pub user_id: String, pub role: String }";
    source(&format!(
        "use rls_schema::Table;\n{own}\n#[derive(Table)]\n#[rls(table = \"todos\", crud_policy(role = authenticated, read = {predicate}))]\n\
         pub struct Todo {{ #[rls(primary_key)] pub id: i64, pub team_id: i64, pub user_id: String, pub tags: Vec<String>, pub level: Option<i32>, pub data: Value, pub done: bool, pub at: DateTime<Utc> }}\n"
    ))
}

/// SQL by hand, as a predicate.
pub fn raw(sql: &str) -> Verdict {
    source(&format!(
        "#[derive(Table)]\n#[rls(table = \"todos\", crud_policy(role = authenticated, read = sql({sql:?})))]\n\
         pub struct Todo {{ #[rls(primary_key)] pub id: i64, pub user_id: String }}\n"
    ))
}

/// The schema of a snapshot. It may say what no declaration can; the plans away from it and to it are made all
/// the same.
pub fn snapshot(json: &str) -> Verdict {
    let Ok(schema) = serde_json::from_str::<Schema>(json) else { return Ok(false) };
    comes_back(&schema)?;
    let (empty, canonical) = (Schema::new_database(), Canonical::default());
    plan(Pair { previous: &schema, next: &empty }, &canonical, Origin::Snapshot).to_sql();
    from_nothing(&schema).to_sql();
    Ok(true)
}

/// A plan that was kept.
pub fn plan_file(text: &str) -> Verdict {
    let Ok(plan) = PlanFile::read(text) else { return Ok(false) };
    let written = plan.write().map_err(|error| error.to_string())?;
    if PlanFile::read(&written).as_ref() != Ok(&plan) {
        return Err(format!("{plan:#?}\nis another one when read again"));
    }
    from_nothing(&plan.desired()).to_sql();
    Ok(true)
}
