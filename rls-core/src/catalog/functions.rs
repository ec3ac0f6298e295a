//! Functions and procedures: those that are declared, and everything in the private schema.

use std::collections::BTreeMap;

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident, list};
use super::owners::OwnerOf;
use super::relations::named_type;
use crate::lex::{self, Token, TokenKind};
use crate::model::{
    Argument, ArgumentMode, Attributes, Body, Commented, Function, Ident, Owned, Parallel, PgType,
    QualifiedName, ReturnedColumn, Returns, Routine, Schema, Sql, Volatility,
};

// One row for each type: the return type at 0, the arguments behind it. What is not
// `sayable` is none that a declaration can mean; `other` goes along unsaid. One in the private schema
// that belongs to a role that policies bind reads as that role, and the role may alter it.
const FUNCTIONS: &str = "
SELECT p.oid, n.nspname::text AS schema, p.proname::text AS name, p.prosrc AS body,
    pg_get_function_sqlbody(p.oid) AS standard, p.prokind::text AS kind, l.lanname::text AS language,
    p.prosecdef AS definer, p.provolatile::text AS volatility, p.proparallel::text AS parallel,
    p.proisstrict AS strict, p.proleakproof AS leakproof, p.proretset AS returns_set,
    p.procost::float8 AS cost, p.prorows::float8 AS rows, coalesce(p.proconfig, '{}') AS settings,
    p.prokind IN ('f', 'p') AND p.probin IS NULL AND l.lanname NOT IN ('c', 'internal') AS sayable,
    o.rolname = current_user OR o.rolname <> ALL ($4::name[]) AS trusted, o.rolname::text AS owner,
    o.rolname = current_user AS own,
    array_remove(ARRAY[CASE WHEN p.prosupport <> 0 THEN 'SUPPORT' END,
        CASE WHEN p.protrftypes IS NOT NULL THEN 'TRANSFORM' END,
        CASE WHEN p.procost < 1 OR p.procost <> floor(p.procost) THEN 'COST ' || p.procost END,
        CASE WHEN p.proretset AND (p.prorows < 1 OR p.prorows <> floor(p.prorows)) THEN 'ROWS ' || p.prorows END],
        NULL) AS other,
    EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
        AS brought_along,
    a.at::int AS at, a.mode, coalesce(p.proargnames[a.at], '') AS argument,
    obj_description(p.oid, 'pg_proc') AS comment,
    CASE WHEN a.at > 0 THEN pg_get_function_arg_default(p.oid, a.at::int) END AS default,
    format_type(a.type, -1) AS type, s.nspname::text AS type_schema, e.typname::text AS type_name
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
    JOIN pg_roles o ON o.oid = p.proowner,
    LATERAL (SELECT 0 AS at, p.prorettype AS type, '' AS mode
        UNION ALL SELECT at, type, coalesce(p.proargmodes[at]::text, 'i')
        FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS u (type, at)) AS a
    JOIN pg_type t ON t.oid = a.type
    JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' AND t.typlen = -1 AND t.typelem <> 0
        THEN t.typelem ELSE t.oid END
    JOIN pg_namespace s ON s.oid = e.typnamespace
WHERE (n.nspname, p.proname) IN (SELECT * FROM unnest($1::name[], $2::name[])) OR n.nspname = ANY ($3::name[])
ORDER BY p.oid, a.at";

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    let names =
        [&asked.function_schemas, &asked.function_names, &asked.private_schemas, &asked.roles];
    ask::rows(transaction, FUNCTIONS, &names).await
}

/// Every function in some schemas.
pub(super) async fn read_all(
    transaction: &Transaction<'_>,
    schemas: &Vec<String>,
) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, FUNCTIONS, &[&Vec::new(), &Vec::new(), schemas, &Vec::new()]).await
}

