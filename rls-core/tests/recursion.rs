//! Policies that read in a circle: what the compiler says of a schema is what Postgres does with it.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use rls_core::Settings;
use rls_core::model::*;
use rls_core::policy::compile::Site;
use rls_core::policy::link::{self, Others, Shape};
use rls_core::policy::optimize::{Context, Gate, Leading, optimize};
use rls_core::render;
use rls_core::resolve::{Part, resolve};
use support::{column, database, id, plain, role, table};
use tokio_postgres::Client;

/// A policy by hand: table, command, kind, role, predicate.
type Rule = (&'static str, Command, PolicyKind, &'static str, Expr);

const ROLES: [&str; 2] = ["circle_a", "circle_b"];
const TABLES: [&str; 3] = ["members", "projects", "teams"];
use Command::{All, Delete, Insert, Select, Update};
use PolicyKind::{Permissive, Restrictive};

fn settings() -> Settings {
    plain(&ROLES)
}

fn mine() -> Expr {
    Expr::owned_by("user_id")
}

/// `exists(table, |row| row.team_id == team_id && filter)`
fn exists_and(table: &str, filter: Option<Expr>) -> Expr {
    let outer = Expr::Column(ColumnRef { up: 1, field: "team_id".to_owned() });
    let same = Expr::compare(CompareOp::Eq, Expr::column("team_id"), outer);
    let filter = match filter {
        Some(filter) => Expr::And(vec![same, filter]),
        None => same,
    };
    Expr::Exists { table: table.to_owned(), alias: "row".to_owned(), filter: Box::new(filter) }
}

fn exists(table: &str) -> Expr {
    exists_and(table, None)
}

fn sql(text: &str) -> Expr {
    Expr::Sql(text.to_owned())
}

fn declared(rules: &[Rule]) -> Vec<DeclaredTable> {
    TABLES
        .iter()
        .map(|name| {
            let mut table = table(name);
            table.columns = vec![column("team_id", "integer"), column("user_id", "text")];
            let own = rules.iter().filter(|(table, ..)| table == name).enumerate();
            for (at, (_, command, kind, to, predicate)) in own {
                let using = (*command != Insert).then(|| predicate.clone());
                let with_check = [All, Insert, Update].contains(command).then(|| predicate.clone());
                let to = if *to == "public" { Grantee::Public } else { role(to) };
                let roles = [to].into();
                let policy = Policy { kind: *kind, command: *command, roles, using, with_check };
                table.policies.insert(id(&format!("p{at}")), policy);
            }
            DeclaredTable::from(table)
        })
        .collect()
}

/// The policies as the compiler would write them if it did not look for circles.
fn unchecked(tables: &[DeclaredTable]) -> String {
    let shapes: Vec<_> = tables.iter().map(Shape::from).collect();
    let mut script = String::new();
    for declared in tables {
        let full = render::qualified(&declared.table.name);
        let columns = "team_id integer, user_id text";
        script += &format!(
            "CREATE TABLE {full} ({columns}); ALTER TABLE {full} ENABLE ROW LEVEL SECURITY;\n"
        );
    }
    for (declared, shape) in tables.iter().zip(&shapes) {
        let name = &declared.table.name;
        let full = render::qualified(name);
        for (policy_name, policy) in &declared.table.policies {
            let text = |gate, expr: &Expr| {
                let (term, problems) = link::predicate(expr, shape, Others::All(&shapes));
                assert!(problems.is_empty(), "{problems:?}");
                let leading = Leading::new();
                let context = Context { gate, table: name, leading: &leading, subqueries: true };
                let term = optimize(term, &context).0;
                render::term(&term, Some(name), settings().provider).as_str().to_owned()
            };
            let using =
                policy.using.iter().map(|expr| format!(" USING ({})", text(Gate::Using, expr)));
            let check = policy
                .with_check
                .iter()
                .map(|expr| format!(" WITH CHECK ({})", text(Gate::Check, expr)));
            let kind = format!("{:?}", policy.kind).to_uppercase();
            let command = format!("{:?}", policy.command).to_uppercase();
            let to = policy.roles.first().unwrap().as_str();
            script += &format!(
                "CREATE POLICY {policy_name} ON {full} AS {kind} FOR {command} TO {to}{};\n",
                using.chain(check).collect::<String>()
            );
        }
    }
    script
}

