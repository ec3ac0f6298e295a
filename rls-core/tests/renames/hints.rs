//! Hints: when they act, when they do nothing, and when they are mistakes.

use rls_core::apply::{compare, survey};
use rls_core::drift::drift;
use rls_core::model::Schema;

use super::support::owner::{owned, text};
use super::support::plain;
use super::{applied, compiled, declared, in_sync, only_renames, planned, written};

fn notes(name: &str, rest: &str) -> Schema {
    let source = format!(
        "#[derive(Table)]
        #[rls(table = \"{name}\", {rest} policy(name = \"p\", role = reader, command = select, using = true))]
        struct Note {{ #[rls(primary_key)] id: i64 }}"
    );
    declared(&format!("hints_{name}"), &source, &plain(&["reader"]))
}

const BY_HAND: &str = "ALTER TABLE notes ENABLE ROW LEVEL SECURITY";

#[tokio::test]
async fn one_acts_only_where_the_old_name_is_and_the_new_one_is_not() {
    let mut client = owned("hints_act").await;
    let (before, after) = (notes("notes", ""), notes("memos", "was = \"notes\","));
    // Neither is there.
    applied(&mut client, &after, &[]).await;
    client.batch_execute(&format!("CREATE TABLE notes (id bigint); {BY_HAND}")).await.unwrap();
    // Both are.
    in_sync(&mut client, &after).await;
    assert!(planned(&written(&after), &after).is_empty());
    client.batch_execute("DROP TABLE notes, memos").await.unwrap();
    applied(&mut client, &before, &[]).await;
    let plan = applied(&mut client, &after, &[]).await;
    only_renames(&plan);
}

#[tokio::test]
async fn who_looks_leaves_nothing_behind() {
    let mut client = owned("hints_look").await;
    let (before, after) = (notes("notes", ""), notes("memos", "was = \"notes\","));
    applied(&mut client, &before, &[]).await;
    for _ in 0..2 {
        only_renames(&compare(&mut client, &after).await.unwrap().plan);
        let (compared, standing) = survey(&mut client, &after).await.unwrap();
        only_renames(&compared.plan);
        assert!(!standing.iter().any(|it| it.name == "public.notes"), "{standing:?}");
        let found = drift(&mut client, &after).await.unwrap().findings;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].kind.to_string(), "table-renamed");
        assert_eq!(found[0].message, "the table public.notes is to be called memos");
        assert!(!found[0].widens);
        assert_eq!(text(&client, "to_regclass('public.notes')").await, "notes");
    }
    in_sync(&mut client, &before).await;
}

/// Renames are tried before anything is known of them: who uses the table is not waited for forever.
#[tokio::test]
async fn who_looks_waits_a_few_seconds() {
    let mut client = owned("hints_wait").await;
    let (before, after) = (notes("notes", ""), notes("memos", "was = \"notes\","));
    applied(&mut client, &before, &[]).await;
    let Some(other) = client.again("postgres").await else { return };
    other.batch_execute("BEGIN; SELECT count(*) FROM notes").await.unwrap();
    let refused = compare(&mut client, &after).await.unwrap_err().to_string();
    assert!(refused.contains("lock timeout"), "{refused}");
    assert!(refused.contains("ALTER TABLE public.notes RENAME TO memos"), "{refused}");
    // Where there is nothing to rename, nobody waits.
    in_sync(&mut client, &before).await;
    other.batch_execute("COMMIT").await.unwrap();
    only_renames(&compare(&mut client, &after).await.unwrap().plan);
}

/// A usual thing to do, so that programs that know the old name go on.
#[tokio::test]
async fn a_view_takes_the_name() {
    let source = "#[derive(Table)]
        #[rls(table = \"memos\", was = \"notes\", policy(name = \"p\", role = reader, command = select, using = true))]
        struct Note { #[rls(primary_key)] id: i64 }
        #[derive(View)] #[rls(view = \"notes\", query = \"SELECT id FROM public.memos\")] struct Notes;";
    let after = declared("hints_view", source, &plain(&["reader"]));
    let before = notes("notes", "");
    let mut client = owned("hints_view").await;
    applied(&mut client, &before, &[]).await;
    client.batch_execute("INSERT INTO notes VALUES (7)").await.unwrap();
    applied(&mut client, &after, &[]).await;
    assert_eq!(text(&client, "SELECT id FROM notes").await, "7");
    let plan = planned(&written(&before), &after).to_sql();
    assert!(plan.starts_with("ALTER TABLE public.notes RENAME TO memos;\n"), "{plan}");
}

#[test]
fn mistakes_are_told() {
    let one = |table: &str, name: &str, rest: &str| {
        format!(
            "#[derive(Table)] #[rls(table = \"{name}\", {rest}
                policy(name = \"p\", role = reader, command = select, using = true))]
            struct {table} {{ #[rls(primary_key)] id: i64 }}"
        )
    };
    let told = |name: &str, source: &str| {
        compiled(&format!("mistake_{name}"), source, &plain(&["reader"])).err().unwrap_or_default()
    };
    let twice = one("A", "a", "was = \"x\",") + &one("B", "b", "was = \"x\",");
    assert_eq!(told("twice", &twice), ["`public.x` has become `public.a` already"]);
    let stolen = one("A", "a", "was = \"b\",") + &one("B", "b", "");
    let message = "`public.b` is declared still, so it cannot have become `public.a`";
    assert_eq!(told("stolen", &stolen), [message]);
    let circle = one("A", "a", "was = \"b\",") + &one("B", "b", "was = \"a\",");
    assert_eq!(told("circle", &circle).len(), 2);
    let chain = one("A", "a", "was = \"b\",") + &one("B", "b", "was = \"c\",");
    assert!(told("chain", &chain).is_empty());
    let elsewhere = one("A", "a", "was = \"b\",") + &one("B", "b", "schema = \"other\",");
    assert!(told("elsewhere", &elsewhere).is_empty());
}
