//! Owners that the declaration names, by an ordinary role that is a member of them.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use rls_core::apply::{apply, compare};
use rls_core::diff::Change;
use rls_core::drift::drift;
use rls_core::model::*;
use rls_core::plan::{HazardKind, from_nothing};
use rls_core::resolve::{Declared, resolve};
use rls_core::{DeclaredSchema, Settings};
use support::owner::{converge, owned, text};
use support::*;

fn named(name: &str) -> QualifiedName {
    QualifiedName::new(id("public"), id(name))
}

fn function(name: &str, returns: Returns, body: &str) -> DeclaredFunction {
    let function = Function {
        name: named(name),
        arguments: vec![Argument::named(id("a"), PgType::parse("integer").unwrap())],
        returns,
        attributes: Attributes::default(),
        body: Body::Text(body.to_owned()),
    };
    DeclaredFunction { function, owner: None, grants: vec![], comment: None, allowed: vec![] }
}

fn types() -> Vec<DeclaredType> {
    let domain = Domain {
        base: PgType::parse("text").unwrap(),
        collation: None,
        not_null: false,
        default: None,
        checks: [].into(),
    };
    let attributes =
        vec![Attribute { name: id("a"), ty: PgType::parse("text").unwrap(), collation: None }];
    let forms = [
        ("ours_mood", TypeForm::Enum(EnumType { values: vec!["well".to_owned()] })),
        ("ours_word", TypeForm::Domain(domain)),
        ("ours_pair", TypeForm::Composite(Composite { attributes })),
    ];
    let declared = |(name, form)| {
        let ty = UserType { name: named(name), form };
        DeclaredType { ty, owner: None, comments: [].into(), renames: Default::default() }
    };
    forms.into_iter().map(declared).collect()
}

fn sequence(name: &str, owner: Option<SequenceOwner>) -> DeclaredSequence {
    let sequence = Sequence {
        name: named(name),
        ty: PgType::parse("bigint").unwrap(),
        options: SequenceOptions::default(),
        owner,
    };
    DeclaredSequence { sequence, comment: None, owner: None, grants: Vec::new() }
}

fn view(name: &str, kind: ViewKind) -> DeclaredView {
    let view = View::new(named(name), Sql::new("SELECT id FROM public.ours"));
    DeclaredView {
        view: View { kind, security_invoker: false, ..view },
        owner: None,
        grants: vec![],
        comments: [].into(),
        allowed: vec![],
    }
}

/// A table with a policy and a partition.
fn ours() -> DeclaredTable {
    let mut ours = table("ours");
    ours.columns = vec![column("id", "integer"), column("n", "bigint")];
    let reads = policy(Command::Select, &[role("reader")], Some("id > 0"), None);
    ours.policies.insert(id("reads"), reads);
    let one = Partition {
        name: named("ours_rest"),
        bound: PartitionBound::Default,
        partitioning: None,
        row_security: RowSecurity::Enabled,
    };
    ours.partitioning = Some(Partitioning {
        strategy: PartitionStrategy::Range,
        keys: vec![IndexKey::column(id("id"))],
        partitions: [(one.name.clone(), one)].into(),
        keep_undeclared: false,
    });
    DeclaredTable::from(ours)
}

/// One thing of every kind.
fn everything() -> Declared {
    let returns = Returns::Value(PgType::parse("integer").unwrap());
    let of_column = SequenceOwner { table: named("ours"), column: id("n") };
    Declared {
        tables: vec![ours()],
        sequences: vec![sequence("ours_numbers", None), sequence("ours_n", Some(of_column))],
        types: types(),
        functions: vec![
            function("ours_plus", returns, "SELECT a + 1"),
            function("ours_act", Returns::Procedure, "SELECT a"),
        ],
        views: vec![view("ours_seen", ViewKind::Plain), view("ours_kept", ViewKind::Materialized)],
    }
}

/// All of it, and a schema, which belong to that role, or to whoever makes them.
fn compiled(declared: Declared, owner: Option<&str>) -> Schema {
    let schema = DeclaredSchema { owner: owner.map(id), comment: None };
    let settings = Settings {
        owner: owner.map(id),
        schemas: [(id("ours"), schema)].into(),
        ..plain(&["reader"])
    };
    resolve(declared, &settings).unwrap().schema
}

fn declared(owner: Option<&str>) -> Schema {
    compiled(everything(), owner)
}

