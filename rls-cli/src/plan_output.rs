//! A plan for whoever reads it: people at a terminal, programs, and reviewers of a pull request.

use std::collections::BTreeMap;

use anstyle::Style;
use rls_core::plan::{Batch, Hazard, HazardKind, Held, Lock, Plan, Step};
use serde_json::{Value, json};

use crate::output::{BLUE, BOLD, GREEN, RED, YELLOW, count, styled};

/// For people: each step's hazards above its SQL, and under all of it what has to be agreed to.
pub(crate) fn plan_text(plan: &Plan) -> String {
    let mut text = String::new();
    let mut batch = Batch::Within;
    for step in &plan.steps {
        if step.batch != batch {
            batch = step.batch;
            text += &format!("\n{}\n", styled(BLUE, "-- behind the transaction, each by itself:"));
        }
        for Hazard { kind, message } in &step.hazards {
            text += &format!("{} {message}\n", styled(style(*kind), &format!("-- {kind}:")));
        }
        for statement in &step.statements {
            text += &format!("{};\n", highlighted(statement));
        }
    }
    let kinds = kinds(plan);
    if !kinds.is_empty() {
        let counted = kinds.iter().map(|(kind, number)| format!("{number} {kind}"));
        let counted = counted.collect::<Vec<_>>().join(", ");
        text += &format!("\n{} {counted}\n", styled(BOLD, "Hazards:"));
    }
    text
}

/// The graver a hazard, the redder.
fn style(kind: HazardKind) -> Style {
    match kind {
        HazardKind::LosesData | HazardKind::WidensAccess => RED,
        HazardKind::NarrowsAccess
        | HazardKind::DropsUndeclared
        | HazardKind::RewritesTable
        | HazardKind::BlocksReads
        | HazardKind::BlocksWrites
        | HazardKind::Irreversible => YELLOW,
        HazardKind::OutsideTransaction => BLUE,
    }
}

/// What makes a statement the one it is, in colour: the words that it begins with.
fn highlighted(statement: &str) -> String {
    let words: usize = statement
        .split_inclusive(' ')
        .take_while(|word| {
            word.trim().chars().all(|c| c.is_ascii_uppercase()) && !word.trim().is_empty()
        })
        .map(str::len)
        .sum();
    let (verb, rest) = statement.split_at(words);
    let gone = verb.starts_with("DROP") || verb.starts_with("REVOKE");
    let made = verb.starts_with("CREATE") || verb.starts_with("GRANT");
    match (gone, made) {
        (true, _) => styled(RED, verb.trim_end()) + spaced(verb) + rest,
        (_, true) => styled(GREEN, verb.trim_end()) + spaced(verb) + rest,
        (false, false) => statement.to_owned(),
    }
}

fn spaced(verb: &str) -> &'static str {
    if verb.ends_with(' ') { " " } else { "" }
}

/// For programs.
pub(crate) fn plan_json(plan: &Plan) -> Value {
    plan.steps.iter().map(step_json).collect()
}

fn step_json(step: &Step) -> Value {
    let locks: Vec<_> = step
        .locks
        .iter()
        .map(|Lock { relation, mode, held }| {
            json!({ "relation": relation.to_string(), "mode": mode.name(), "held": held_name(*held) })
        })
        .collect();
    json!({
        "statements": step.statements,
        "hazards": hazards_json(&step.hazards),
        "locks": locks,
        "outside_transaction": step.batch == Batch::Behind,
    })
}

/// Hazards for programs.
pub(crate) fn hazards_json(hazards: &[Hazard]) -> Value {
    let hazard =
        |Hazard { kind, message }: &Hazard| json!({ "kind": kind.name(), "message": message });
    hazards.iter().map(hazard).collect()
}

fn held_name(held: Held) -> &'static str {
    match held {
        Held::Briefly => "briefly",
        Held::WhileScanned => "while-scanned",
        Held::WhileRewritten => "while-rewritten",
    }
}

/// For reviewers: what to think about first, then the locks, then the SQL.
pub(crate) fn plan_markdown(title: &str, plan: &Plan) -> String {
    let mut text = format!("### {title}\n\n");
    if plan.is_empty() {
        return text + "No difference: there is nothing to do.\n";
    }
    let hazards: Vec<_> = plan.steps.iter().flat_map(|step| &step.hazards).collect();
    text += &format!("{}, {}.\n", count(plan.steps.len(), "step"), count(hazards.len(), "hazard"));
    if !hazards.is_empty() {
        text += "\n| hazard | what happens |\n|---|---|\n";
        for Hazard { kind, message } in hazards {
            text += &format!("| {} `{kind}` | {} |\n", sign(*kind), cell(message));
        }
        let flags: Vec<_> = kinds(plan).into_keys().map(|kind| format!("--allow {kind}")).collect();
        text += &format!("\nTo go ahead: `{}`\n", flags.join(" "));
    }
    text += &locks_markdown(plan);
    text += &format!("\n<details><summary>SQL</summary>\n\n{}\n\n</details>\n", fenced(&sql(plan)));
    text
}

fn sign(kind: HazardKind) -> &'static str {
    match kind {
        HazardKind::LosesData | HazardKind::WidensAccess => "🔴",
        HazardKind::NarrowsAccess
        | HazardKind::DropsUndeclared
        | HazardKind::RewritesTable
        | HazardKind::BlocksReads
        | HazardKind::BlocksWrites
        | HazardKind::Irreversible => "🟡",
        HazardKind::OutsideTransaction => "🔵",
    }
}

/// The strongest lock on each relation, by the longest time.
fn locks_markdown(plan: &Plan) -> String {
    let mut strongest = BTreeMap::new();
    for Lock { relation, mode, held } in plan.steps.iter().flat_map(|step| &step.locks) {
        let lock = strongest.entry(relation).or_insert((*held, *mode));
        *lock = (*lock).max((*held, *mode));
    }
    if strongest.is_empty() {
        return String::new();
    }
    let mut text = "\n| table | lock | held |\n|---|---|---|\n".to_owned();
    for (relation, (held, mode)) in strongest {
        let held = match held {
            Held::Briefly => "until the transaction ends",
            Held::WhileScanned => "while every row is read",
            Held::WhileRewritten => "while every row is written anew",
        };
        text += &format!("| {} | {mode} | {held} |\n", cell(&format!("`{relation}`")));
    }
    text
}

fn sql(plan: &Plan) -> String {
    let mut text = String::new();
    let mut batch = Batch::Within;
    for step in &plan.steps {
        if step.batch != batch {
            batch = step.batch;
            text += "\n-- behind the transaction, each by itself:\n";
        }
        text.extend(step.statements.iter().map(|statement| format!("{statement};\n")));
    }
    text
}

/// A text that may hold anything, in a fence that it does not close.
fn fenced(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}sql\n{text}{fence}")
}

/// A text as a cell of a table, in which nothing is markup: names are whatever somebody called a thing.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for c in text.chars() {
        match c {
            '|' | '\\' | '<' | '>' | '*' | '_' | '[' | ']' | '@' => {
                cell.push('\\');
                cell.push(c);
            }
            c if c.is_control() => cell.push(' '),
            c => cell.push(c),
        }
    }
    cell
}

fn kinds(plan: &Plan) -> BTreeMap<HazardKind, usize> {
    let mut kinds = BTreeMap::new();
    for hazard in plan.steps.iter().flat_map(|step| &step.hazards) {
        *kinds.entry(hazard.kind).or_default() += 1;
    }
    kinds
}
