//! Triggers on a real server: each difference both ways, what leans on something else, what is not
//! declared, and what they do.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

mod support;

use rls_core::apply::compare;
use rls_core::model::*;
use rls_core::plan::HazardKind;
use rls_core::resolve::resolve;
use support::owner::{converge, owned, text};
use support::*;

fn in_public(name: &str) -> QualifiedName {
    QualifiedName::new(id("public"), id(name))
}

/// BEFORE UPDATE, for each row.
fn touch() -> Trigger {
    Trigger {
        timing: TriggerTiming::Before,
        events: [TriggerEvent::Update].into(),
        columns: [].into(),
        for_each_row: true,
        when: None,
        function: in_public("touch"),
        arguments: vec![],
        old_table: None,
        new_table: None,
        constraint: None,
        state: TriggerState::Origin,
    }
}

fn items(triggers: &[(&str, Trigger)]) -> Table {
    let mut items = table("items");
    items.columns = vec![
        column("id", "bigint"),
        column("title", "varchar(20)"),
        column("note", "text"),
        column("when", "text"),
    ];
    for (name, trigger) in triggers {
        items.triggers.insert(id(name), trigger.clone());
    }
    items
}

fn declared(table: Table) -> Schema {
    resolve(vec![table.into()], &plain(&["reader"])).unwrap().schema
}

fn with(trigger: Trigger) -> Schema {
    declared(items(&[("Touch it", trigger)]))
}

/// A database with functions that triggers call: `touch` appends to the note what it was called with.
async fn prepared(name: &str) -> Database {
    let client = owned(name).await;
    let functions = "
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            NEW.note := NEW.note || coalesce(TG_ARGV[0], '!'); RETURN NEW; END $$;
        CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'refused'; END $$";
    client.batch_execute(functions).await.unwrap();
    client
}

fn sql(text: &str) -> Option<Sql> {
    Some(Sql::new(text))
}

/// One trigger of each kind.
fn kinds() -> Vec<Trigger> {
    use TriggerEvent::{Delete, Insert, Truncate, Update};
    let after =
        || Trigger { timing: TriggerTiming::After, function: in_public("other"), ..touch() };
    let constraint = |deferral| Trigger { constraint: Some(deferral), ..after() };
    vec![
        touch(),
        Trigger { events: [Insert, Update].into(), ..touch() },
        Trigger { columns: [id("when"), id("title")].into(), ..touch() },
        Trigger { columns: [id("note")].into(), ..touch() },
        Trigger { arguments: vec!["it's".into(), String::new(), "b\\".into()], ..touch() },
        Trigger { arguments: vec!["a".into()], ..touch() },
        Trigger { when: sql("OLD.title = 'when (' OR NEW.\"when\" IS NULL"), ..touch() },
        Trigger { when: sql("OLD.* IS DISTINCT FROM NEW.*"), ..touch() },
        Trigger { function: in_public("other"), ..touch() },
        after(),
        Trigger { events: [Truncate, Delete].into(), for_each_row: false, ..after() },
        Trigger {
            for_each_row: false,
            old_table: Some(id("before")),
            new_table: Some(id("After it")),
            ..after()
        },
        Trigger {
            events: [Insert].into(),
            for_each_row: false,
            new_table: Some(id("added")),
            ..after()
        },
        constraint(Deferral::Never),
        constraint(Deferral::InitiallyImmediate),
        constraint(Deferral::InitiallyDeferred),
        Trigger { state: TriggerState::Disabled, ..touch() },
        Trigger { state: TriggerState::Replica, ..touch() },
        Trigger { state: TriggerState::Always, ..touch() },
        Trigger { state: TriggerState::Always, ..after() },
    ]
}

#[tokio::test]
async fn every_kind_is_read_back_equal_and_becomes_every_next_one_and_back() {
    let mut client = prepared("trg_kinds").await;
    let kinds = kinds();
    for trigger in kinds.iter().chain(kinds.iter().rev()) {
        let desired = with(trigger.clone());
        converge(&mut client, &desired).await;
        let live = compare(&mut client, &desired).await.unwrap().live;
        let found = &live.schema.tables[&in_public("items")].triggers;
        let expected = &desired.tables[&in_public("items")].triggers;
        let texts = |triggers: &std::collections::BTreeMap<Ident, Trigger>| {
            let plain = |trigger: &Trigger| Trigger { when: None, ..trigger.clone() };
            triggers.iter().map(|(name, it)| (name.clone(), plain(it))).collect::<Vec<_>>()
        };
        assert_eq!(texts(found), texts(expected));
        assert!(live.notes.is_empty(), "{:?}", live.notes);
    }
    converge(&mut client, &declared(items(&[]))).await;
    assert_eq!(text(&client, "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal").await, "0");
}

#[tokio::test]
async fn two_triggers_at_once_and_a_new_table_with_some() {
    let mut client = prepared("trg_new").await;
    let late = Trigger { arguments: vec!["?".into()], ..touch() };
    converge(&mut client, &declared(items(&[("a", touch()), ("b", late)]))).await;
    let write = "INSERT INTO items VALUES (1, 't', 'n', ''); UPDATE items SET title = 'u'";
    client.batch_execute(write).await.unwrap();
    assert_eq!(text(&client, "SELECT note FROM items").await, "n!?");
}

