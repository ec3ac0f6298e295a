//! Enums on a real server: how they grow where they are, and how they are made anew around what leans
//! on them.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

mod support;

use rls_core::apply::{Error, apply, compare};
use rls_core::diff::{Canonical, Pair};
use rls_core::model::*;
use rls_core::plan::{HazardKind, Origin, from_nothing, plan};
use support::owner::{converge, owned, text};
use support::*;

fn mood_name() -> QualifiedName {
    QualifiedName::new(id("public"), id("mood"))
}

fn with_values(mut schema: Schema, values: &[&str]) -> Schema {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let form = TypeForm::Enum(EnumType { values });
    schema.types.insert(mood_name(), UserType { name: mood_name(), form });
    schema
}

/// A table with everything that can lean on a column of an enum.
fn people() -> Table {
    let mut people = table("people");
    people.columns = vec![
        column("id", "bigint"),
        with_default("mood", "public.mood", "'ok'"),
        with_default("moods", "public.mood[]", "'{ok}'"),
        Column { nullable: true, ..column("before", "public.mood") },
        column("n", "bigint"),
    ];
    people.columns.push(Column {
        generated: Some(Generated { expr: Expr::Sql("mood = 'ok'".to_owned()), stored: true }),
        ..column("is_ok", "boolean")
    });
    people.primary_key = Some(PrimaryKey::new(id("people_pkey"), vec![id("id"), id("mood")]));
    let check = |text: &str| Check {
        expr: Expr::Sql(text.to_owned()),
        no_inherit: false,
        not_valid: false,
    };
    people.checks.insert(id("not_both"), check("mood <> 'sad' OR before <> 'sad'"));
    people.checks.insert(id("counts"), check("n >= 0"));
    people.indexes.insert(id("by_mood"), Index::btree(vec![id("mood"), id("before")]));
    let mut sad = Index::btree(vec![id("n")]);
    sad.predicate = Some(Expr::Sql("mood = 'sad'".to_owned()));
    people.indexes.insert(id("sad_ones"), sad);
    people.policies.insert(
        id("ok ones"),
        policy(Command::Select, &[role("reader")], Some("mood IN ('ok', 'happy')"), None),
    );
    people
}

/// Points at `people`, and asks about them in a policy.
fn pets() -> Table {
    let mut pets = table("pets");
    pets.columns = vec![column("owner", "bigint"), column("owner_mood", "public.mood")];
    let key = ForeignKey {
        columns: vec![id("owner"), id("owner_mood")],
        table: QualifiedName::new(id("public"), id("people")),
        references: vec![id("id"), id("mood")],
        on_delete: ReferentialAction::NoAction,
        on_update: ReferentialAction::Cascade,
        set_columns: vec![],
        match_full: false,
        deferral: Deferral::Never,
        not_valid: false,
    };
    pets.foreign_keys.insert(id("pets_owner_fkey"), key);
    let using = "owner IN (SELECT p.id FROM public.people p WHERE p.mood = 'ok')";
    let asks = policy(Command::Select, &[role("reader")], Some(using), None);
    pets.policies.insert(id("of ok ones"), asks);
    pets
}

fn declared(values: &[&str]) -> Schema {
    with_values(schema([people(), pets()], &plain(&["reader"])), values)
}

const VALUES: &str = "SELECT string_agg(enumlabel, ' ' ORDER BY enumsortorder) FROM pg_enum e \
    JOIN pg_type t ON t.oid = e.enumtypid WHERE typname = 'mood'";

async fn filled(name: &str, values: &[&str]) -> Database {
    let mut client = owned(name).await;
    converge(&mut client, &declared(values)).await;
    let rows = "INSERT INTO people VALUES (1, 'ok', '{ok,sad}', 'sad', 7); \
        INSERT INTO people (id, mood, n) VALUES (2, 'sad', 8); INSERT INTO pets VALUES (1, 'ok'), (2, 'sad')";
    client.batch_execute(rows).await.unwrap();
    client
}