const OWNERS: &str = "SELECT string_agg(name || ' ' || owner::regrole, ', ' ORDER BY name) FROM (
    SELECT relname::text, relowner FROM pg_class WHERE relname ~ '^ours' AND relkind <> 'c'
    UNION ALL SELECT typname, typowner FROM pg_type WHERE typname IN ('ours_mood', 'ours_word', 'ours_pair')
    UNION ALL SELECT proname, proowner FROM pg_proc WHERE proname ~ '^ours'
    UNION ALL SELECT 'schema ' || nspname, nspowner FROM pg_namespace WHERE nspname = 'ours') AS found (name, owner)";

/// What that query says where everything belongs to one.
fn all_of(owner: &str) -> String {
    let names = [
        "ours",
        "ours_act",
        "ours_kept",
        "ours_mood",
        "ours_n",
        "ours_numbers",
        "ours_pair",
        "ours_plus",
        "ours_rest",
        "ours_seen",
        "ours_word",
        "schema ours",
    ];
    names.map(|name| format!("{name} {owner}")).join(", ")
}

/// A database, and a role in it that its owner is a member of.
async fn with_role(name: &str, keeper: &str, member: bool) -> (Database, String) {
    let client = owned(name).await;
    let owner = text(&client, "SELECT current_user").await;
    client.batch_execute("RESET ROLE").await.unwrap();
    create_role(&client, keeper).await;
    let membership = if member {
        format!("GRANT {keeper} TO {owner}")
    } else {
        format!("REVOKE {keeper} FROM {owner}")
    };
    let grants = format!("GRANT CREATE, USAGE ON SCHEMA public TO {keeper}; {membership}");
    client.batch_execute(&grants).await.unwrap();
    client.batch_execute(&format!("SET ROLE {owner}")).await.unwrap();
    (client, owner)
}

#[tokio::test]
async fn things_are_made_for_their_owner_and_given_to_it() {
    let (mut client, owner) = with_role("owners_made", "owners_keeper", true).await;
    converge(&mut client, &declared(Some("owners_keeper"))).await;
    assert_eq!(text(&client, OWNERS).await, all_of("owners_keeper"));
    assert_eq!(
        text(&client, "SELECT has_table_privilege('reader', 'ours', 'SELECT')").await,
        "true"
    );
    // Where nobody says so, owners stay.
    assert!(compare(&mut client, &declared(None)).await.unwrap().plan.is_empty());
    converge(&mut client, &declared(Some(&owner))).await;
    assert_eq!(text(&client, OWNERS).await, all_of(&owner));
    converge(&mut client, &declared(Some("owners_keeper"))).await;
    assert_eq!(text(&client, OWNERS).await, all_of("owners_keeper"));
}

#[tokio::test]
async fn each_kind_of_thing_that_changed_hands_is_found_and_needs_leave_to_be_mended() {
    let (mut client, owner) = with_role("owners_found", "owners_finder", true).await;
    let desired = declared(Some("owners_finder"));
    converge(&mut client, &desired).await;
    for (hand_over, object) in [
        ("ALTER TABLE public.ours", "public.ours"),
        ("ALTER TABLE public.ours_rest", "public.ours_rest"),
        ("ALTER TABLE public.ours_numbers", "public.ours_numbers"),
        ("ALTER TABLE public.ours_seen", "public.ours_seen"),
        ("ALTER TABLE public.ours_kept", "public.ours_kept"),
        ("ALTER TYPE public.ours_mood", "the type public.ours_mood"),
        ("ALTER TYPE public.ours_word", "the type public.ours_word"),
        ("ALTER TYPE public.ours_pair", "the type public.ours_pair"),
        ("ALTER ROUTINE public.ours_plus(integer)", "the function public.ours_plus(integer)"),
        ("ALTER ROUTINE public.ours_act(integer)", "the function public.ours_act(integer)"),
        ("ALTER SCHEMA ours", "the schema ours"),
    ] {
        client.batch_execute(&format!("{hand_over} OWNER TO {owner}")).await.unwrap();
        let found = drift(&mut client, &desired).await.unwrap().findings;
        let [finding] = found.as_slice() else { panic!("{object}: {found:?}") };
        assert_eq!(finding.kind.to_string(), "owner-changed");
        assert_eq!((finding.object.as_str(), finding.widens), (object, true));
        assert_eq!(finding.database.as_deref(), Some(owner.as_str()));
        let plan = compare(&mut client, &desired).await.unwrap().plan;
        assert_eq!(plan.to_sql(), format!("{hand_over} OWNER TO owners_finder;\n"));
        assert_eq!(plan.steps[0].hazards[0].kind, HazardKind::WidensAccess);
        apply(&mut client, &desired, &[], &mut |_, _, _| {}).await.unwrap_err();
        converge(&mut client, &desired).await;
    }
}

