//! What each pass makes of what, as SQL; and which indexes that asks for.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use std::collections::BTreeSet;

use rls_core::Provider;
use rls_core::model::*;
use rls_core::policy::index::Served;
use rls_core::policy::link::{self, Others, Shape};
use rls_core::policy::optimize::{Context, Gate, Leading, Pass, Rewrite, optimize};
use rls_core::resolve::{Resolved, resolve};
use rls_core::{Settings, render};
use support::{column, id, role, table};

fn nullable(name: &str, ty: &str) -> Column {
    Column { nullable: true, ..column(name, ty) }
}

fn tables() -> Vec<DeclaredTable> {
    let with = |name: &str, columns: Vec<Column>| Table { columns, ..table(name) };
    let docs = vec![
        column("id", "bigint"),
        nullable("team_id", "bigint"),
        column("owner", "text"),
        nullable("status", "text"),
        nullable("n", "integer"),
        nullable("flag", "boolean"),
        nullable("spot", "box"),
        nullable("tags", "text[]"),
    ];
    let members = vec![
        column("team_id", "bigint"),
        column("user_id", "text"),
        nullable("level", "text"),
        nullable("tags", "text[]"),
    ];
    let projects = vec![column("id", "bigint"), nullable("team_id", "bigint")];
    [("docs", docs), ("members", members), ("projects", projects)]
        .into_iter()
        .map(|(name, columns)| DeclaredTable::from(with(name, columns)))
        .collect()
}

fn optimized(expr: &Expr, gate: Gate, indexes: &[(&str, &str)]) -> (String, Vec<Rewrite>) {
    let tables = tables();
    let shapes: Vec<_> = tables.iter().map(Shape::from).collect();
    let (linked, problems) = link::predicate(expr, &shapes[0], Others::All(&shapes));
    assert!(problems.is_empty(), "{problems:?}");
    let mut leading = Leading::new();
    for (name, column) in indexes {
        leading.entry(table(name).name).or_default().insert(id(column));
    }
    let own = &tables[0].table.name;
    let context = Context { gate, table: own, leading: &leading, subqueries: true };
    let (term, rewrites) = optimize(linked, &context);
    (render::term(&term, Some(own), Provider::Neon).as_str().to_owned(), rewrites)
}

#[track_caller]
fn using(expr: Expr, sql: &str) {
    assert_eq!(optimized(&expr, Gate::Using, &[]).0, sql, "{expr}");
}

#[track_caller]
fn check(expr: Expr, sql: &str) {
    assert_eq!(optimized(&expr, Gate::Check, &[("docs", "team_id")]).0, sql, "{expr}");
}

fn c(field: &str) -> Expr {
    Expr::column(field)
}

fn outer(field: &str) -> Expr {
    Expr::Column(ColumnRef { up: 1, field: field.to_owned() })
}

fn text(text: &str) -> Expr {
    Expr::Literal(Literal::Text(text.to_owned()))
}

fn number(digits: &str) -> Expr {
    Expr::Literal(Literal::Number(digits.to_owned()))
}

fn eq(left: Expr, right: Expr) -> Expr {
    Expr::compare(CompareOp::Eq, left, right)
}