const ROWS: &str = "SELECT string_agg(p::text, ' ' ORDER BY id) FROM people p";

#[tokio::test]
async fn a_value_comes_where_it_is_declared() {
    let mut client = filled("enum_grows", &["sad", "ok", "happy"]).await;
    let grown = ["worst", "sad", "so-so", "it's", "ok", "happy", "best", "bestest"];
    let plan = converge(&mut client, &declared(&grown)).await.to_sql();
    assert_eq!(
        plan,
        "ALTER TYPE public.mood ADD VALUE 'worst' BEFORE 'sad';\n\
         ALTER TYPE public.mood ADD VALUE 'so-so' AFTER 'sad';\n\
         ALTER TYPE public.mood ADD VALUE 'it''s' AFTER 'so-so';\n\
         ALTER TYPE public.mood ADD VALUE 'best';\n\
         ALTER TYPE public.mood ADD VALUE 'bestest';\n"
    );
    assert_eq!(text(&client, VALUES).await, grown.join(" "));
}

#[tokio::test]
async fn values_that_go_or_move_make_the_type_anew_and_leave_all_around_it_as_it_was() {
    let all = ["sad", "ok", "happy", "unused"];
    let mut client = filled("enum_anew", &all).await;
    client.batch_execute("COMMENT ON TYPE mood IS 'how it is'").await.unwrap();
    let before = text(&client, ROWS).await;
    // The default moves last, one goes, and back.
    for values in [["sad", "happy", "unused", "ok"].as_slice(), &["happy", "sad", "ok"], &all] {
        converge(&mut client, &declared(values)).await;
        assert_eq!(text(&client, VALUES).await, values.join(" "));
        assert_eq!(text(&client, ROWS).await, before);
    }
    assert_eq!(text(&client, "obj_description('mood'::regtype)").await, "how it is");
    let left = "SELECT count(*) FROM pg_type WHERE typname LIKE '%rls\\_old%'";
    assert_eq!(text(&client, left).await, "0");
    let add = "INSERT INTO people (id, n) VALUES (3, 9)";
    client.batch_execute(add).await.unwrap();
    assert_eq!(text(&client, "SELECT mood FROM people WHERE id = 3").await, "ok");
    client.batch_execute("SET ROLE reader").await.unwrap();
    assert_eq!(text(&client, "SELECT count(*) FROM pets").await, "1");
}

#[tokio::test]
async fn a_value_that_rows_hold_is_told_and_never_lost() {
    let mut client = filled("enum_held", &["sad", "ok", "happy"]).await;
    let without = {
        let mut people = people();
        people.checks.remove(&id("not_both"));
        people.indexes.remove(&id("sad_ones"));
        with_values(schema([people, pets()], &plain(&["reader"])), &["ok", "happy"])
    };
    let plan = compare(&mut client, &without).await.unwrap().plan;
    let told: Vec<_> = plan.refused(&[]).map(|hazard| hazard.message.clone()).collect();
    let loses = "the type public.mood loses the value 'sad': rows that hold it are refused";
    assert!(told.iter().any(|message| message == loses), "{told:?}");
    // Nothing else is lost by it.
    let allowed = [
        HazardKind::LosesData,
        HazardKind::DropsUndeclared,
        HazardKind::RewritesTable,
        HazardKind::BlocksReads,
        HazardKind::BlocksWrites,
    ];
    assert_eq!(
        told.iter()
            .filter(|message| message.contains("public.mood") && message.contains("lose"))
            .count(),
        1,
        "{told:?}"
    );
    let refused = apply(&mut client, &without, &allowed, &mut |_, _, _| {}).await;
    assert!(matches!(refused, Err(Error::Database(_))), "{refused:?}");
    assert_eq!(text(&client, VALUES).await, "sad ok happy");
    let sad = "DELETE FROM pets WHERE owner = 2; DELETE FROM people WHERE id = 2; \
        UPDATE people SET before = NULL, moods = '{}'";
    client.batch_execute(sad).await.unwrap();
    converge(&mut client, &without).await;
    assert_eq!(text(&client, VALUES).await, "ok happy");
}

