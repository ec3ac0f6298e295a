//! What Postgres makes of expressions, so that it, and no text, decides what is equal.
//!
//! The expressions become statements in the body of a function that is never called: Postgres
//! parses them against the real tables, which it locks for no more than ACCESS SHARE, and writes
//! them back out. That is done over and over until the text stands still, for what Postgres writes
//! is not always what it would make of its own text. Then everything is rolled back.
//!
//! A policy becomes the WHERE of a query on its table, which resolves columns, row types and
//! `schema.table.column` just as a policy does; a default becomes a cast to its column's type.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

use super::{
    Error, Failure, PLAIN_TEXT, alike, arrays, ask, begin, bodies, constants, end, queries,
};
use crate::diff::{
    Canonical, Doubt, Pair, Site, condition, doubts, given, nothing_of, of_indexes, predicates,
    site,
};
use crate::lex;
use crate::model::{
    BaseType, Domain, Function, Ident, PgType, QualifiedName, Schema, Sql, Table, Trigger,
    TypeForm, UserType, View,
};
use crate::render;

/// How often the text may change before it is given up.
pub(super) const ROUNDS: usize = 5;

/// Asks the server about every policy and default that both schemas have with different texts.
/// `previous` is what this database holds. An expression that does not parse against it, because it
/// needs a column that is yet to come or because it is wrong, has no answer: it counts as different.
///
/// # Errors
/// The server refuses temporary functions, cancels, or does not answer.
pub async fn canonical(
    transaction: &mut Transaction<'_>,
    schemas: Pair<&Schema>,
) -> Result<Canonical, Error> {
    let questions: Vec<_> = questions(schemas).into_iter().collect();
    let mut canonical = Canonical::default();
    constants::add(transaction, schemas, &mut canonical).await?;
    bodies::ask(transaction, schemas, &mut canonical).await?;
    queries::ask(transaction, schemas, &mut canonical).await?;
    arrays::ask_defaults(transaction, schemas, &mut canonical).await?;
    if questions.is_empty() {
        return Ok(canonical);
    }
    // Whoever may not make temporary functions should hear of it now, not of every expression.
    let savepoint = begin(transaction).await?;
    ask::run(&savepoint, &probe("BEGIN ATOMIC END")).await?;
    end(savepoint).await?;

    let groups = alike::groups(&questions, schemas.previous);
    let mut alone = Vec::new();
    let firsts: Vec<_> = groups.iter().map(|group| group[0]).collect();
    for (group, answer) in groups.iter().zip(ask::each(transaction, &firsts, answers).await?) {
        // What does not parse for one does not for any that is like it.
        let Some(answer) = answer else { continue };
        let (answer, good_for_all) = alike::without_table(group[0], &answer);
        let (told, open) = group.split_at(if good_for_all { group.len() } else { 1 });
        for Question { site, source, statement: _ } in told {
            canonical.insert(site.clone(), source.clone(), answer.clone());
        }
        alone.extend(open);
    }
    for (question, answer) in alone.iter().zip(ask::each(transaction, &alone, answers).await?) {
        let Some(answer) = answer else { continue };
        let Question { site, source, statement: _ } = question;
        let (answer, _) = alike::without_table(question, &answer);
        canonical.insert(site.clone(), source.clone(), answer);
    }
    Ok(canonical)
}

/// An expression, and the statement that makes Postgres read it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    pub(super) site: Site,
    pub(super) source: Sql,
    pub(super) statement: String,
}

/// Both sides of every doubt, each text once.
fn questions(schemas: Pair<&Schema>) -> BTreeSet<Question> {
    let mut questions = BTreeSet::new();
    for (name, next) in &schemas.next.tables {
        if let Some(previous) = schemas.previous.tables.get(name) {
            policies(Pair { previous, next }, &mut questions);
            defaults(Pair { previous, next }, &mut questions);
            constraints(Pair { previous, next }, &mut questions);
            let both = Pair { previous: &previous.triggers, next: &next.triggers };
            triggers(name, both, &mut questions);
            let doubts = doubts(Pair { previous, next }).into_iter();
            questions.extend(doubts.filter_map(|doubt| match doubt {
                Doubt::Predicate(source) => Some(predicate(name, &source)),
                Doubt::Constant(..) => None,
            }));
        }
    }
    for (name, next) in &schemas.next.views {
        if let Some(previous) = schemas.previous.views.get(name) {
            let all = |view: &View| of_indexes(&view.indexes).into_iter().collect();
            texts(name, Pair { previous: all(previous), next: all(next) }, &mut questions);
            let both = Pair { previous: &previous.triggers, next: &next.triggers };
            triggers(name, both, &mut questions);
        }
    }
    for (name, next) in &schemas.next.types {
        if let Some(previous) = schemas.previous.types.get(name) {
            domains(Pair { previous, next }, &mut questions);
        }
    }
    for (routine, next) in &schemas.next.functions {
        if let Some(previous) = schemas.previous.functions.get(routine) {
            arguments(Pair { previous, next }, &mut questions);
        }
    }
    questions
}

