//! Every lint with a declaration that it is about, and one beside it that is all right.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

use std::collections::{BTreeMap, BTreeSet};

use rls_core::model::{
    AllowedLint, BaseType, Column, Command, CompareOp, DeclaredFunction, DeclaredGrant,
    DeclaredTable, DeclaredView, Expr, Function, Grantee, Ident, Identity, NamedPredicate, PgType,
    Policy, PolicyKind, PrimaryKey, Privilege, QualifiedName, Role, RowSecurity, Sql, Table, View,
    ViewKind,
};
use rls_core::policy::lint::{ALL, Finding, Severity, lint};
use rls_core::resolve::{Declared, Part, resolve};
use rls_core::{Provider, Settings};

/// A declaration, and what is to be said of it.
struct Case {
    lint: &'static str,
    fires: Vec<DeclaredTable>,
    near_miss: Vec<DeclaredTable>,
    provider: Provider,
}

fn case(lint: &'static str, fires: DeclaredTable, near_miss: DeclaredTable) -> Case {
    cases(lint, vec![fires], vec![near_miss])
}

fn cases(lint: &'static str, fires: Vec<DeclaredTable>, near_miss: Vec<DeclaredTable>) -> Case {
    Case { lint, fires, near_miss, provider: Provider::Neon }
}

