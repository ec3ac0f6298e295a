//! `definer(exists(..))`: the lookup moves into a function that runs as its owner, whom no policy
//! holds back. What comes out of it is no more than the answer: whether there is a row, or, where an
//! index can use them, the values that a column may have.
//!
//! Source: Postgres manual, `CREATE FUNCTION`, "Writing SECURITY DEFINER Functions Safely".

use std::collections::{BTreeMap, BTreeSet};

use super::optimize::membership::{Listed, listed};
use super::optimize::{Context, Gate, optimize};
use super::term::{Column, Lookup, Term};
use crate::model::{
    Argument, Function, Ident, PRIVATE_SCHEMA, PgType, QualifiedName, Routine, fnv1a,
};
use crate::provider::Provider;
use crate::render;

/// The functions that policies call, by name.
pub(crate) type Functions = BTreeMap<Routine, Function>;

/// Puts calls in the place of a predicate's `definer` lookups, and adds their functions.
pub(crate) fn extract(
    term: Term,
    context: &Context<'_>,
    provider: Provider,
    functions: &mut Functions,
) -> Term {
    Extraction { context, provider, functions }.run(term, true)
}

/// The same predicate with lookups that run as whoever asks.
pub(crate) fn plain(term: Term) -> Term {
    match term {
        Term::Definer(lookup) => Term::Exists(lookup),
        other => other.map_parts(&mut |part, _| plain(part)),
    }
}

/// The tables that a predicate reads as the owner of functions.
pub(crate) fn tables(term: &Term) -> BTreeSet<&QualifiedName> {
    lookups(term).into_iter().flatten().collect()
}

/// The tables of each such lookup.
pub(crate) fn lookups(term: &Term) -> Vec<BTreeSet<&QualifiedName>> {
    let definers = term.nodes().filter_map(|(node, _)| match node {
        Term::Definer(lookup) => Some(lookup),
        _ => None,
    });
    let read = definers.map(|lookup| {
        let inner = lookup.filter.nodes().filter_map(|(node, _)| match node {
            Term::Exists(lookup) => Some(&lookup.table),
            _ => None,
        });
        std::iter::once(&lookup.table).chain(inner).collect()
    });
    read.collect()
}

struct Extraction<'a> {
    context: &'a Context<'a>,
    provider: Provider,
    functions: &'a mut Functions,
}

impl Extraction<'_> {
    /// `top` says whether NULL counts as false here.
    fn run(&mut self, term: Term, top: bool) -> Term {
        match term {
            Term::Definer(lookup) => self.call(*lookup, top),
            Term::And(_) | Term::Or(_) => term.map_parts(&mut |part, _| self.run(part, top)),
            // The filter of a lookup is a WHERE of its own.
            Term::Exists(_) => term.map_parts(&mut |part, _| self.run(part, true)),
            other => other.map_parts(&mut |part, adds| self.run(part, adds > 0)),
        }
    }

    fn call(&mut self, lookup: Lookup, top: bool) -> Term {
        let list = (self.context.gate == Gate::Using && top).then(|| listed(&lookup)).flatten();
        match list.and_then(|list| self.list(list)) {
            Some(term) => term,
            None => self.answer(lookup),
        }
    }

    /// A function that gives every value that the outer one may have, called once for a statement.
    fn list(&mut self, Listed { output, outer, rest }: Listed) -> Option<Term> {
        let ty = output.ty.clone().filter(|ty| !ty.array)?;
        let ty = PgType { array: true, ..ty };
        let about = format!("{}_{}", rest.table.name, output.name);
        let lookup = self.optimized(rest);
        let body = render::array_body(&lookup, &output, self.provider);
        let function = self.function(&about, Vec::new(), ty.clone(), body)?;
        Some(Term::AnyOfCall { value: Box::new(Term::Column(outer)), function, ty })
    }

    /// A function that says whether there is such a row, with what the filter reads from outside as
    /// its arguments.
    fn answer(&mut self, lookup: Lookup) -> Term {
        let mut arguments: Vec<Column> = Vec::new();
        let table = lookup.table.name.clone();
        let filter = outside_as_arguments(lookup.filter, 1, &mut arguments);
        let lookup = self.optimized(Lookup { filter, ..lookup });
        let inner = Term::Exists(Box::new(lookup));
        let body = render::answer_body(&inner, self.provider);
        let declared = arguments
            .iter()
            .enumerate()
            .filter_map(|(at, column)| {
                let name = Ident::new(format!("_{}", at + 1)).ok()?;
                let ty = column.ty.clone().unwrap_or_else(text);
                Some(Argument::named(name, ty))
            })
            .collect();
        let boolean = PgType::plain(crate::model::BaseType::Boolean);
        let Some(function) = self.function(table.as_str(), declared, boolean, body) else {
            return Term::Bool(false);
        };
        let row_independent = arguments.is_empty();
        let call =
            Term::Call { function, arguments: arguments.into_iter().map(Term::Column).collect() };
        if row_independent { Term::Once(Box::new(call)) } else { call }
    }

    /// A body is asked for existing rows of its own table, as USING is.
    fn optimized(&self, lookup: Lookup) -> Lookup {
        let context = Context {
            gate: Gate::Using,
            table: &lookup.table,
            leading: self.context.leading,
            subqueries: true,
        };
        let (filter, _) = optimize(lookup.filter, &context);
        Lookup { filter, ..lookup }
    }

    /// The same body is the same function, whoever calls it. What the name is made of stays as it is, for
    /// databases and snapshots have it.
    fn function(
        &mut self,
        about: &str,
        arguments: Vec<Argument>,
        returns: PgType,
        body: crate::model::Sql,
    ) -> Option<QualifiedName> {
        let mut whole = format!("{returns} {}", body.as_str());
        for Argument { name, ty, .. } in &arguments {
            whole += &format!(", {} {ty}", name.as_ref().map_or("", Ident::as_str));
        }
        let name = format!("{about}_{:016x}", fnv1a(whole.as_bytes()));
        let schema = Ident::new(PRIVATE_SCHEMA).ok()?;
        let name = QualifiedName::new(schema, Ident::shortened(&name).ok()?);
        let function = Function::lookup(name.clone(), arguments, returns, body);
        self.functions.insert(function.routine(), function);
        Some(name)
    }
}

fn text() -> PgType {
    PgType::plain(crate::model::BaseType::Text)
}

/// Columns from outside of the term become arguments; each is one argument, however often it stands
/// there.
fn outside_as_arguments(term: Term, depth: usize, arguments: &mut Vec<Column>) -> Term {
    if let Term::Column(column) = &term
        && column.up >= depth
    {
        let outside = Column { up: column.up - depth, ..column.clone() };
        let at = arguments.iter().position(|known| *known == outside).unwrap_or_else(|| {
            arguments.push(outside);
            arguments.len() - 1
        });
        return Term::Argument(at + 1);
    }
    term.map_parts(&mut |part, adds| outside_as_arguments(part, depth + adds, arguments))
}
