//! Every lint with a declaration that it is about, and one beside it that is all right.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod building;
mod cases;

use std::collections::{BTreeMap, BTreeSet};

use rls_core::model::{
    AllowedLint, BaseType, Command, CompareOp, DeclaredFunction, DeclaredGrant, DeclaredTable,
    DeclaredView, Expr, Function, Grantee, Identity, PgType, Privilege, QualifiedName, Role, Sql,
    View, ViewKind,
};
use rls_core::policy::lint::{ALL, Finding, Severity, lint};
use rls_core::resolve::{Declared, Part, resolve};
use rls_core::{Provider, Settings};

use crate::building::{and, claim, col, crud, docs, ident, not, own_row, policy, text, yes};
use crate::cases::{Case, access, allowing, columns, performance, rows, trust};

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