#[tokio::test]
async fn a_struct_says_otherwise_than_rls_toml() {
    let (mut client, owner) = with_role("owners_own", "owners_other", true).await;
    let mut of_structs = everything();
    let other = || Some(id("owners_other"));
    of_structs.tables[0].owner = other();
    of_structs.sequences[0].owner = other();
    of_structs.types[1].owner = other();
    of_structs.functions[1].owner = other();
    of_structs.views[1].owner = other();
    converge(&mut client, &compiled(of_structs, Some(&owner))).await;
    let found = text(&client, OWNERS).await;
    let others: Vec<_> = found.split(", ").filter(|line| line.ends_with(" owners_other")).collect();
    assert_eq!(
        others.join(", ").replace(" owners_other", ""),
        "ours, ours_act, ours_kept, ours_n, ours_numbers, ours_rest, ours_word"
    );
}

#[tokio::test]
async fn whoever_is_no_member_is_told() {
    let (mut client, _) = with_role("owners_refused", "owners_stranger", false).await;
    let desired = declared(Some("owners_stranger"));
    let refused = apply(&mut client, &desired, &HazardKind::ALL, &mut |_, _, _| {}).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("has to be a member of the new owner"), "{refused}");
    assert_eq!(text(&client, OWNERS).await, "");
}

#[tokio::test]
async fn since_16_a_member_may_have_to_be_one_that_can_become_the_owner() {
    let (mut client, owner) = with_role("owners_set", "owners_unset", true).await;
    let version = text(&client, "SELECT current_setting('server_version_num')").await;
    if version.parse::<u32>().unwrap() < 160_000 {
        return;
    }
    let member = |option: &str| {
        format!("RESET ROLE; GRANT owners_unset TO {owner} WITH SET {option}; SET ROLE {owner}")
    };
    client.batch_execute(&member("FALSE")).await.unwrap();
    let desired = declared(Some("owners_unset"));
    let refused = apply(&mut client, &desired, &HazardKind::ALL, &mut |_, _, _| {}).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("may SET ROLE to it"), "{refused}");
    assert_eq!(text(&client, OWNERS).await, "");
    client.batch_execute(&member("TRUE")).await.unwrap();
    converge(&mut client, &desired).await;
}

#[tokio::test]
async fn an_owner_that_the_server_does_not_have_is_missing() {
    let mut client = owned("owners_missing").await;
    let live = compare(&mut client, &declared(Some("owners_nobody"))).await.unwrap().live;
    assert_eq!(live.missing_roles, [id("owners_nobody")].into());
}

/// A thing that belongs to somebody else, and whose owner nobody declares.
#[tokio::test]
async fn what_is_made_anew_goes_back_to_whom_it_belonged() {
    let (mut client, owner) = with_role("owners_anew", "owners_before", true).await;
    converge(&mut client, &declared(Some("owners_before"))).await;
    let mut changed = everything();
    let spread = changed.tables[0].table.partitioning.as_mut().unwrap();
    spread.keys = vec![IndexKey::column(id("n"))];
    changed.types = types();
    changed.types[0].ty.form = TypeForm::Enum(EnumType { values: vec!["unwell".to_owned()] });
    changed.functions[0].function.returns = Returns::Value(PgType::parse("bigint").unwrap());
    let anew = compiled(changed, None);
    let plan = converge(&mut client, &anew).await;
    let made = plan.steps.iter().filter(|step| matches!(step.change, Change::CreateTable { .. }));
    assert_eq!(made.count(), 1);
    assert_eq!(text(&client, OWNERS).await, all_of("owners_before"));
    // What is new is nobody else's.
    client.batch_execute("DROP TABLE ours CASCADE").await.unwrap();
    converge(&mut client, &anew).await;
    assert!(text(&client, OWNERS).await.contains(&format!("ours {owner}")));
}

#[tokio::test]
async fn a_sequence_of_a_column_goes_to_whom_the_table_belongs() {
    let (mut client, _) = with_role("owners_serial", "owners_tables", true).await;
    let without = Declared { sequences: vec![], ..everything() };
    converge(&mut client, &compiled(without, Some("owners_tables"))).await;
    for owner in [None, Some("owners_tables")] {
        converge(&mut client, &declared(owner)).await;
        let of = "SELECT relowner::regrole FROM pg_class WHERE relname = 'ours_n'";
        assert_eq!(text(&client, of).await, "owners_tables");
        client.batch_execute("DROP SEQUENCE ours_n").await.unwrap();
    }
}

