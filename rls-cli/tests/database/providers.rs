//! Each provider end to end, on its stand-in.

use serde_json::json;

use crate::query;
use crate::support::{Live, NEON, TODOS};

const UUIDS: [&str; 2] =
    ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];

/// Two owners by uuid, a visitor who reads what is public, and a claim.
#[track_caller]
fn owners_by_uuid(config: &str, user: &str, visitor: &str) {
    let schema = format!(
        "#[derive(Table)]\n#[rls(\n    crud_policy(role = {user}, read = auth_uid(owner) || is_public, modify = auth_uid(owner), \
         delete = auth_uid(owner) && claim(\"plan\") == \"paid\"),\n    crud_policy(role = {visitor}, read = is_public),\n)]\n\
         pub struct Note {{\n    #[rls(primary_key, default = sql(\"gen_random_uuid()\"))]\n    pub id: Uuid,\n    \
         #[rls(default = auth_uid(), index)]\n    pub owner: Uuid,\n    #[rls(default = false)]\n    pub is_public: bool,\n}}\n"
    );
    let live = Live::new(config, &schema);
    live.apply(&[]).exits(0);
    live.assert_in_sync();
    let as_owner = |sub| ["query", "--role", user, "--sub", sub];
    let as_visitor = ["query", "--role", visitor];
    let insert = query(
        &live,
        &[&as_owner(UUIDS[0])[..], &["--commit"]].concat(),
        "insert into note default values returning owner",
    );
    assert_eq!(insert["rows"], json!([{ "owner": UUIDS[0] }]));
    let count = |visitor: &[&str]| {
        query(&live, visitor, "select count(*) as n from note")["rows"][0]["n"].clone()
    };
    assert_eq!(
        [count(&as_owner(UUIDS[0])), count(&as_owner(UUIDS[1])), count(&as_visitor)],
        [1, 0, 0]
    );
    let publish = query(
        &live,
        &[&as_owner(UUIDS[0])[..], &["--commit"]].concat(),
        "update note set is_public = true",
    );
    assert_eq!(publish["affected"], json!(1));
    assert_eq!([count(&as_owner(UUIDS[1])), count(&as_visitor)], [1, 1]);
    live.run(&[&as_visitor[..], &["delete from note"]].concat()).exits(1).says("permission denied");
    live.run(
        &[&as_owner(UUIDS[0])[..], &[&format!("update note set owner = '{}'", UUIDS[1])]].concat(),
    )
    .exits(1)
    .says("row-level security");
    let delete = |plan: &str| {
        let claims = json!({ "sub": UUIDS[0], "plan": plan }).to_string();
        query(&live, &["query", "--role", user, "--claims", &claims], "delete from note")["affected"].clone()
    };
    assert_eq!([delete("free"), delete("paid")], [0, 1]);
}

#[test]
fn neon_end_to_end() {
    owners_by_uuid(NEON, "authenticated", "anonymous");
}

#[test]
fn supabase_end_to_end() {
    owners_by_uuid("provider = \"supabase\"\n", "authenticated", "anon");
}

#[test]
fn plain_postgres_end_to_end() {
    owners_by_uuid("provider = \"postgres\"\nroles = [\"member\", \"guest\"]\n", "member", "guest");
}

#[test]
fn a_table_of_the_provider_can_be_referenced() {
    let schema = "#[derive(Table)]\n#[rls(crud_policy(role = authenticated, read = auth_uid(id), modify = auth_uid(id)))]\n\
        pub struct Profile {\n    #[rls(primary_key, references(auth.users(id), on_delete = cascade))]\n    pub id: Uuid,\n}\n";
    let live = Live::new("provider = \"supabase\"\n", schema);
    live.run(&["diff", "--install-stand-in"]).exits(2);
    live.sql("create table auth.users (id uuid primary key)");
    live.run(&["apply"]).exits(0).says("auth.users");
    live.assert_in_sync();
}

#[test]
fn grants_of_a_schema_are_those_of_the_guide() {
    let live = Live::new("provider = \"neon\"\ngrants = \"schema\"\n", TODOS);
    let applied = live.apply(&[]).exits(0).out;
    let applied = applied.split_whitespace().collect::<Vec<_>>().join(" ");
    for role in ["authenticated", "anonymous"] {
        let rows = "GRANT SELECT, INSERT, UPDATE, DELETE ON";
        for statement in [
            format!("{rows} ALL TABLES IN SCHEMA public TO {role};"),
            format!("ALTER DEFAULT PRIVILEGES IN SCHEMA public {rows} TABLES TO {role};"),
        ] {
            assert!(applied.contains(&statement), "{statement}: {applied}");
        }
    }
    // Everybody may use `public` already where it is what the server made it.
    live.run(&["sql"])
        .exits(0)
        .says("GRANT USAGE ON SCHEMA public TO authenticated;")
        .says("GRANT USAGE ON SCHEMA public TO anonymous;");
    live.assert_in_sync();
    live.apply(&[]).exits(0).says("Nothing to do");
    live.sql("create table later (id int); alter table later enable row level security");
    let may = |role: &str, privilege: &str, table: &str| {
        live.value(&format!("select has_table_privilege('{role}', '{table}', '{privilege}')"))
    };
    for table in ["todos", "later"] {
        for role in ["authenticated", "anonymous"] {
            for privilege in ["select", "insert", "update", "delete"] {
                assert_eq!(may(role, privilege, table), "t", "{role} {privilege} {table}");
            }
            assert_eq!(may(role, "truncate", table), "f", "{role} {table}");
        }
    }
    live.assert_in_sync();
    // Back to what policies allow, and there again.
    live.project.write("rls.toml", NEON);
    live.apply(&["--allow", "narrows-access"]).exits(0);
    live.assert_in_sync();
    assert_eq!(
        [may("anonymous", "select", "todos"), may("authenticated", "select", "todos")],
        ["f", "t"]
    );
    live.project.write("rls.toml", "provider = \"neon\"\ngrants = \"schema\"\n");
    live.run(&["apply", "--allow", "widens-access"]).exits(0);
    live.assert_in_sync();
}