fn n_is(digits: &str) -> Expr {
    eq(c("n"), number(digits))
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

fn and<const N: usize>(terms: [Expr; N]) -> Expr {
    Expr::And(terms.to_vec())
}

fn or<const N: usize>(terms: [Expr; N]) -> Expr {
    Expr::Or(terms.to_vec())
}

fn sql(text: &str) -> Expr {
    Expr::Sql(text.to_owned())
}

fn is_null(expr: Expr) -> Expr {
    Expr::IsNull(Box::new(expr))
}

fn cast(expr: Expr) -> Expr {
    Expr::Cast { value: Box::new(expr), ty: PgType::parse("integer").unwrap() }
}

fn claim(path: &str) -> Expr {
    Expr::Claim(path.split('.').map(str::to_owned).collect())
}

fn exists(table: &str, filter: Expr) -> Expr {
    Expr::Exists { table: table.to_owned(), alias: table[..1].to_owned(), filter: Box::new(filter) }
}

/// The docs of the teams that the user is a member of.
fn membership() -> Expr {
    exists("members", and([eq(c("team_id"), outer("team_id")), Expr::owned_by("user_id")]))
}

const PROBE: &str = "EXISTS (SELECT 1 FROM public.members AS m WHERE \
                     m.team_id = docs.team_id AND (SELECT auth.user_id()) = m.user_id)";
const LIST: &str =
    "SELECT m.team_id FROM public.members AS m WHERE (SELECT auth.user_id()) = m.user_id";

#[test]
fn folding_drops_what_is_constant() {
    using(and([Expr::bool(true), n_is("1")]), "n = 1");
    using(and([n_is("1"), Expr::bool(false), sql("f()")]), "false");
    using(or([n_is("1"), Expr::bool(true), sql("f()")]), "true");
    using(and([eq(number("1"), number("1")), eq(text("a"), text("a"))]), "true");
    using(Expr::compare(CompareOp::Lt, number("2"), number("10")), "true");
    // How texts are sorted is not ours to say.
    using(Expr::compare(CompareOp::Lt, text("a"), text("b")), "'a' < 'b'");
    using(exists("members", Expr::bool(false)), "false");
}

#[test]
fn folding_drops_what_is_said_twice() {
    using(and([n_is("1"), and([n_is("1"), c("flag")])]), "n = 1 AND flag");
    using(or([c("flag"), and([n_is("1"), c("flag")])]), "flag");
    using(and([or([n_is("1"), c("flag")]), c("flag")]), "flag");
    // Volatile for all we know.
    using(or([sql("f()"), sql("f()")]), "(f()) OR (f())");
    using(or([c("flag"), and([sql("f()"), c("flag")])]), "flag OR (f()) AND flag");
    // The alternative keeps the cast from running where there is neither.
    let guarded = and([or([c("flag"), n_is("1")]), eq(cast(c("status")), number("2")), c("flag")]);
    using(guarded, "(flag OR n = 1) AND status::integer = 2 AND flag");
}

#[test]
fn folding_knows_three_truth_values() {
    using(not(not(c("flag"))), "flag");
    using(not(n_is("1")), "n <> 1");
    using(not(Expr::compare(CompareOp::Lt, c("n"), number("1"))), "n >= 1");
    // Boxes are equal when their areas are, and have no `<>`.
    using(not(eq(c("spot"), c("spot"))), "NOT (spot = spot)");
    using(and([c("flag"), not(c("flag"))]), "false");
    using(not(and([c("flag"), not(c("flag"))])), "NOT (flag AND NOT flag)");
    using(or([c("flag"), not(c("flag"))]), "flag OR NOT flag");
    using(or([is_null(c("flag")), not(is_null(c("flag")))]), "true");
}

#[test]
fn a_new_row_is_checked_before_its_not_null_constraints() {
    using(is_null(c("id")), "false");
    check(is_null(c("id")), "id IS NULL");
    using(is_null(c("n")), "n IS NULL");
    // The rows of a lookup have passed theirs.
    check(exists("members", is_null(c("user_id"))), "false");
}

#[test]
fn factoring_asks_once() {
    let common = or([and([n_is("1"), c("flag")]), and([n_is("2"), c("flag")])]);
    using(common, "flag AND (n = 1 OR n = 2)");
    let common = and([or([c("flag"), n_is("1")]), or([n_is("2"), c("flag")])]);
    using(common, "flag OR n = 1 AND n = 2");
    let volatile = or([and([n_is("1"), sql("f()")]), and([n_is("2"), sql("f()")])]);
    using(volatile, "n = 1 AND (f()) OR n = 2 AND (f())");
}

/// The lookup for a new row, planned as just that.
fn probed() -> String {
    format!("{} OFFSET 0)", PROBE.strip_suffix(')').unwrap())
}

#[test]
fn membership_takes_its_form_from_the_gate_and_the_index() {
    let using = |indexes: &[_]| optimized(&membership(), Gate::Using, indexes).0;
    assert_eq!(using(&[("docs", "team_id")]), format!("team_id = ANY (ARRAY({LIST}))"));
    assert_eq!(using(&[]), format!("team_id IN ({LIST})"));
    check(membership(), &probed());
}

#[test]
fn membership_is_left_where_null_is_not_false() {
    using(not(membership()), &format!("NOT {PROBE}"));
    using(is_null(or([membership(), c("flag")])), &format!("(flag OR {PROBE}) IS NULL"));
}

#[test]
fn membership_is_left_where_more_than_one_column_or_no_request_is_asked() {
    let same_team = || eq(c("team_id"), outer("team_id"));
    let both = and([same_team(), eq(c("user_id"), outer("owner")), Expr::owned_by("user_id")]);
    assert!(optimized(&exists("members", both), Gate::Using, &[]).0.starts_with("EXISTS"));
    // All that is there may be a whole table.
    assert!(optimized(&exists("members", same_team()), Gate::Using, &[]).0.starts_with("EXISTS"));
    let fails = and([same_team(), Expr::owned_by("user_id"), eq(cast(c("level")), number("1"))]);
    assert!(optimized(&exists("members", fails), Gate::Using, &[]).0.starts_with("EXISTS"));
    // `= ANY` would look through to the elements.
    let arrays = and([eq(c("tags"), outer("tags")), Expr::owned_by("user_id")]);
    assert!(optimized(&exists("members", arrays), Gate::Using, &[]).0.starts_with("EXISTS"));
    let volatile = and([same_team(), Expr::owned_by("user_id"), sql("f()")]);
    assert!(optimized(&exists("members", volatile), Gate::Using, &[]).0.starts_with("EXISTS"));
}

#[test]
fn membership_goes_through_two_tables() {
    let member =
        exists("members", and([eq(c("team_id"), outer("team_id")), Expr::owned_by("user_id")]));
    let two = exists("projects", and([eq(c("id"), outer("team_id")), member]));
    let indexes = [("docs", "team_id"), ("projects", "team_id")];
    assert_eq!(
        optimized(&two, Gate::Using, &indexes).0,
        format!(
            "team_id = ANY (ARRAY(SELECT p.id FROM public.projects AS p \
             WHERE p.team_id = ANY (ARRAY({LIST}))))"
        )
    );
}

#[test]
fn hoisting_takes_as_much_as_is_the_same_for_every_row() {
    using(Expr::owned_by("owner"), "(SELECT auth.user_id()) = owner");
    let admin = || eq(claim("o.rol"), text("admin"));
    using(admin(), "(SELECT (auth.session() #>> '{o,rol}') = 'admin')");
    using(
        or([admin(), Expr::owned_by("owner")]),
        "(SELECT (auth.session() #>> '{o,rol}') = 'admin') OR (SELECT auth.user_id()) = owner",
    );
    using(eq(c("n"), cast(claim("n"))), "n = (SELECT (auth.session() ->> 'n')::integer)");
    // Cheap as they are, and searched with all the same.
    using(eq(c("owner"), Expr::Role), "owner = current_user::text");
    // Asked by itself, Postgres would ask it first, and fail where it did not.
    using(eq(cast(claim("n")), number("1")), "(auth.session() ->> 'n')::integer = 1");
    using(sql("f()"), "f()");
    // Postgres evaluates it once by itself.
    let uncorrelated = exists("members", Expr::owned_by("user_id"));
    using(
        uncorrelated,
        "EXISTS (SELECT 1 FROM public.members AS m WHERE (SELECT auth.user_id()) = m.user_id)",
    );
}

#[test]
fn ordering_stops_at_what_may_fail() {
    let like = || Expr::Matches {
        form: TextForm::Like,
        value: Box::new(c("owner")),
        pattern: Box::new(text("a%")),
    };
    check(
        and([membership(), like(), n_is("1")]),
        &format!("n = 1 AND owner LIKE 'a%' AND {}", probed()),
    );
    let fails = || eq(cast(c("status")), number("1"));
    check(and([like(), fails(), n_is("1")]), "owner LIKE 'a%' AND status::integer = 1 AND n = 1");
    check(or([like(), sql("f()"), n_is("1")]), "owner LIKE 'a%' OR (f()) OR n = 1");
}

#[test]
fn every_rewrite_is_recorded_in_the_order_of_the_passes() {
    let all = and([
        membership(),
        or([and([n_is("1"), c("flag")]), and([n_is("2"), c("flag")])]),
        Expr::bool(true),
    ]);
    let (_, rewrites) = optimized(&all, Gate::Using, &[]);
    let passes: Vec<_> = rewrites.iter().map(|rewrite| rewrite.pass).collect();
    assert!(passes.is_sorted(), "{passes:?}");
    // All but the one for new rows.
    let using: BTreeSet<_> = Pass::ALL.into_iter().filter(|pass| *pass != Pass::Probe).collect();
    assert_eq!(passes.into_iter().collect::<BTreeSet<_>>(), using);
    let (_, rewrites) = optimized(&membership(), Gate::Check, &[]);
    assert!(rewrites.iter().any(|rewrite| rewrite.pass == Pass::Probe));
    assert!(
        rewrites.iter().all(|rewrite| rewrite.before != rewrite.after && !rewrite.why.is_empty())
    );
}

fn with_policy(command: Command, predicate: Expr) -> Vec<DeclaredTable> {
    let mut tables = tables();
    let using = (command != Command::Insert).then(|| predicate.clone());
    let with_check = (command == Command::Insert).then_some(predicate);
    let policy = Policy {
        kind: PolicyKind::Permissive,
        command,
        roles: [role("authenticated")].into(),
        using,
        with_check,
    };
    tables[0].table.policies.insert(id("p"), policy);
    tables
}

fn resolved(tables: Vec<DeclaredTable>) -> Resolved {
    resolve(tables, &Settings::new(Provider::Neon)).unwrap()
}

/// `table (columns)` for each index of the compiled schema.
fn indexes(resolved: &Resolved) -> Vec<String> {
    let tables = resolved.schema.tables.values();
    tables
        .flat_map(|table| table.indexes.iter())
        .map(|(name, index)| {
            let columns = index.plain_columns().unwrap();
            let columns: Vec<_> = columns.iter().map(Ident::as_str).collect();
            format!("{name} ({})", columns.join(", "))
        })
        .collect()
}

#[test]
fn indexes_follow_from_policies_and_choose_the_form() {
    let read = resolved(with_policy(Command::Select, membership()));
    assert_eq!(
        indexes(&read),
        ["docs_team_id_idx (team_id)", "members_user_id_team_id_idx (user_id, team_id)"]
    );
    assert!(read.schema.to_sql().contains("team_id = ANY (ARRAY("));
    let insert = resolved(with_policy(Command::Insert, membership()));
    assert_eq!(indexes(&insert), ["members_user_id_team_id_idx (user_id, team_id)"]);
    let alternatives =
        or([Expr::owned_by("owner"), and([eq(c("status"), claim("s")), n_is("1")]), c("flag")]);
    let own = resolved(with_policy(Command::Select, alternatives));
    assert_eq!(indexes(&own), ["docs_owner_idx (owner)", "docs_status_n_idx (status, n)"]);
}

#[test]
fn an_index_that_is_there_is_not_made_again() {
    let mut tables = with_policy(Command::Select, membership());
    tables[0].table.primary_key =
        Some(PrimaryKey::new(id("docs_pkey"), vec![id("team_id"), id("id")]));
    let unique = Unique::new(vec![id("user_id")]);
    tables[1].table.uniques.insert(id("members_user_id_key"), unique);
    let resolved = resolved(tables);
    assert!(indexes(&resolved).is_empty());
    let needs = &resolved.policies[&table("docs").name][&(id("p"), Gate::Using)].indexes;
    let served: Vec<_> = needs.iter().map(|need| &need.served).collect();
    assert_eq!(served, [&Served::PrimaryKey, &Served::Unique(id("members_user_id_key"))]);
}

#[test]
fn no_index_is_made_where_none_is_wanted_nor_under_a_name_that_is_taken() {
    let mut tables = with_policy(Command::Select, membership());
    tables[0].policy_indexes = false;
    tables[2].table.indexes.insert(id("members_user_id_team_id_idx"), Index::btree(vec![id("id")]));
    let resolved = resolved(tables);
    assert_eq!(
        indexes(&resolved),
        ["members_user_id_team_id_idx2 (user_id, team_id)", "members_user_id_team_id_idx (id)"]
    );
    let needs = &resolved.policies[&table("docs").name][&(id("p"), Gate::Using)].indexes;
    assert_eq!(needs[0].served, Served::Missing);
    assert!(resolved.schema.to_sql().contains("team_id IN (SELECT"));
}

#[test]
fn an_update_asks_the_same_of_both_rows_in_the_same_words() {
    let mut tables = with_policy(Command::Update, membership());
    let policy = tables[0].table.policies.get_mut(&id("p")).unwrap();
    policy.with_check = policy.using.clone();
    let schema = resolved(tables).schema;
    let policy = &schema.tables[&table("docs").name].policies[&id("p")];
    assert_eq!(policy.using, policy.with_check);
}