/// Those of them that a declaration can say. Others are noted, but for those that an extension or a range
/// type brings along.
pub(super) fn sayable(rows: &[Row], notes: &mut Vec<String>) -> Result<Vec<Function>, Error> {
    let mut functions = Vec::new();
    let oid = |row: &Row| get::<u32>(row, "oid").ok();
    for rows in rows.chunk_by(|one, next| oid(one) == oid(next)) {
        let Some((first, arguments)) = rows.split_first() else { continue };
        if get(first, "brought_along")? {
            continue;
        }
        let function = function(first, arguments)?;
        let readable = match &function.body {
            Body::Standard { standard } => !has_nameless(standard.as_str()),
            Body::Text(_) => true,
        };
        if readable && get(first, "sayable")? {
            functions.push(function);
            continue;
        }
        let kind = match get(first, "kind")? {
            "a" => "aggregate",
            "w" => "window function",
            "p" => "procedure",
            _ => "function",
        };
        let routine = function.routine();
        notes.push(format!(
            "the {kind} {routine} is left alone, for no declaration can say it: an empty database needs it \
             made first"
        ));
    }
    Ok(functions)
}

/// What is there by its number in the catalog, and what else stands in its place.
#[derive(Default)]
pub(super) struct Functions {
    pub(super) declared: BTreeMap<u32, Function>,
    pub(super) strays: Vec<Routine>,
    comments: BTreeMap<Commented, String>,
    owners: Vec<OwnerOf>,
}

impl Functions {
    /// Puts the comments on them where they belong: among those that are declared, or not.
    pub(super) fn comment(
        &mut self,
        scope: &Schema,
        declared: &mut BTreeMap<Commented, String>,
        others: &mut BTreeMap<Commented, String>,
    ) {
        for (on, text) in std::mem::take(&mut self.comments) {
            let known = scope.comments.contains_key(&on);
            if known { &mut *declared } else { &mut *others }.insert(on, text);
        }
    }

    /// To whom those that are declared belong.
    pub(super) fn take_owners(&mut self) -> Vec<OwnerOf> {
        std::mem::take(&mut self.owners)
    }

    pub(super) fn split(self) -> (BTreeMap<Routine, Function>, Vec<Routine>) {
        let declared = self.declared.into_values();
        (declared.map(|function| (function.routine(), function)).collect(), self.strays)
    }
}

/// One that takes what a declared one takes is compared, where a declaration can say it. In the private
/// schema all else is stray.
pub(super) fn understand(
    rows: &[Row],
    scope: &Schema,
    notes: &mut Vec<String>,
) -> Result<Functions, Error> {
    let mut functions = Functions::default();
    let oid = |row: &Row| get::<u32>(row, "oid").ok();
    for rows in rows.chunk_by(|one, next| oid(one) == oid(next)) {
        let Some((first, arguments)) = rows.split_first() else { continue };
        let function = function(first, arguments)?;
        let routine = function.routine();
        let declared = scope.functions.contains_key(&routine);
        let owner = ident(first, "owner")?;
        let owned = Owned::Function(routine.clone());
        let trusted = !routine.is_private()
            || get(first, "trusted")?
            || scope.owners.get(&owned) == Some(&owner);
        if declared && get(first, "sayable")? && trusted {
            let other: Vec<&str> = get(first, "other")?;
            if !other.is_empty() {
                notes.push(format!(
                    "the function {routine} has {}, which no declaration can say: it goes where the function is replaced",
                    list(&other)
                ));
            }
            functions.owners.push((owned, owner, get(first, "own")?));
            if let Some(text) = get::<Option<&str>>(first, "comment")? {
                let on = Commented::Function(routine);
                functions.comments.insert(on, text.to_owned());
            }
            functions.declared.insert(get(first, "oid")?, function);
        } else if declared || routine.is_private() {
            functions.strays.push(routine);
        }
        // Anything else is somebody else's, of which only a privilege is asked for.
    }
    Ok(functions)
}

fn function(first: &Row, rest: &[Row]) -> Result<Function, Error> {
    let name = QualifiedName::new(ident(first, "schema")?, ident(first, "name")?);
    let (mut arguments, mut table) = (Vec::new(), Vec::new());
    for row in rest {
        let (called, ty) = (Ident::new(get::<&str>(row, "argument")?).ok(), type_of(row)?);
        let mode = match get(row, "mode")? {
            "i" => ArgumentMode::In,
            "o" => ArgumentMode::Out,
            "b" => ArgumentMode::InOut,
            "v" => ArgumentMode::Variadic,
            "t" => {
                table.extend(called.map(|name| ReturnedColumn { name, ty }));
                continue;
            }
            code => return Err(unknown(&name, code)),
        };
        let default = get::<Option<&str>>(row, "default")?.map(Sql::new);
        arguments.push(Argument { name: called, ty, mode, default });
    }
    let procedure = get::<&str>(first, "kind")? == "p";
    let returns = match (table.is_empty(), get(first, "returns_set")?) {
        _ if procedure => Returns::Procedure,
        (false, _) => Returns::Table { table },
        (true, true) => Returns::SetOf { set_of: type_of(first)? },
        (true, false) => Returns::Value(type_of(first)?),
    };
    let body = match get::<Option<&str>>(first, "standard")? {
        Some(standard) => {
            let standard = numbered(standard, &arguments).unwrap_or_else(|| standard.to_owned());
            Body::Standard { standard: Sql::new(standard) }
        }
        None => Body::Text(get::<&str>(first, "body")?.to_owned()),
    };
    let attributes = attributes(first, &name)?;
    Ok(Function { name, arguments, returns, attributes, body }.as_kept())
}