#[test]
fn each_lint_tells_a_mistake_from_what_only_looks_like_one() {
    let all: Vec<Case> = [access(), rows(), columns(), trust(), performance(), allowing()]
        .into_iter()
        .flatten()
        .collect();
    let mut wrong = Vec::new();
    for (at, Case { lint, fires, near_miss, provider }) in all.iter().enumerate() {
        let found = names(&findings(fires, *provider));
        if !found.contains(lint) {
            wrong.push(format!("case {at}: `{lint}` is not found, but {found:?}"));
        }
        if names(&findings(near_miss, *provider)).contains(lint) {
            wrong.push(format!("case {at}: `{lint}` is found where nothing is wrong"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let elsewhere =
        ["function_search_path_mutable", "security_definer_view", "materialized_view_in_api"];
    let tried: BTreeSet<_> = all.iter().map(|case| case.lint).chain(elsewhere).collect();
    let known: BTreeSet<_> = ALL.iter().map(|lint| lint.name).collect();
    assert_eq!(tried, known, "every lint has its cases");
}

#[test]
fn a_function_that_runs_as_its_owner_looks_names_up_where_it_says_itself() {
    let found = |definer: bool, path: Option<&str>, allowed: &[&str]| {
        let mut function = Function::lookup(
            QualifiedName::new(ident("public"), ident("f")),
            vec![],
            PgType::plain(BaseType::Integer),
            Sql::new("SELECT 1"),
        );
        let path = path.map(|path| ("search_path".to_owned(), vec![path.to_owned()]));
        function.attributes.security_definer = definer;
        function.attributes.settings = path.into_iter().collect();
        let allowed = allowed
            .iter()
            .map(|lint| AllowedLint { lint: (*lint).to_owned(), reason: "it is known".to_owned() });
        let allowed = allowed.collect();
        let function =
            DeclaredFunction { function, owner: None, grants: vec![], comment: None, allowed };
        let declared = Declared { functions: vec![function], ..Declared::default() };
        let settings = Settings::new(Provider::Neon);
        let resolved = resolve(declared, &settings).unwrap();
        let findings = lint(&BTreeMap::new(), &resolved, &settings);
        let told = findings.iter().map(|finding| (finding.lint.name, finding.allowed.is_some()));
        told.collect::<Vec<_>>()
    };
    const LINT: &str = "function_search_path_mutable";
    assert_eq!(found(true, None, &[]), [(LINT, false)]);
    assert_eq!(found(true, Some(""), &[]), []);
    assert_eq!(found(false, None, &[]), []);
    assert_eq!(found(true, None, &[LINT]), [(LINT, true)]);
    assert_eq!(found(false, None, &[LINT]), [("unused_allow", false)]);
    assert_eq!(found(false, None, &["search_path"]), [("unknown_lint", false)]);
}

#[test]
fn a_view_shows_what_the_policies_of_its_tables_do_not() {
    let found = |view: View, granted: bool| {
        let grant = DeclaredGrant {
            roles: [Grantee::Role(ident("authenticated"))].into(),
            privileges: [Privilege::Select].into(),
            columns: [].into(),
            grantable: false,
        };
        let grants = if granted { vec![grant] } else { vec![] };
        let view = DeclaredView { view, owner: None, grants, comments: [].into(), allowed: vec![] };
        let declared = Declared {
            tables: vec![docs(vec![crud(own_row())])],
            views: vec![view],
            ..Declared::default()
        };
        let settings = Settings::new(Provider::Neon);
        let resolved = resolve(declared, &settings).unwrap();
        let findings = lint(&BTreeMap::new(), &resolved, &settings);
        findings.iter().map(|finding| finding.lint.name).collect::<Vec<_>>()
    };
    let view = |query: &str, invoker: bool, kind: ViewKind| {
        let view = View::new(QualifiedName::new(ident("public"), ident("v")), Sql::new(query));
        View { kind, security_invoker: invoker, ..view }
    };
    let (plain, kept) = (ViewKind::Plain, ViewKind::Materialized);
    for query in ["SELECT * FROM public.docs", "SELECT 1 FROM a JOIN docs ON true", "TABLE docs"] {
        assert_eq!(found(view(query, false, plain), true), ["security_definer_view"], "{query}");
        assert_eq!(found(view(query, false, kept), true), ["materialized_view_in_api"], "{query}");
        assert!(found(view(query, true, plain), true).is_empty(), "{query}");
        assert!(found(view(query, false, plain), false).is_empty(), "{query}");
    }
    for query in ["SELECT 1 AS docs", "SELECT * FROM other.docs", "SELECT a, docs FROM other"] {
        assert!(found(view(query, false, plain), true).is_empty(), "{query}");
    }
}

fn access() -> Vec<Case> {
    let own = || docs(vec![crud(own_row())]);
    let off = |policies| {
        let mut docs = docs(policies);
        docs.table.row_security = RowSecurity::Disabled;
        docs
    };
    let staff = |using| policy("staff", Command::Select).using(using);
    let update = || policy("change", Command::Update).using(own_row());
    let insert = || policy("add", Command::Insert).check(own_row());
    let member = || exists("members", and([same_team(), Expr::owned_by("user_id")]));
    let lookup = || docs(vec![policy("read", Command::Select).using(member())]);
    let hidden = || docs(vec![staff(and([own_row(), not(col("is_locked"))])), update()]);
    vec![
        case("rls_disabled_in_public", off(vec![]), own()),
        case("policy_exists_rls_disabled", off(vec![crud(own_row())]), off(vec![])),
        case("rls_enabled_no_policy", docs(vec![]), own()),
        case(
            "restrictive_without_permissive",
            docs(vec![
                crud(own_row()).to("anonymous"),
                crud(own_row()).named("narrow").restrictive(),
            ]),
            docs(vec![crud(own_row()), crud(own_row()).named("narrow").restrictive()]),
        ),
        case(
            "unreachable_policy",
            docs(vec![staff(own_row()), staff(yes()).named("all")]),
            // A role of its own, and one that narrows.
            docs(vec![
                staff(own_row()),
                staff(yes()).named("all").to("anonymous"),
                staff(own_row()).named("narrow").restrictive(),
            ]),
        ),
        case("update_without_select", docs(vec![update()]), docs(vec![update(), staff(own_row())])),
        case("insert_without_select", docs(vec![insert()]), docs(vec![insert(), staff(own_row())])),
        case("update_hides_row", hidden(), only(hidden(), "change", &["title"])),
        case("update_hides_row", hidden(), docs(vec![staff(own_row()), update()])),
        cases(
            "lookup_sees_nothing",
            vec![
                lookup(),
                members(vec![policy("read", Command::Select).using(yes()).to("anonymous")]),
            ],
            vec![lookup(), members(vec![policy("read", Command::Select).using(own_row())])],
        ),
        cases(
            "lookup_sees_nothing",
            vec![lookup(), members(vec![])],
            vec![
                docs(vec![
                    policy("read", Command::Select).using(Expr::Definer(Box::new(member()))),
                ]),
                members(vec![]),
            ],
        ),
        case(
            "multiple_permissive_policies",
            docs(vec![crud(own_row()), staff(col("is_public")).to("public")]),
            docs(vec![crud(own_row()), staff(col("is_public")).to("anonymous")]),
        ),
    ]
}

fn rows() -> Vec<Case> {
    let update = |using: Expr, check: Option<Expr>| Named {
        policy: Policy {
            with_check: check,
            ..policy("change", Command::Update).using(using).policy
        },
        ..policy("change", Command::Update)
    };
    let read = || policy("read", Command::Select).using(yes());
    let shared = || or([own_row(), col("is_public")]);
    let membership = || exists("members", and([same_team(), Expr::owned_by("user_id")]));
    let of_team = || docs(vec![policy("read", Command::Select).using(membership())]);
    let founder = || {
        let team = Expr::compare(CompareOp::Eq, col("id"), up("team_id"));
        exists("teams", and([team, Expr::owned_by("user_id")]))
    };
    let remove =
        || policy("remove", Command::Delete).using(and([own_row(), not(col("is_locked"))]));
    let admin = || Expr::compare(CompareOp::Eq, claim("role"), text("admin"));
    vec![
        case(
            "anonymous_write",
            docs(vec![policy("add", Command::Insert).check(not(col("is_locked"))).to("public")]),
            docs(vec![policy("add", Command::Insert).check(own_row()).to("public")]),
        ),
        case(
            "rls_policy_always_true",
            docs(vec![policy("remove", Command::Delete).using(or([own_row(), yes()]))]),
            docs(vec![read(), policy("remove", Command::Delete).using(own_row())]),
        ),
        case(
            "row_can_be_stolen",
            docs(vec![update(yes(), Some(own_row()))]),
            docs(vec![update(own_row(), Some(own_row()))]),
        ),
        case(
            "row_can_be_stolen",
            docs(vec![update(shared(), None)]),
            // The owner's column is kept from the role.
            only(docs(vec![update(shared(), None)]), "change", &["title"]),
        ),
        case(
            "row_can_be_stolen",
            docs(vec![update(not(col("is_locked")), Some(own_row()))]),
            // Free to be claimed.
            docs(vec![update(Expr::IsNull(Box::new(col("user_id"))), Some(own_row()))]),
        ),
        case(
            "row_can_be_given_away",
            docs(vec![update(own_row(), Some(yes()))]),
            docs(vec![update(own_row(), None)]),
        ),
        case(
            "row_can_be_given_away",
            docs(vec![update(own_row(), Some(not(col("is_locked"))))]),
            only(docs(vec![update(own_row(), Some(not(col("is_locked"))))]), "change", &["title"]),
        ),
        cases(
            "row_can_be_given_away",
            vec![docs(vec![update(membership(), Some(yes()))]), members(vec![])],
            vec![docs(vec![update(own_row(), Some(or([own_row(), admin()])))])],
        ),
        // Anybody makes themselves a member.
        cases(
            "self_granted_access",
            vec![of_team(), members(vec![crud(own_row())])],
            vec![of_team(), members(vec![crud(founder())]), teams()],
        ),
        // Anybody changes the team that they are a member of.
        cases(
            "self_granted_access",
            vec![of_team(), members(vec![read(), update(own_row(), None)])],
            vec![
                of_team(),
                only(members(vec![read(), update(own_row(), None)]), "change", &["note"]),
            ],
        ),
        cases(
            "self_granted_access",
            vec![of_team(), members(vec![crud(own_row())])],
            vec![of_team(), members(vec![crud(admin())])],
        ),
        case(
            "self_guarding_column",
            docs(vec![read(), update(own_row(), None), remove()]),
            only(docs(vec![read(), update(own_row(), None), remove()]), "change", &["title"]),
        ),
        case(
            "self_guarding_column",
            docs(vec![read(), update(own_row(), None), remove()]),
            // A locked row cannot be unlocked, for UPDATE asks too.
            docs(vec![read(), update(and([own_row(), not(col("is_locked"))]), None), remove()]),
        ),
        case(
            "owner_column_nullable",
            docs(vec![crud(Expr::owned_by("assignee"))]),
            docs(vec![crud(or([
                Expr::owned_by("assignee"),
                Expr::IsNull(Box::new(col("assignee"))),
            ]))]),
        ),
    ]
}

fn columns() -> Vec<Case> {
    let with_key = |policies| {
        let mut docs = docs(policies);
        add(&mut docs, column("api_key", BaseType::Text));
        docs
    };
    let public = || policy("read", Command::Select).using(col("is_public"));
    let numbered = |identity| {
        let mut docs = docs(vec![crud(own_row())]);
        docs.table.columns[0].identity = Some(identity);
        docs
    };
    let different = || Expr::compare(CompareOp::Ne, col("title"), text("secret"));
    let two_updates = || {
        docs(vec![
            policy("rows", Command::Select).using(own_row()),
            policy("mine", Command::Update).using(own_row()),
            policy("locked", Command::Update).using(not(col("is_locked"))),
        ])
    };
    let member = || exists("members", and([same_team(), Expr::owned_by("user_id")]));
    let few_columns = |columns: &[&str]| {
        let read = policy("own", Command::Select).using(Expr::owned_by("user_id"));
        only(members(vec![read]), "own", columns)
    };
    vec![
        case(
            "sensitive_columns_exposed",
            with_key(vec![public()]),
            with_key(vec![crud(own_row())]),
        ),
        case(
            "sensitive_columns_exposed",
            with_key(vec![public()]),
            only(with_key(vec![public()]), "read", &["id", "title"]),
        ),
        case(
            "column_lists_merge",
            only(only(two_updates(), "mine", &["title"]), "locked", &["title", "user_id"]),
            only(only(two_updates(), "mine", &["title"]), "locked", &["title"]),
        ),
        cases(
            "lookup_exposes_columns",
            vec![
                docs(vec![policy("read", Command::Select).using(member())]),
                few_columns(&["team_id"]),
            ],
            vec![
                docs(vec![policy("read", Command::Select).using(member())]),
                few_columns(&["team_id", "user_id"]),
            ],
        ),
        case("user_settable_identity", numbered(Identity::ByDefault), numbered(Identity::Always)),
        case(
            "user_settable_identity",
            numbered(Identity::ByDefault),
            only(numbered(Identity::ByDefault), "crud", &["title", "user_id"]),
        ),
        case(
            "nullable_not_equal",
            docs(vec![crud(and([own_row(), different()]))]),
            docs(vec![crud(and([
                own_row(),
                or([different(), Expr::IsNull(Box::new(col("title")))]),
            ]))]),
        ),
    ]
}

fn trust() -> Vec<Case> {
    let is = |path: &str| Expr::compare(CompareOp::Eq, claim(path), text("admin"));
    let raw = |sql: &str| docs(vec![crud(Expr::Sql(sql.to_owned()))]);
    let supabase = |case| Case { provider: Provider::Supabase, ..case };
    let uuid = || docs(vec![crud(Expr::owned_by("account"))]);
    vec![
        case(
            "rls_references_user_metadata",
            docs(vec![crud(is("user_metadata.role"))]),
            docs(vec![crud(is("app_metadata.role"))]),
        ),
        case(
            "rls_references_user_metadata",
            docs(vec![crud(named(is("user_metadata.role")))]),
            docs(vec![crud(named(is("app_metadata.role")))]),
        ),
        case(
            "rls_references_user_metadata",
            raw("(select auth.session()) #>> '{unsafe_metadata,role}' = 'admin'"),
            raw("(select auth.session()) #>> '{public_metadata,role}' = 'admin'"),
        ),
        case(
            "auth_users_exposed",
            raw("exists (select 1 from auth.users u where u.email = title)"),
            raw("title = 'auth.users'"),
        ),
        case(
            "spoofable_setting",
            raw("user_id = (select current_setting('app.user_id', true))"),
            raw("user_id = (select auth.user_id())"),
        ),
        supabase(case(
            "spoofable_setting",
            raw("user_id = (select current_setting('app.user_id', true))"),
            raw("user_id = (select current_setting('request.jwt.claim.sub', true))"),
        )),
        case(
            "calls_unknown_function",
            raw("is_admin()"),
            raw("lower(title) = 'a' and id in (1, 2)"),
        ),
        cases(
            "calls_unknown_function",
            vec![raw("exists (select 1 from all_teams t where t.id = docs.team_id)")],
            vec![raw("exists (select 1 from teams t where t.id = docs.team_id)"), teams()],
        ),
        case("uid_with_clerk_subject", uuid(), docs(vec![crud(own_row())])),
    ]
}

fn performance() -> Vec<Case> {
    let raw = |sql: &str| docs(vec![crud(Expr::Sql(sql.to_owned()))]);
    let without = |policies| DeclaredTable { policy_indexes: false, ..docs(policies) };
    let by_note = || vec![policy("read", Command::Select).using(Expr::owned_by("note"))];
    let lookup = || {
        let member = exists("members", and([same_team(), Expr::owned_by("note")]));
        docs(vec![policy("read", Command::Select).using(member)])
    };
    vec![
        case(
            "auth_rls_initplan",
            raw("auth.user_id() = user_id"),
            raw("( SELECT auth.user_id() ) = user_id"),
        ),
        case(
            "policy_column_without_index",
            without(vec![crud(own_row())]),
            docs(vec![crud(own_row())]),
        ),
        case(
            "policy_column_without_index",
            without(vec![crud(own_row())]),
            without(vec![crud(Expr::compare(
                CompareOp::Eq,
                col("id"),
                Expr::Cast { value: Box::new(claim("doc")), ty: PgType::plain(BaseType::BigInt) },
            ))]),
        ),
        // A lookup in a table that makes no indexes.
        cases(
            "policy_column_without_index",
            vec![lookup(), DeclaredTable { policy_indexes: false, ..members(by_note()) }],
            vec![lookup(), members(by_note())],
        ),
    ]
}

fn allowing() -> Vec<Case> {
    let allow = |mut declared: DeclaredTable, lint: &str| {
        declared.allowed.push(AllowedLint { lint: lint.to_owned(), reason: "a test".to_owned() });
        declared
    };
    let own = || docs(vec![crud(own_row())]);
    vec![
        case("unused_allow", allow(own(), "rls_enabled_no_policy"), own()),
        case(
            "unused_allow",
            allow(own(), "rls_enabled_no_policy"),
            allow(docs(vec![]), "rls_enabled_no_policy"),
        ),
        case(
            "policy_recursion",
            allow(
                docs(vec![crud(Expr::Sql("id in (select d.id from docs d)".to_owned()))]),
                "policy_recursion",
            ),
            allow(own(), "policy_recursion"),
        ),
        case("unknown_lint", allow(own(), "rls_enabled_no_polcy"), own()),
    ]
}

#[test]
fn what_is_allowed_is_found_and_marked() {
    let mut docs = docs(vec![]);
    let lint = "rls_enabled_no_policy".to_owned();
    docs.allowed.push(AllowedLint { lint, reason: "the owner's own".to_owned() });
    let found = findings(&[docs], Provider::Neon);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].allowed.as_deref(), Some("the owner's own"));
}

#[test]
fn a_misspelt_lint_is_suggested() {
    let mut docs = docs(vec![crud(own_row())]);
    let lint = "row_can_be_stollen".to_owned();
    docs.allowed.push(AllowedLint { lint, reason: "it cannot".to_owned() });
    let found = findings(&[docs], Provider::Neon);
    assert_eq!(found[0].help.as_deref(), Some("did you mean `row_can_be_stolen`?"));
    assert_eq!(found[0].part, Part::Allow(0));
}

#[test]
fn the_todos_of_the_guide_have_no_warning() {
    let mut docs = docs(vec![crud(own_row())]);
    docs.table.columns[0].identity = Some(Identity::ByDefault);
    let found = findings(&[docs], Provider::Neon);
    assert!(found.iter().all(|finding| finding.lint.severity == Severity::Info), "{found:?}");
}

#[test]
fn the_policies_of_one_declaration_are_told_once() {
    let each = |using: fn() -> Expr, role| {
        let all = [Command::Update, Command::Delete].into_iter().zip(["change", "delete"]);
        let mut all: Vec<_> =
            all.map(|(it, name)| policy(name, it).using(using()).to(role)).collect();
        all.push(policy("add", Command::Insert).check(using()).to(role));
        docs(all)
    };
    let told = |table| {
        let found = findings(&[table], Provider::Neon);
        found.into_iter().map(|it| (it.lint.name, it.message)).collect::<Vec<_>>()
    };
    let (blind, change) = (
        "update_without_select",
        "UPDATE and DELETE with a WHERE or RETURNING fails or finds no row",
    );
    let always = told(each(yes, "authenticated"));
    let every = "`authenticated` may INSERT, UPDATE, DELETE every row there is";
    assert!(always.contains(&("rls_policy_always_true", every.to_owned())), "{always:?}");
    assert!(
        always.contains(&(blind, format!("no policy lets `authenticated` read: {change}"))),
        "{always:?}"
    );
    assert_eq!(always.len(), 2, "{always:?}");
    let anybody = told(each(|| not(col("is_locked")), "anonymous"));
    let writes = anybody.iter().filter(|(name, _)| *name == "anonymous_write").collect::<Vec<_>>();
    assert_eq!(writes.len(), 1, "{anybody:?}");
    assert!(writes[0].1.contains("INSERT, UPDATE, DELETE"), "{anybody:?}");
    // Other rows, or other roles, are something else.
    let mut two = each(yes, "authenticated");
    let add = two.table.policies.get_mut(&ident("add")).unwrap();
    add.roles = BTreeSet::from([Grantee::Role(ident("anonymous"))]);
    let two = told(two);
    assert!(two.iter().any(|(name, _)| *name == "anonymous_write"), "{two:?}");
    assert!(two.iter().any(|(name, _)| *name == "rls_policy_always_true"), "{two:?}");
}

#[test]
fn members_come_under_the_policies_of_their_roles() {
    let found = |table: DeclaredTable, inherit: bool| {
        let mut settings = Settings::new(Provider::Neon);
        let member_of = BTreeSet::from([ident("authenticated"), ident("anonymous")]);
        let clerk = Role { inherit, member_of, ..Role::default() };
        settings.managed_roles.insert(ident("clerk"), clerk);
        names(&findings_with(&[table], &settings))
    };
    // The member is let in by its own policy, and the one that narrows is for it too.
    let narrow =
        || docs(vec![crud(own_row()).to("clerk"), crud(own_row()).named("narrow").restrictive()]);
    assert!(!found(narrow(), true).contains(&"restrictive_without_permissive"));
    assert!(found(narrow(), false).contains(&"restrictive_without_permissive"));
    // Who reads as a member is not blind.
    let write = || {
        docs(vec![
            policy("change", Command::Update).using(own_row()).to("clerk"),
            policy("read", Command::Select).using(own_row()),
        ])
    };
    assert!(!found(write(), true).contains(&"update_without_select"));
    assert!(found(write(), false).contains(&"update_without_select"));
    // Policies of two roles that have nothing in common but a member.
    let both = || {
        docs(vec![
            policy("a", Command::Select).using(own_row()),
            policy("b", Command::Select).using(col("is_public")).to("anonymous"),
        ])
    };
    assert!(found(both(), true).contains(&"multiple_permissive_policies"));
    assert!(!found(both(), false).contains(&"multiple_permissive_policies"));
}

#[test]
fn subjects_are_uuids_on_supabase() {
    let tables = [docs(vec![crud(Expr::owned_by("account"))])];
    let found = names(&findings(&tables, Provider::Supabase));
    assert!(!found.contains(&"uid_with_clerk_subject"), "{found:?}");
}

#[test]
fn a_finding_points_at_the_node_that_it_is_about() {
    let predicate =
        and([own_row(), Expr::compare(CompareOp::Eq, claim("user_metadata.a"), text("b"))]);
    let found = findings(&[docs(vec![crud(predicate.clone())])], Provider::Neon);
    let finding = found.iter().find(|it| it.lint.name == "rls_references_user_metadata").unwrap();
    let Part::Expr(_, node) = finding.part else { panic!("{finding:?}") };
    assert_eq!(predicate.nodes().nth(node), Some(&claim("user_metadata.a")));
}

#[test]
fn names_are_stable_and_explanations_have_a_source() {
    let mut names = BTreeSet::new();
    for lint in ALL {
        assert!(lint.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", lint.name);
        assert!(names.insert(lint.name), "{} is there twice", lint.name);
        assert!(!lint.summary.ends_with('.') && lint.summary.len() < 80, "{}", lint.name);
        assert!(lint.explanation.matches("\n\n").count() >= 2, "{} is too short", lint.name);
        assert!(lint.explanation.contains("\nSource: "), "{} has no source", lint.name);
        let longest = lint.explanation.lines().map(str::len).max();
        assert!(longest <= Some(120), "{} has a long line", lint.name);
    }
}

fn findings(tables: &[DeclaredTable], provider: Provider) -> Vec<Finding> {
    findings_with(tables, &Settings::new(provider))
}

fn findings_with(tables: &[DeclaredTable], settings: &Settings) -> Vec<Finding> {
    let resolved = resolve(tables.to_vec(), settings).unwrap();
    let named = tables.iter().map(|it| (it.table.name.clone(), it.clone()));
    lint(&named.collect::<BTreeMap<_, _>>(), &resolved, settings)
}

fn names(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.lint.name).collect()
}

/// A policy on its way into a table.
struct Named {
    name: &'static str,
    policy: Policy,
}

fn policy(name: &'static str, command: Command) -> Named {
    let roles = BTreeSet::from([Grantee::Role(ident("authenticated"))]);
    let kind = PolicyKind::Permissive;
    Named { name, policy: Policy { kind, command, roles, using: None, with_check: None } }
}

/// All four commands.
fn crud(predicate: Expr) -> Named {
    policy("crud", Command::All).using(predicate)
}

impl Named {
    fn using(mut self, using: Expr) -> Self {
        self.policy.using = Some(using);
        self
    }

    fn check(mut self, check: Expr) -> Self {
        self.policy.with_check = Some(check);
        self
    }

    fn to(mut self, role: &str) -> Self {
        let role = if role == "public" { Grantee::Public } else { Grantee::Role(ident(role)) };
        self.policy.roles = BTreeSet::from([role]);
        self
    }

    fn named(self, name: &'static str) -> Self {
        Named { name, ..self }
    }

    fn restrictive(mut self) -> Self {
        self.policy.kind = PolicyKind::Restrictive;
        self
    }
}

fn docs(policies: Vec<Named>) -> DeclaredTable {
    let mut assignee = column("assignee", BaseType::Text);
    assignee.nullable = true;
    let mut title = column("title", BaseType::Text);
    title.nullable = true;
    let columns = vec![
        column("id", BaseType::BigInt),
        column("user_id", BaseType::Text),
        column("team_id", BaseType::BigInt),
        column("is_locked", BaseType::Boolean),
        column("is_public", BaseType::Boolean),
        column("account", BaseType::Uuid),
        title,
        assignee,
    ];
    table("docs", &["id"], columns, policies)
}

fn members(policies: Vec<Named>) -> DeclaredTable {
    let columns = vec![
        column("team_id", BaseType::BigInt),
        column("user_id", BaseType::Text),
        column("note", BaseType::Text),
    ];
    table("members", &["team_id", "user_id"], columns, policies)
}

fn teams() -> DeclaredTable {
    let columns = vec![column("id", BaseType::BigInt), column("user_id", BaseType::Text)];
    table("teams", &["id"], columns, vec![crud(own_row())])
}

fn table(name: &str, key: &[&str], columns: Vec<Column>, policies: Vec<Named>) -> DeclaredTable {
    let columns_of_key = key.iter().map(|name| ident(name)).collect();
    let key = PrimaryKey::new(ident(&format!("{name}_pkey")), columns_of_key);
    let name = QualifiedName::new(ident("public"), ident(name));
    DeclaredTable::from(Table {
        columns,
        primary_key: Some(key),
        policies: policies.into_iter().map(|it| (ident(it.name), it.policy)).collect(),
        ..Table::new(name, RowSecurity::Enabled)
    })
}

fn column(name: &str, base: BaseType) -> Column {
    let (name, ty) = (ident(name), PgType::plain(base));
    Column { nullable: false, ..Column::new(name, ty) }
}

fn add(declared: &mut DeclaredTable, column: Column) {
    declared.fields.push(column.name.as_str().to_owned());
    declared.table.columns.push(column);
}

/// The columns that a policy speaks about.
fn only(mut declared: DeclaredTable, policy: &str, columns: &[&str]) -> DeclaredTable {
    let columns = columns.iter().map(|name| ident(name)).collect();
    declared.policy_columns.insert(ident(policy), columns);
    declared
}

fn ident(name: &str) -> Ident {
    Ident::new(name).unwrap()
}

fn own_row() -> Expr {
    Expr::owned_by("user_id")
}

fn yes() -> Expr {
    Expr::bool(true)
}

fn col(field: &str) -> Expr {
    Expr::column(field)
}

fn up(field: &str) -> Expr {
    Expr::Column(rls_core::model::ColumnRef { up: 1, field: field.to_owned() })
}

fn same_team() -> Expr {
    Expr::compare(CompareOp::Eq, col("team_id"), up("team_id"))
}

fn claim(path: &str) -> Expr {
    Expr::Claim(path.split('.').map(str::to_owned).collect())
}

fn text(text: &str) -> Expr {
    Expr::Literal(rls_core::model::Literal::Text(text.to_owned()))
}

fn and<const N: usize>(operands: [Expr; N]) -> Expr {
    Expr::And(operands.into())
}

fn or<const N: usize>(operands: [Expr; N]) -> Expr {
    Expr::Or(operands.into())
}

fn not(operand: Expr) -> Expr {
    Expr::Not(Box::new(operand))
}

/// The use of a predicate that was declared by itself.
fn named(body: Expr) -> Expr {
    let predicate = NamedPredicate { name: "is_staff".to_owned(), parameters: Vec::new(), body };
    let (path, predicate) = (predicate.name.clone(), Some(Box::new(predicate)));
    Expr::Named { path, predicate, arguments: Vec::new() }
}

fn exists(table: &str, filter: Expr) -> Expr {
    Expr::Exists { table: table.to_owned(), alias: "m".to_owned(), filter: Box::new(filter) }
}