/// `docs`, whose policy looks past the policies of `members`.
fn looks_past(owners: [Option<&str>; 2]) -> Declared {
    let lookup = Expr::Exists {
        table: "members".to_owned(),
        alias: "m".to_owned(),
        filter: Box::new(Expr::Column(ColumnRef { up: 0, field: "active".to_owned() })),
    };
    let mut members = table("members");
    members.columns = vec![column("id", "integer"), column("active", "boolean")];
    let mut docs = table("docs");
    docs.columns = vec![column("id", "integer")];
    let reads = policy(Command::Select, &[role("reader")], None, None);
    let reads = Policy { using: Some(Expr::Definer(Box::new(lookup))), ..reads };
    docs.policies.insert(id("reads"), reads);
    let tables = [docs, members]
        .into_iter()
        .zip(owners)
        .map(|(table, owner)| DeclaredTable { owner: owner.map(id), ..DeclaredTable::from(table) });
    Declared { tables: tables.collect(), ..Declared::default() }
}

const LOOKUP: &str = "SELECT string_agg(DISTINCT owner::regrole::text, ', ') FROM (
    SELECT proowner FROM pg_proc WHERE pronamespace = 'rls_private'::regnamespace
    UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = 'rls_private') AS found (owner)";

#[tokio::test]
async fn a_lookup_past_policies_belongs_to_whom_the_table_does() {
    let (mut client, owner) = with_role("owners_lookup", "owners_members", true).await;
    let settings = plain(&["reader", "owners_members"]);
    let of = |owners| resolve(looks_past(owners), &settings).unwrap().schema;
    converge(&mut client, &of([None, Some("owners_members")])).await;
    assert_eq!(text(&client, LOOKUP).await, "owners_members");
    client
        .batch_execute("INSERT INTO members VALUES (1, true); INSERT INTO docs VALUES (1)")
        .await
        .unwrap();
    client.batch_execute("RESET ROLE; SET ROLE reader").await.unwrap();
    assert_eq!(text(&client, "SELECT count(*) FROM docs").await, "1");
    client.batch_execute(&format!("RESET ROLE; SET ROLE {owner}")).await.unwrap();
    converge(&mut client, &of([None, Some(&owner)])).await;
    assert_eq!(text(&client, LOOKUP).await, owner);
}

#[test]
fn a_lookup_past_policies_is_of_tables_of_one_owner() {
    let Declared { mut tables, .. } = looks_past([None, None]);
    let mut teams = table("teams");
    teams.columns = vec![column("id", "integer")];
    tables.push(DeclaredTable { owner: Some(id("somebody")), ..DeclaredTable::from(teams) });
    let inner = Expr::Exists {
        table: "teams".to_owned(),
        alias: "t".to_owned(),
        filter: Box::new(Expr::bool(true)),
    };
    let reads = tables[0].table.policies.values_mut().next().unwrap();
    let Some(Expr::Definer(outer)) = &mut reads.using else { panic!("{reads:?}") };
    let Expr::Exists { filter, .. } = &mut **outer else { panic!("{outer:?}") };
    **filter = inner;
    let refused = resolve(tables, &plain(&["reader"])).unwrap_err().to_string();
    assert!(refused.contains("as one role, and they belong to several"), "{refused}");
}

#[test]
fn owners_stand_in_snapshots_as_they_did() {
    let schema = declared(Some("keeper"));
    let json = serde_json::to_value(&schema).unwrap();
    let before = serde_json::json!({
        "relation": { "schema": "public", "name": "ours" },
        "owner": "keeper",
    });
    assert!(json["owners"].as_array().unwrap().contains(&before), "{json:#}");
    assert_eq!(serde_json::from_value::<Schema>(json).unwrap(), schema);
    assert!(from_nothing(&schema).to_sql().contains("ALTER ROUTINE public.ours_act(integer)"));
}

/// Whoever applies may be among those whose privileges are governed.
#[tokio::test]
async fn an_owner_whose_privileges_are_governed_keeps_what_owners_have() {
    let mut client = owned("owners_governed").await;
    let owner = text(&client, "SELECT current_user").await;
    let mut nodes = table("nodes");
    let parent = Column { nullable: true, ..column("parent", "integer") };
    nodes.columns = vec![column("id", "integer"), parent];
    nodes.primary_key = Some(PrimaryKey::new(id("nodes_pkey"), vec![id("id")]));
    let target = QualifiedName::new(id("public"), id("nodes"));
    let key = ForeignKey::new(vec![id("parent")], target, vec![id("id")]);
    nodes.foreign_keys.insert(id("nodes_parent_fkey"), key);
    nodes
        .policies
        .insert(id("own"), policy(Command::Select, &[role(&owner)], Some("id > 0"), None));
    converge(&mut client, &schema([nodes], &plain(&[&owner]))).await;
    client.batch_execute("INSERT INTO nodes VALUES (1, NULL), (2, 1)").await.unwrap();
}
