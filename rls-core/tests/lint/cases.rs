//! What each lint is about, and what only looks like it.

use rls_core::Provider;
use rls_core::model::{
    AllowedLint, BaseType, Command, CompareOp, DeclaredTable, Expr, Identity, PgType, Policy,
    RowSecurity,
};

use crate::building::{
    Named, add, and, claim, col, column, crud, docs, exists, members, named, not, only, or,
    own_row, policy, same_team, teams, text, up, yes,
};

/// A declaration, and what is to be said of it.
pub(crate) struct Case {
    pub(crate) lint: &'static str,
    pub(crate) fires: Vec<DeclaredTable>,
    pub(crate) near_miss: Vec<DeclaredTable>,
    pub(crate) provider: Provider,
}

fn case(lint: &'static str, fires: DeclaredTable, near_miss: DeclaredTable) -> Case {
    cases(lint, vec![fires], vec![near_miss])
}

fn cases(lint: &'static str, fires: Vec<DeclaredTable>, near_miss: Vec<DeclaredTable>) -> Case {
    Case { lint, fires, near_miss, provider: Provider::Neon }
}

pub(crate) fn access() -> Vec<Case> {
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

pub(crate) fn rows() -> Vec<Case> {
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

pub(crate) fn columns() -> Vec<Case> {
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

pub(crate) fn trust() -> Vec<Case> {
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

pub(crate) fn performance() -> Vec<Case> {
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

pub(crate) fn allowing() -> Vec<Case> {
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