/// A body with the number of an argument that has no name. Where others have one, Postgres writes `""` for
/// it, which it does not read itself. None where that may be one of several.
pub(super) fn numbered(standard: &str, arguments: &[Argument]) -> Option<String> {
    if !has_nameless(standard) {
        return Some(standard.to_owned());
    }
    let taken = arguments.iter().filter(|argument| argument.mode != ArgumentMode::Out);
    let nameless = taken.enumerate().filter(|(_, argument)| argument.name.is_none());
    let [(at, _)] = nameless.collect::<Vec<_>>().try_into().ok()?;
    let mut text = standard.to_owned();
    for token in lex::tokens(standard).unwrap_or_default().iter().rev() {
        if is_nameless(token) {
            text.replace_range(token.range.clone(), &format!("${}", at + 1));
        }
    }
    Some(text)
}

fn has_nameless(standard: &str) -> bool {
    lex::tokens(standard).unwrap_or_default().iter().any(is_nameless)
}

fn is_nameless(token: &Token) -> bool {
    matches!(&token.kind, TokenKind::Quoted(name) if name.is_empty())
}

/// Source: Postgres manual, `pg_proc`.
fn attributes(row: &Row, name: &QualifiedName) -> Result<Attributes, Error> {
    // Less than one, or a fraction, is more than a declaration can say: it counts as unsaid.
    let whole = |column| -> Result<Option<u32>, Error> {
        let number: f64 = get(row, column)?;
        let is_whole = number >= 1.0 && number.fract() == 0.0 && number <= f64::from(u32::MAX);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it was just looked at"
        )]
        Ok(is_whole.then_some(number as u32))
    };
    let settings: Vec<&str> = get(row, "settings")?;
    let settings = settings.iter().filter_map(|setting| setting.split_once('='));
    Ok(Attributes {
        language: ident(row, "language")?,
        volatility: match get(row, "volatility")? {
            "i" => Volatility::Immutable,
            "s" => Volatility::Stable,
            "v" => Volatility::Volatile,
            code => return Err(unknown(name, code)),
        },
        parallel: match get(row, "parallel")? {
            "s" => Parallel::Safe,
            "r" => Parallel::Restricted,
            "u" => Parallel::Unsafe,
            code => return Err(unknown(name, code)),
        },
        strict: get(row, "strict")?,
        security_definer: get(row, "definer")?,
        leakproof: get(row, "leakproof")?,
        cost: whole("cost")?,
        rows: whole("rows")?,
        settings: settings.map(|(name, value)| (name.to_owned(), values(name, value))).collect(),
    })
}

/// The value of a setting, which for the path is a list of names.
fn values(setting: &str, value: &str) -> Vec<String> {
    if setting != "search_path" {
        return vec![value.to_owned()];
    }
    let tokens = lex::tokens(value).unwrap_or_default();
    let names = tokens.into_iter().filter_map(|token| match token.kind {
        TokenKind::Word(name) | TokenKind::Quoted(name) => Some(name),
        _ => None,
    });
    names.collect()
}

fn unknown(name: &QualifiedName, code: &str) -> Error {
    Error::Unknown { what: format!("the function {name}"), code: code.to_owned() }
}

fn type_of(row: &Row) -> Result<PgType, Error> {
    let ty = match PgType::parse(get(row, "type")?) {
        Ok(ty) => ty,
        Err(_) => named_type(row)?,
    };
    Ok(PgType { modifiers: Vec::new(), ..ty })
}