/// Of domains: `VALUE` is a column of that name to the server.
fn domains(types: Pair<&UserType<Sql>>, questions: &mut BTreeSet<Question>) {
    let (TypeForm::Domain(previous), TypeForm::Domain(next)) =
        (&types.previous.form, &types.next.form)
    else {
        return;
    };
    let (name, base) = (&types.next.name, &next.base);
    let texts = |domain: &Domain<Sql>| {
        domain.checks.values().map(|check| check.expr.clone()).collect::<BTreeSet<_>>()
    };
    for source in &in_doubt(texts(previous), texts(next)) {
        let values = format!("SELECT CAST(NULL AS {base}) AS value");
        questions.insert(Question {
            site: Site { table: name.clone(), default_of: None },
            source: source.clone(),
            statement: format!("SELECT 1 FROM ({values}) AS of WHERE ({}\n)", source.as_str()),
        });
    }
    let base = PgType { modifiers: Vec::new(), ..base.clone() };
    let both = doubt(previous.default.as_ref(), next.default.as_ref());
    questions.extend(both.map(|source| Question {
        site: Site::default_of_type(name),
        source: source.clone(),
        statement: format!("SELECT CAST(({}\n) AS {base})", source.as_str()),
    }));
}

fn policies(tables: Pair<&Table<Sql>>, questions: &mut BTreeSet<Question>) {
    let table = &tables.next.name;
    for (name, next) in &tables.next.policies {
        let Some(previous) = tables.previous.policies.get(name) else { continue };
        let using = doubt(previous.using.as_ref(), next.using.as_ref());
        let check = doubt(previous.effective_check(), next.effective_check());
        questions.extend(using.chain(check).map(|source| predicate(table, source)));
    }
}

/// Of constraints and indexes, which go by what they say.
fn constraints(tables: Pair<&Table<Sql>>, questions: &mut BTreeSet<Question>) {
    let all = |table| predicates(table).into_iter().collect();
    let both = Pair { previous: all(tables.previous), next: all(tables.next) };
    texts(&tables.next.name, both, questions);
}

/// Each text about the rows of a table or view.
fn texts(on: &QualifiedName, all: Pair<BTreeSet<Sql>>, questions: &mut BTreeSet<Question>) {
    let doubts = in_doubt(all.previous, all.next);
    questions.extend(doubts.iter().map(|source| predicate(on, source)));
}

/// All texts, where one of them is on one side only: it may say what one says that both sides have.
fn in_doubt(previous: BTreeSet<Sql>, next: BTreeSet<Sql>) -> BTreeSet<Sql> {
    if previous == next { BTreeSet::new() } else { previous.into_iter().chain(next).collect() }
}

/// Of triggers, when they run.
fn triggers(
    table: &QualifiedName,
    triggers: Pair<&BTreeMap<Ident, Trigger>>,
    questions: &mut BTreeSet<Question>,
) {
    for (name, next) in triggers.next {
        let Some(previous) = triggers.previous.get(name) else { continue };
        let both = doubt(previous.when.as_ref(), next.when.as_ref());
        questions.extend(both.map(|when| {
            let source = condition(table, when);
            let site = Site { table: table.clone(), default_of: None };
            Question { site, statement: source.as_str().to_owned(), source }
        }));
    }
}

/// Of functions, what their arguments are by themselves.
fn arguments(functions: Pair<&Function>, questions: &mut BTreeSet<Question>) {
    for (previous, next) in functions.previous.arguments.iter().zip(&functions.next.arguments) {
        let both = doubt(previous.default.as_ref(), next.default.as_ref());
        questions.extend(both.map(|default| {
            let source = given(default, &next.ty);
            let site = site(&functions.next.name);
            Question { site, statement: source.as_str().to_owned(), source }
        }));
    }
}

fn predicate(table: &QualifiedName, source: &Sql) -> Question {
    Question {
        site: Site { table: table.clone(), default_of: None },
        source: source.clone(),
        statement: format!(
            "SELECT 1 FROM {} WHERE ({}\n)",
            render::qualified(table),
            source.as_str()
        ),
    }
}