#[tokio::test]
async fn a_trigger_that_is_switched_off_does_nothing_and_keeps_its_place() {
    let mut client = prepared("trg_state").await;
    converge(&mut client, &with(touch())).await;
    let number = "SELECT oid FROM pg_trigger WHERE NOT tgisinternal";
    let before = text(&client, number).await;
    client.batch_execute("INSERT INTO items VALUES (1, 't', 'n', '')").await.unwrap();
    let off = with(Trigger { state: TriggerState::Disabled, ..touch() });
    let plan = converge(&mut client, &off).await.to_sql();
    assert_eq!(plan, "ALTER TABLE public.items DISABLE TRIGGER \"Touch it\";\n");
    client.batch_execute("UPDATE items SET title = 'u'").await.unwrap();
    assert_eq!(text(&client, "SELECT note FROM items").await, "n");
    let plan = converge(&mut client, &with(touch())).await.to_sql();
    assert_eq!(plan, "ALTER TABLE public.items ENABLE TRIGGER \"Touch it\";\n");
    client.batch_execute("UPDATE items SET title = 'v'").await.unwrap();
    assert_eq!(text(&client, "SELECT note FROM items").await, "n!");
    assert_eq!(text(&client, number).await, before);
}

#[tokio::test]
async fn the_server_decides_whether_two_conditions_are_one() {
    let mut client = prepared("trg_when").await;
    let made = "
        CREATE TABLE items (id bigint NOT NULL, title varchar(20) NOT NULL, note text NOT NULL, \"when\" text NOT NULL);
        CREATE TRIGGER \"Touch it\" BEFORE UPDATE ON items FOR EACH ROW
            WHEN (old.title in ('a', 'b') AND NOT new.id BETWEEN 1 AND 5) EXECUTE FUNCTION touch()";
    client.batch_execute(made).await.unwrap();
    let when = "OLD.title IN ('a', 'b') AND NOT NEW.id BETWEEN 1 AND 5";
    let plan = converge(&mut client, &with(Trigger { when: sql(when), ..touch() })).await;
    assert!(!plan.to_sql().contains("TRIGGER"), "{}", plan.to_sql());
    for other in
        ["OLD.title IN ('a', 'B')", "NEW.title IN ('a', 'b') AND NOT OLD.id BETWEEN 1 AND 5"]
    {
        let plan = converge(&mut client, &with(Trigger { when: sql(other), ..touch() })).await;
        assert!(plan.to_sql().contains("DROP TRIGGER"), "{}", plan.to_sql());
    }
}

#[tokio::test]
async fn a_trigger_makes_way_for_a_column_that_it_is_about() {
    let mut client = prepared("trg_columns").await;
    let of_title = Trigger { columns: [id("title")].into(), ..touch() };
    let asks = Trigger { when: sql("NEW.title <> ''"), ..touch() };
    let both = |ty: &str| {
        let mut items = items(&[("of", of_title.clone()), ("asks", asks.clone())]);
        items.columns[1] = column("title", ty);
        let mut declared = DeclaredTable::from(items);
        let on = Commented::Trigger(in_public("items"), id("asks"));
        declared.comments = [(on, "kept".to_owned())].into();
        resolve(vec![declared], &plain(&["reader"])).unwrap().schema
    };
    converge(&mut client, &both("varchar(20)")).await;
    let plan = converge(&mut client, &both("text")).await.to_sql();
    assert_eq!(plan.matches("DROP TRIGGER").count(), 2, "{plan}");
    converge(&mut client, &both("varchar(20)")).await;
    let comment = "SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE tgname = 'asks'";
    assert_eq!(text(&client, comment).await, "kept");
    // A column goes together with the trigger that was about it.
    let mut without = items(&[]);
    without.columns.remove(1);
    converge(&mut client, &declared(without)).await;
}

#[tokio::test]
async fn what_nobody_declared_is_told_before_it_goes_and_elsewhere_left_alone() {
    let mut client = prepared("trg_undeclared").await;
    let desired = declared(items(&[]));
    converge(&mut client, &desired).await;
    let theirs = "
        CREATE TRIGGER theirs BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch();
        CREATE TABLE alone (id int);
        CREATE TRIGGER theirs BEFORE UPDATE ON alone FOR EACH ROW EXECUTE FUNCTION touch()";
    client.batch_execute(theirs).await.unwrap();
    let plan = compare(&mut client, &desired).await.unwrap().plan;
    let hazards: Vec<_> = plan.refused(&[]).collect();
    let said = "the trigger \"theirs\" on public.items is not declared and is dropped";
    assert_eq!(hazards.len(), 1, "{hazards:?}");
    assert_eq!((hazards[0].kind, &*hazards[0].message), (HazardKind::DropsUndeclared, said));
    converge(&mut client, &desired).await;
    let left =
        "SELECT string_agg(tgrelid::regclass::text, ' ') FROM pg_trigger WHERE NOT tgisinternal";
    assert_eq!(text(&client, left).await, "alone");
    // One that is declared and differs is replaced without a word.
    converge(&mut client, &with(touch())).await;
    let other = with(Trigger { columns: [id("title")].into(), ..touch() });
    let plan = compare(&mut client, &other).await.unwrap().plan;
    assert_eq!(plan.refused(&[]).count(), 0);
}

#[tokio::test]
async fn the_trigger_of_a_partitioned_table_is_its_own_and_not_its_partitions() {
    let mut client = prepared("trg_parts").await;
    let made = "
        CREATE TABLE items (id bigint NOT NULL, title varchar(20) NOT NULL, note text NOT NULL, \"when\" text NOT NULL)
            PARTITION BY RANGE (id);
        CREATE TABLE part PARTITION OF items FOR VALUES FROM (0) TO (10);
        CREATE TRIGGER t AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION other()";
    client.batch_execute(made).await.unwrap();
    let mut part = items(&[]);
    part.name = in_public("part");
    let schema = declared(part);
    let live = compare(&mut client, &schema).await.unwrap().live;
    assert!(live.schema.tables[&in_public("part")].triggers.is_empty());
}

#[test]
fn a_snapshot_keeps_triggers() {
    for trigger in kinds() {
        let schema = with(trigger);
        let json = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema);
    }
}