#[tokio::test]
async fn a_value_that_is_used_at_once_comes_with_a_type_that_is_made_anew() {
    let mut client = filled("enum_at_once", &["sad", "ok", "happy"]).await;
    let grown = ["sad", "ok", "happy", "new"];
    let mut people = people();
    people.columns[1].default = Some(Expr::Sql("'new'".to_owned()));
    let desired = with_values(schema([people, pets()], &plain(&["reader"])), &grown);
    let plan = converge(&mut client, &desired).await;
    assert!(plan.to_sql().contains("RENAME TO"), "{}", plan.to_sql());
    let costs = [HazardKind::RewritesTable, HazardKind::BlocksReads, HazardKind::BlocksWrites];
    let told: Vec<_> = plan.refused(&costs).collect();
    assert!(told.is_empty(), "it costs time and nothing else: {told:?}");
    client.batch_execute("INSERT INTO people (id, n) VALUES (3, 9)").await.unwrap();
    assert_eq!(text(&client, "SELECT mood FROM people WHERE id = 3").await, "new");
    // In a migration too, where no server is asked.
    let back = declared(&["sad", "ok", "happy"]);
    let sql = rls_core::plan::plan(
        Pair { previous: &back, next: &desired },
        &Canonical::default(),
        Origin::Snapshot,
    );
    assert!(sql.to_sql().contains("RENAME TO"), "{}", sql.to_sql());
}

#[tokio::test]
async fn a_column_becomes_an_enum_and_text_again() {
    let mut client = owned("enum_text").await;
    let settings = plain(&["reader"]);
    let things = |ty: &str| {
        let mut things = table("things");
        things.columns = vec![with_default("state", ty, "'open'")];
        let check = Expr::Sql("state <> 'never'".to_owned());
        things
            .checks
            .insert(id("ever"), Check { expr: check, no_inherit: false, not_valid: false });
        schema([things], &settings)
    };
    let open = ["open", "shut", "never"];
    converge(&mut client, &things("text")).await;
    client.batch_execute("INSERT INTO things VALUES (DEFAULT), ('shut')").await.unwrap();
    converge(&mut client, &with_values(things("public.mood"), &open)).await;
    assert_eq!(text(&client, "SELECT max(state) FROM things").await, "shut");
    converge(&mut client, &things("text")).await;
    assert_eq!(text(&client, "SELECT string_agg(state, ' ') FROM things").await, "open shut");
}

#[test]
fn a_snapshot_holds_types_and_what_is_gone_is_dropped() {
    let with = declared(&["sad", "ok"]);
    let json = serde_json::to_string(&with).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), with);
    let made = from_nothing(&with);
    assert!(made.to_sql().contains("CREATE TYPE public.mood AS ENUM ('sad', 'ok');"));
    assert!(made.refused(&[]).next().is_none());
    let nothing = Schema { tables: Default::default(), types: Default::default(), ..with.clone() };
    let pair = Pair { previous: &with, next: &nothing };
    let sql = plan(pair, &Canonical::default(), Origin::Snapshot).to_sql();
    assert!(sql.contains("DROP TABLE public.pets;\nDROP TYPE public.mood;\n"), "{sql}");
}

#[tokio::test]
async fn what_is_no_enum_is_noted() {
    let mut client = owned("enum_range").await;
    client.batch_execute("CREATE TYPE mood AS RANGE (SUBTYPE = float8)").await.unwrap();
    let found = compare(&mut client, &with_values(schema([], &plain(&["reader"])), &["a"])).await;
    let notes = found.unwrap().live.notes;
    assert!(notes.contains(&"public.mood is a range type, and left alone".to_owned()), "{notes:?}");
}