/// Of defaults, and of what columns are computed from.
fn defaults(tables: Pair<&Table<Sql>>, questions: &mut BTreeSet<Question>) {
    let table = render::qualified(&tables.next.name);
    for next in &tables.next.columns {
        let Some(previous) = tables.previous.column(&next.name) else { continue };
        // A length in brackets is applied to whatever comes, so it makes no difference here.
        let ty = PgType { modifiers: Vec::new(), ..next.ty.clone() };
        let site = Site { table: tables.next.name.clone(), default_of: Some(next.name.clone()) };
        let question = |source: &Sql, from: &str| Question {
            site: site.clone(),
            source: source.clone(),
            statement: format!("SELECT CAST(({}\n) AS {ty}){from}", source.as_str()),
        };
        if differs_in_words(&previous.ty, &next.ty) {
            let both = [nothing_of(&previous.ty), nothing_of(&next.ty)];
            questions.extend(both.iter().map(|source| question(source, "")));
        }
        if !next.ty.array {
            let both = doubt(previous.default.as_ref(), next.default.as_ref());
            questions.extend(both.map(|source| question(source, "")));
        }
        let (was, is) = (previous.generated.as_ref(), next.generated.as_ref());
        let both = doubt(was.map(|was| &was.expr), is.map(|is| &is.expr));
        questions.extend(both.map(|source| question(source, &format!(" FROM {table}"))));
    }
}

/// Whether two types differ in nothing but what stands behind the name of an extension's type.
fn differs_in_words(previous: &PgType, next: &PgType) -> bool {
    let named = matches!(next.base, BaseType::Named(_));
    named && previous != next && previous.base == next.base && previous.array == next.array
}

/// Both texts, where there are two and they differ.
fn doubt<'a>(previous: Option<&'a Sql>, next: Option<&'a Sql>) -> impl Iterator<Item = &'a Sql> {
    let both = previous.zip(next).filter(|(previous, next)| previous != next);
    both.into_iter().flat_map(|(previous, next)| [previous, next])
}

/// The text at which each question comes to rest, or nothing where one of them does not parse.
async fn answers(
    transaction: &mut Transaction<'_>,
    batch: &[&Question],
) -> Result<Option<Vec<String>>, Error> {
    let statements = batch.iter().map(|question| question.statement.clone()).collect();
    let savepoint = begin(transaction).await?;
    ask::run(&savepoint, UNCHECKED).await?;
    let settled = settle(&savepoint, statements).await;
    end(savepoint).await?;
    match settled {
        Ok(answers) => Ok(answers),
        Err(Error::Database(failure)) if is_about_an_expression(&failure, batch.len()) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn settle(
    transaction: &Transaction<'_>,
    mut statements: Vec<String>,
) -> Result<Option<Vec<String>>, Error> {
    for round in 0..ROUNDS {
        let body = format!("BEGIN ATOMIC\n{};\nEND", statements.join(";\n"));
        // Alone in its message: text that closes the body early is a syntax error.
        let create = probe(&body);
        let created = transaction.query_typed(&create, &[]).await;
        created.map_err(|error| Failure::of(&create, error))?;
        if round == 0 {
            // Texts are written for the user's path, and come back for none.
            ask::run(transaction, PLAIN_TEXT).await?;
        }
        let rows = ask::rows(transaction, READ, &[]).await?;
        let written: &str = rows.first().map_or(Ok(""), |row| ask::get(row, "body"))?;
        let Some(written) = split(written, statements.len()) else { return Ok(None) };
        if written == statements {
            return Ok(Some(written));
        }
        statements = written;
    }
    Ok(None)
}

/// Postgres would go on to check a body under the policies of the tables in it, and some of them fail, such
/// as those that read their own table: that is no fault of what is asked.
pub(super) const UNCHECKED: &str = "SET LOCAL check_function_bodies = off";

fn probe(body: &str) -> String {
    format!("CREATE OR REPLACE FUNCTION pg_temp.rls_probe() RETURNS void LANGUAGE sql {body}")
}

const READ: &str = "SELECT pg_get_function_sqlbody('pg_temp.rls_probe'::regproc) AS body";

/// The statements of a body as Postgres prints it.
fn split(body: &str, count: usize) -> Option<Vec<String>> {
    let inside = body.trim().strip_prefix("BEGIN ATOMIC")?.strip_suffix("END")?;
    let statements = lex::statements(inside).ok()?;
    let texts: Vec<_> =
        statements.into_iter().map(|found| inside[found.range].to_owned()).collect();
    (texts.len() == count).then_some(texts)
}

/// Whether the server failed to understand one of some questions, rather than to work. Source: Postgres manual,
/// "PostgreSQL Error Codes": data, schema name, syntax or access, limits, features. What the role may not
/// name is looked for among them, and then is an error: it would pass for a difference that is none.
pub(super) fn is_about_an_expression(failure: &Failure, questions: usize) -> bool {
    let Some(code) = failure.code.as_deref() else { return false };
    if code == SqlState::INSUFFICIENT_PRIVILEGE.code() {
        return questions > 1;
    }
    ["22", "3F", "42", "54"].iter().any(|class| code.starts_with(class))
        || code == SqlState::FEATURE_NOT_SUPPORTED.code()
}