/// Whether some statement of some role ends in 42P17.
async fn recurses(client: &Client, script: &str) -> bool {
    client.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public;").await.unwrap();
    client.batch_execute(script).await.unwrap_or_else(|error| panic!("{error:?}\n{script}"));
    let mut found = false;
    for role in ROLES {
        client.batch_execute(&format!("GRANT USAGE ON SCHEMA public TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; BEGIN; SET LOCAL ROLE {role}")).await.unwrap();
        for table in TABLES {
            for statement in [
                format!("SELECT * FROM {table}"),
                format!("INSERT INTO {table} VALUES (1, 'a')"),
                format!("UPDATE {table} SET user_id = 'b' WHERE team_id = 1"),
                format!("DELETE FROM {table} WHERE team_id = 1"),
            ] {
                client.batch_execute("SAVEPOINT s").await.unwrap();
                if let Err(error) = client.batch_execute(&statement).await {
                    let code = error.code().unwrap().code();
                    assert!(["42P17", "42501"].contains(&code), "{error:?}");
                    found |= code == "42P17";
                }
                client.batch_execute("ROLLBACK TO s").await.unwrap();
            }
        }
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    found
}

fn cases() -> Vec<(&'static str, bool, Vec<Rule>)> {
    let [a, b] = ROLES;
    vec![
        (
            "a lookup in another table",
            false,
            vec![
                ("teams", All, Permissive, a, exists("members")),
                ("members", Select, Permissive, a, mine()),
            ],
        ),
        ("reading oneself", true, vec![("members", Select, Permissive, a, exists("members"))]),
        (
            "two tables",
            true,
            vec![
                ("teams", Select, Permissive, a, exists("members")),
                ("members", Select, Permissive, a, exists("teams")),
            ],
        ),
        (
            "three tables",
            true,
            vec![
                ("teams", Select, Permissive, a, exists("members")),
                ("members", Select, Permissive, a, exists("projects")),
                ("projects", Select, Permissive, a, exists("teams")),
            ],
        ),
        (
            "a new row is held to the table, which is read without subqueries",
            false,
            vec![
                ("members", Insert, Permissive, a, exists_and("members", Some(mine()))),
                ("members", Select, Permissive, a, sql("user_id = 'a'")),
            ],
        ),
        (
            "so it is where only the optimizer would have made one",
            false,
            vec![
                ("members", Insert, Permissive, a, exists_and("members", Some(mine()))),
                ("members", Select, Permissive, a, mine()),
            ],
        ),
        (
            "a new row is held to the table, which is read with a lookup",
            true,
            vec![
                ("members", Insert, Permissive, a, exists("members")),
                ("members", Select, Permissive, a, exists("teams")),
            ],
        ),
        (
            "the table has no policy for reading",
            false,
            vec![("members", Insert, Permissive, a, exists("members"))],
        ),
        (
            "two roles, half a circle each",
            false,
            vec![
                ("teams", Select, Permissive, a, exists("members")),
                ("members", Select, Permissive, b, exists("teams")),
            ],
        ),
        (
            "half of it for everyone",
            true,
            vec![
                ("teams", Select, Permissive, a, exists("members")),
                ("members", Select, Permissive, "public", exists("teams")),
            ],
        ),
        (
            "a restrictive policy closes it",
            true,
            vec![
                ("members", Select, Permissive, a, mine()),
                ("members", Select, Restrictive, a, exists("members")),
            ],
        ),
        (
            "a restrictive policy with nothing to narrow",
            false,
            vec![("members", Select, Restrictive, a, exists("members"))],
        ),
        (
            "removing reads a table that reads back",
            true,
            vec![
                ("members", Delete, Permissive, a, exists("teams")),
                ("members", Select, Permissive, a, sql("user_id = (SELECT 'a')")),
                ("teams", Select, Permissive, a, exists("members")),
            ],
        ),
        (
            "changing is no reading",
            false,
            vec![
                ("members", Update, Permissive, a, exists("teams")),
                ("members", Select, Permissive, a, sql("user_id = 'a'")),
                ("teams", Select, Permissive, a, exists("members")),
            ],
        ),
        (
            "one policy for all commands reads its own table",
            true,
            vec![("members", All, Permissive, a, exists("members"))],
        ),
        (
            "SQL by hand",
            true,
            vec![
                (
                    "members",
                    Select,
                    Permissive,
                    a,
                    sql("team_id IN (SELECT t.team_id FROM projects p, ONLY teams t)"),
                ),
                (
                    "teams",
                    Select,
                    Permissive,
                    a,
                    sql(
                        "user_id IS DISTINCT FROM 'a' AND EXISTS (SELECT FROM projects JOIN \"members\" ON true)",
                    ),
                ),
            ],
        ),
        (
            "FROM that names no table",
            false,
            vec![(
                "members",
                Select,
                Permissive,
                a,
                sql(
                    "substring(user_id from 1) = 'members' AND (SELECT extract(year from now())) > 1",
                ),
            )],
        ),
        (
            "a circle behind a way in",
            true,
            vec![
                ("projects", Select, Permissive, a, exists("teams")),
                ("teams", Select, Permissive, a, exists("members")),
                ("members", Select, Permissive, a, exists("teams")),
            ],
        ),
    ]
}

#[tokio::test]
async fn the_verdict_is_that_of_postgres() {
    let client = database("recursion").await;
    client.batch_execute(&render::stand_in_roles(&settings())).await.unwrap();
    for (name, circular, rules) in cases() {
        let tables = declared(&rules);
        let resolved = resolve(tables.clone(), &settings());
        assert_eq!(resolved.is_err(), circular, "{name}: {resolved:?}");
        let script = match resolved {
            Ok(resolved) => resolved.schema.to_sql(),
            Err(_) => unchecked(&tables),
        };
        assert_eq!(recurses(&client, &script).await, circular, "{name}\n{script}");
    }
}

#[test]
fn the_message_names_the_circle_and_points_at_the_lookup() {
    let both = Expr::And(vec![mine(), exists("teams")]);
    let rules = [
        ("members", Select, Permissive, ROLES[0], both),
        ("teams", Select, Permissive, ROLES[0], exists("members")),
    ];
    let errors = resolve(declared(&rules), &settings()).unwrap_err();
    let [error] = errors.0.as_slice() else { panic!("{errors}") };
    assert_eq!(error.part, Part::Expr(Site::Policy(id("p0"), Gate::Using), 4));
    assert!(error.message.contains("members → teams → members"), "{error:?}");
    assert!(error.message.contains("`circle_a`"), "{error:?}");
    assert!(error.help.as_ref().unwrap().contains("definer(exists(..))"), "{error:?}");
}

/// What a table says it knows is compiled as it stands, and told.
#[test]
fn a_circle_that_is_known_is_no_error() {
    let rules = [
        ("members", Select, Permissive, ROLES[0], exists("teams")),
        ("teams", Select, Permissive, ROLES[0], exists("members")),
    ];
    let mut declared = declared(&rules);
    let knows = |declared: &mut Vec<DeclaredTable>, at: usize| {
        let reason = "it is going to be mended".to_owned();
        declared[at].allowed.push(AllowedLint { lint: "policy_recursion".to_owned(), reason });
    };
    let refused = resolve(declared.clone(), &settings()).unwrap_err();
    let at = |name: &QualifiedName| declared.iter().position(|it| it.table.name == *name).unwrap();
    let (named, other) = (at(&refused.0[0].table), 2 - at(&refused.0[0].table));
    let mut elsewhere = declared.clone();
    knows(&mut elsewhere, other);
    assert_eq!(resolve(elsewhere, &settings()).unwrap_err(), refused);
    knows(&mut declared, named);
    let resolved = resolve(declared, &settings()).unwrap();
    assert_eq!(resolved.circles, refused.0);
    let policies = resolved.schema.tables.values().map(|table| table.policies.len());
    assert_eq!(policies.collect::<Vec<_>>(), [1, 0, 1]);
}

#[test]
fn a_definer_lookup_reads_past_policies() {
    let lookup = Expr::Definer(Box::new(exists("members")));
    let rules = [("members", Select, Permissive, ROLES[0], lookup)];
    assert!(resolve(declared(&rules), &settings()).is_ok());
}
