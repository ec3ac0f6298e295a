//! Differences in functions. Postgres replaces one as long as those who call it need not know; any other
//! difference makes it anew.

use super::{Canonical, Change, Pair, Site};
use crate::model::{
    Argument, ArgumentMode, Body, Function, PgType, QualifiedName, Returns, Routine, Schema, Sql,
};

/// The changes of functions.
pub(super) fn alter(schemas: Pair<&Schema>, canonical: &Canonical, changes: &mut Vec<Change>) {
    let Pair { previous, next } = schemas;
    // GRANT and REVOKE name no arguments of those that policies call: what shares a name goes.
    let unmistakable = |routine: &Routine| {
        !routine.is_private() || !previous.strays.iter().any(|stray| stray.name == routine.name)
    };
    let mut dropped: Vec<_> =
        previous.functions.keys().filter(|it| !next.functions.contains_key(*it)).cloned().collect();
    dropped.extend(previous.strays.iter().cloned());
    let mut made = Vec::new();
    for (routine, function) in &next.functions {
        match previous.functions.get(routine) {
            None => made.push(create(function, next)),
            Some(was)
                if unmistakable(routine)
                    && same_function(Pair { previous: was, next: function }, canonical) => {}
            Some(was) if !routine.is_private() && is_replaceable(was, function) => {
                let pair = Pair { previous: was.clone(), next: function.clone() };
                made.push(Change::ReplaceFunction(Box::new(pair)));
            }
            Some(_) => {
                dropped.push(routine.clone());
                made.push(create(function, next));
            }
        }
    }
    changes.extend(dropped.into_iter().map(Change::DropFunction));
    changes.extend(made);
}

/// CREATE FUNCTION, closed to everyone whose privileges are governed.
pub(super) fn create(function: &Function, next: &Schema) -> Change {
    Change::CreateFunction {
        function: Box::new(function.clone()),
        revoke_from: next.grantees.clone(),
    }
}

/// Whether two functions are one.
pub(crate) fn same_function(functions: Pair<&Function>, canonical: &Canonical) -> bool {
    let (previous, next) = (functions.previous.as_kept(), functions.next.as_kept());
    let Function { name, arguments, returns, attributes, body } = &next;
    let argument = |(previous, next): (&Argument, &Argument)| {
        let Argument { name: called, ty, mode, default } = next;
        let site = site(name);
        let (was, is) = (previous.default.as_ref(), default.as_ref());
        let (was, is) = (was.map(|sql| given(sql, ty)), is.map(|sql| given(sql, ty)));
        &previous.name == called
            && &previous.ty == ty
            && &previous.mode == mode
            && canonical.same(&site, was.as_ref(), is.as_ref())
    };
    previous.arguments.len() == arguments.len()
        && previous.arguments.iter().zip(arguments).all(argument)
        && &previous.returns == returns
        && &previous.attributes == attributes
        && match (&previous.body, body) {
            (Body::Text(previous), Body::Text(next)) => previous == next,
            (Body::Standard { standard: previous }, Body::Standard { standard: next }) => {
                canonical.same(&site(name), Some(previous), Some(next))
            }
            (Body::Text(_), Body::Standard { .. }) | (Body::Standard { .. }, Body::Text(_)) => {
                false
            }
        }
}

/// Where the server's words for parts of a function are kept.
pub(crate) fn site(function: &QualifiedName) -> Site {
    Site { table: function.clone(), default_of: None }
}

/// What an argument is by itself, as a query that the server can be asked about.
pub(crate) fn given(default: &Sql, ty: &PgType) -> Sql {
    let ty = PgType { modifiers: Vec::new(), ..ty.clone() };
    Sql::new(format!("SELECT CAST(({}\n) AS {ty})", default.as_str()))
}

/// Whether CREATE OR REPLACE leads from one to the other: what comes out stays as it is, no name of an
/// argument changes, and no default goes. Source: Postgres manual, `CREATE FUNCTION`, "Notes".
fn is_replaceable(previous: &Function, next: &Function) -> bool {
    let (previous, next) = (previous.as_kept(), next.as_kept());
    let kept = |(previous, next): (&Argument, &Argument)| {
        let named_on = match previous.mode {
            ArgumentMode::In | ArgumentMode::Variadic => previous.name.is_none(),
            ArgumentMode::Out | ArgumentMode::InOut => false,
        };
        previous.mode == next.mode
            && previous.ty == next.ty
            && (previous.name == next.name || named_on)
            && (previous.default.is_none() || next.default.is_some())
    };
    let is_procedure = |function: &Function| function.returns == Returns::Procedure;
    previous.returns == next.returns
        && is_procedure(&previous) == is_procedure(&next)
        && previous.arguments.len() == next.arguments.len()
        && previous.arguments.iter().zip(&next.arguments).all(kept)
}
