//! Functions and procedures.

use std::collections::BTreeSet;

use super::closing::closing;
use super::quote::dollar_quoted;
use super::{ident, literal, qualified};
use crate::model::{
    Argument, ArgumentMode, Attributes, Body, Function, Grantee, Parallel, ReturnedColumn, Returns,
    Routine, Volatility,
};

/// CREATE FUNCTION, and at once the end of what Postgres lets everybody do with a new one.
pub(super) fn create(function: &Function, revoke_from: &BTreeSet<Grantee>) -> Vec<String> {
    let mut everyone = revoke_from.clone();
    everyone.insert(Grantee::Public);
    let routine = routine(&function.routine());
    let kind = match function.returns {
        Returns::Procedure => "PROCEDURE",
        Returns::Value(_) | Returns::SetOf { .. } | Returns::Table { .. } => "FUNCTION",
    };
    let closing = closing(&format!("{kind} {routine}"), &everyone);
    std::iter::once(definition("CREATE", function)).chain(closing).collect()
}

/// CREATE OR REPLACE FUNCTION, which leaves privileges as they are.
pub(super) fn replace(function: &Function) -> String {
    definition("CREATE OR REPLACE", function)
}

/// What stands in the way may be a procedure or an aggregate.
pub(super) fn drop(function: &Routine) -> String {
    format!("DROP ROUTINE {}", routine(function))
}

/// The name with the types of what goes in.
pub(crate) fn routine(routine: &Routine) -> String {
    let Routine { name, arguments } = routine;
    let types: Vec<_> = arguments.iter().map(ToString::to_string).collect();
    format!("{}({})", qualified(name), types.join(", "))
}

/// The head of a function: everything up to what it does.
pub(crate) fn signature(function: &Function) -> String {
    let Function { name: _, arguments, returns, .. } = &function.as_kept();
    let arguments: Vec<_> = arguments.iter().map(argument).collect();
    let returns = match returns {
        Returns::Value(ty) => format!(" RETURNS {ty}"),
        Returns::SetOf { set_of } => format!(" RETURNS SETOF {set_of}"),
        Returns::Table { table } => {
            let columns =
                table.iter().map(|ReturnedColumn { name, ty }| format!("{} {ty}", ident(name)));
            format!(" RETURNS TABLE ({})", columns.collect::<Vec<_>>().join(", "))
        }
        Returns::Procedure => String::new(),
    };
    format!("({}){returns}", arguments.join(", "))
}

fn definition(create: &str, function: &Function) -> String {
    let kind = match function.returns {
        Returns::Procedure => "PROCEDURE",
        Returns::Value(_) | Returns::SetOf { .. } | Returns::Table { .. } => "FUNCTION",
    };
    let body = match &function.body {
        Body::Text(text) => format!("AS {}", dollar_quoted("fn", text)),
        Body::Standard { standard } => standard.as_str().to_owned(),
    };
    format!(
        "{create} {kind} {}{}\n    {}\n    {body}",
        qualified(&function.name),
        signature(function),
        attributes(&function.as_kept().attributes)
    )
}

fn argument(argument: &Argument) -> String {
    let Argument { name, ty, mode, default } = argument;
    let mode = match mode {
        ArgumentMode::In => "",
        ArgumentMode::Out => "OUT ",
        ArgumentMode::InOut => "INOUT ",
        ArgumentMode::Variadic => "VARIADIC ",
    };
    let name = name.as_ref().map(|name| format!("{} ", ident(name))).unwrap_or_default();
    let default = default.as_ref().map(|sql| format!(" DEFAULT {}", sql.as_str()));
    format!("{mode}{name}{ty}{}", default.unwrap_or_default())
}

/// What is not as Postgres has it by itself.
fn attributes(attributes: &Attributes) -> String {
    let Attributes {
        language,
        volatility,
        parallel,
        strict,
        security_definer,
        leakproof,
        cost,
        rows,
        settings,
    } = attributes;
    let mut words = vec![format!("LANGUAGE {}", ident(language))];
    match volatility {
        Volatility::Immutable => words.push("IMMUTABLE".to_owned()),
        Volatility::Stable => words.push("STABLE".to_owned()),
        Volatility::Volatile => {}
    }
    match parallel {
        Parallel::Safe => words.push("PARALLEL SAFE".to_owned()),
        Parallel::Restricted => words.push("PARALLEL RESTRICTED".to_owned()),
        Parallel::Unsafe => {}
    }
    for (is, word) in
        [(strict, "STRICT"), (security_definer, "SECURITY DEFINER"), (leakproof, "LEAKPROOF")]
    {
        if *is {
            words.push(word.to_owned());
        }
    }
    for (number, word) in [(cost, "COST"), (rows, "ROWS")] {
        words.extend(number.map(|number| format!("{word} {number}")));
    }
    words.extend(settings.iter().map(|(name, values)| {
        let values: Vec<_> = values.iter().map(|value| literal(value)).collect();
        let name: Vec<_> = name.split('.').map(quoted).collect();
        format!("SET {} = {}", name.join("."), values.join(", "))
    }));
    words.join(" ")
}

/// A part of the name of a setting.
fn quoted(part: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if part.chars().all(plain) {
        part.to_owned()
    } else {
        format!("\"{}\"", part.replace('"', "\"\""))
    }
}
