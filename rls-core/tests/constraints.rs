//! Keys, foreign keys, checks and exclusion constraints on a real server: what is applied is read back
//! equal, and every change goes through with rows in the table, both ways.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

mod support;

use rls_core::Settings;
use rls_core::apply::compare;
use rls_core::model::*;
use support::owner::{converge, owned, text};
use support::*;
use tokio_postgres::Client;

fn check(expr: &str) -> Check {
    Check { expr: Expr::Sql(expr.to_owned()), no_inherit: false, not_valid: false }
}

fn rooms() -> Table {
    let mut rooms = table("rooms");
    rooms.columns = vec![column("site", "integer"), column("number", "integer")];
    rooms.primary_key = Some(PrimaryKey::new(id("rooms_pkey"), vec![id("site"), id("number")]));
    rooms
}

fn bookings() -> Table {
    let mut bookings = table("bookings");
    bookings.columns = vec![
        column("id", "bigint"),
        Column { nullable: true, ..column("site", "integer") },
        Column { nullable: true, ..column("number", "integer") },
        column("during", "int4range"),
        column("status", "varchar(10)"),
        column("Who Is", "text"),
    ];
    bookings.primary_key = Some(PrimaryKey::new(id("bookings_pkey"), vec![id("id")]));
    bookings
}

fn to_rooms() -> ForeignKey {
    let columns = || vec![id("site"), id("number")];
    ForeignKey::new(columns(), rooms().name, columns())
}

async fn with_rows(name: &str) -> (Database, Settings) {
    let settings = plain(&["reader"]);
    let mut client = owned(name).await;
    converge(&mut client, &schema([rooms(), bookings()], &settings)).await;
    let rows = "INSERT INTO rooms VALUES (1, 1), (1, 2);
        INSERT INTO bookings VALUES (1, 1, 1, '[1,5)', 'open', 'a'), (2, NULL, NULL, '[5,9)', 'done', 'b')";
    client.batch_execute(rows).await.unwrap();
    (client, settings)
}

/// From nothing to each state, from each to the next, and back again.
async fn walk(client: &mut Client, settings: &Settings, states: Vec<Table>) {
    let mut states = states;
    states.push(bookings());
    for state in &states {
        converge(client, &schema([rooms(), state.clone()], settings)).await;
    }
    for state in states.iter().rev() {
        converge(client, &schema([rooms(), state.clone()], settings)).await;
    }
    assert_eq!(text(client, "SELECT count(*) FROM bookings").await, "2");
}

#[tokio::test]
async fn checks_change_and_their_spelling_does_not_matter() {
    let (mut client, settings) = with_rows("con_checks").await;
    let with = |checks: &[(&str, Check)]| {
        let mut table = bookings();
        table.checks = checks.iter().map(|(name, check)| (id(name), check.clone())).collect();
        table
    };
    for expr in [
        "id BETWEEN 1 AND 10 AND (status <> 'x')",
        "status IN ('open', 'done', 'it''s   spaced')",
        "status = ANY (ARRAY['open'::varchar, 'done'::varchar])",
        "\"Who Is\" ~ '^[a-z]+$' OR \"Who Is\" LIKE 'A%'",
        "NOT (status IS NULL) AND length(\"Who Is\") > 0 AND -1 < id",
        "upper(during) > lower(during)",
        "CASE WHEN id > 5 THEN status = 'open' ELSE true END",
    ] {
        converge(&mut client, &schema([rooms(), with(&[("a", check(expr))])], &settings)).await;
    }
    let states = vec![
        with(&[("a", check("id > 0"))]),
        with(&[("a", check("id > -1")), ("Odd Name", check("status <> ''"))]),
        with(&[("Odd Name", Check { no_inherit: true, ..check("status <> ''") })]),
        with(&[("a", Check { not_valid: true, ..check("id > 1") })]),
    ];
    walk(&mut client, &settings, states).await;
}

#[tokio::test]
async fn a_check_is_known_by_what_it_says() {
    let (mut client, settings) = with_rows("con_adopted").await;
    client
        .batch_execute(
            "ALTER TABLE bookings ADD CONSTRAINT theirs CHECK (status IN ('open', 'done'))",
        )
        .await
        .unwrap();
    let mut table = bookings();
    table.checks.insert(id("ours"), check("status = 'open' OR status = 'done'"));
    let differs = compare(&mut client, &schema([rooms(), table.clone()], &settings)).await.unwrap();
    assert!(!differs.plan.is_empty(), "another expression is another check");
    table.checks.insert(id("ours"), check("status in ('open','done')"));
    let same = compare(&mut client, &schema([rooms(), table.clone()], &settings)).await.unwrap();
    assert!(same.plan.is_empty(), "{}", same.plan.to_sql());
    // One says what another one says, too, in the words of that one.
    table.checks.insert(id("proven"), Check { not_valid: true, ..check("(id > 0)") });
    table.checks.insert(id("own"), Check { no_inherit: true, ..check("id > 0") });
    converge(&mut client, &schema([rooms(), table.clone()], &settings)).await;
    // A tautology is no match for what it looks like without qualifiers and quotes.
    table.checks.insert(id("ours"), check("status in ('open','done  ')"));
    let differs = compare(&mut client, &schema([rooms(), table], &settings)).await.unwrap();
    assert!(!differs.plan.is_empty(), "white space in a string is part of it");
}

#[tokio::test]
async fn what_was_not_proven_is_validated_and_not_made_again() {
    let (mut client, settings) = with_rows("con_validate").await;
    let with = |not_valid: bool| {
        let mut table = bookings();
        table.checks.insert(id("small"), Check { not_valid, ..check("id < 100") });
        table.foreign_keys.insert(id("room"), ForeignKey { not_valid, ..to_rooms() });
        schema([rooms(), table], &settings)
    };
    converge(&mut client, &with(true)).await;
    let unproven = "SELECT count(*) FROM pg_constraint WHERE NOT convalidated";
    assert_eq!(text(&client, unproven).await, "2");
    let done = converge(&mut client, &with(false)).await.to_sql();
    assert_eq!(text(&client, unproven).await, "0");
    assert_eq!(done.matches("VALIDATE CONSTRAINT").count(), 2, "{done}");
    assert!(!done.contains("DROP"), "{done}");
    // More than was asked for is no difference.
    converge(&mut client, &with(true)).await;
    assert_eq!(text(&client, unproven).await, "0");
}

#[tokio::test]
async fn a_check_that_is_not_proven_is_not_proven_in_a_new_table_either() {
    let mut client = owned("con_unproven").await;
    let mut table = bookings();
    let unproven = Check { not_valid: true, ..check("id < 100") };
    table.checks.extend([(id("small"), unproven), (id("large"), check("id > 0"))]);
    converge(&mut client, &schema([table], &plain(&["reader"]))).await;
    let unproven = "SELECT string_agg(conname, ',') FROM pg_constraint WHERE NOT convalidated";
    assert_eq!(text(&client, unproven).await, "small");
}

#[tokio::test]
async fn foreign_keys_change_in_every_part() {
    let (mut client, settings) = with_rows("con_foreign").await;
    let version: u32 =
        text(&client, "current_setting('server_version_num')").await.parse().unwrap();
    let with = |key: ForeignKey| {
        let mut table = bookings();
        table.foreign_keys.insert(id("room"), key);
        table
    };
    let mut states = vec![
        with(to_rooms()),
        with(ForeignKey { match_full: true, ..to_rooms() }),
        with(ForeignKey {
            on_delete: ReferentialAction::Cascade,
            on_update: ReferentialAction::Restrict,
            ..to_rooms()
        }),
        with(ForeignKey { deferral: Deferral::InitiallyDeferred, ..to_rooms() }),
        with(ForeignKey { deferral: Deferral::InitiallyImmediate, ..to_rooms() }),
        with(ForeignKey { on_delete: ReferentialAction::SetNull, ..to_rooms() }),
    ];
    if version >= 150_000 {
        states.push(with(ForeignKey {
            on_delete: ReferentialAction::SetNull,
            set_columns: vec![id("number")],
            ..to_rooms()
        }));
    }
    walk(&mut client, &settings, states).await;
}

#[tokio::test]
async fn when_a_foreign_key_is_checked_is_altered_in_place() {
    let (mut client, settings) = with_rows("con_defer").await;
    let with = |deferral: Deferral| {
        let mut table = bookings();
        table.foreign_keys.insert(id("room"), ForeignKey { deferral, ..to_rooms() });
        schema([rooms(), table], &settings)
    };
    converge(&mut client, &with(Deferral::Never)).await;
    let done = converge(&mut client, &with(Deferral::InitiallyDeferred)).await.to_sql();
    assert_eq!(
        done,
        "ALTER TABLE public.bookings ALTER CONSTRAINT room DEFERRABLE INITIALLY DEFERRED;\n"
    );
    converge(&mut client, &with(Deferral::InitiallyImmediate)).await;
    converge(&mut client, &with(Deferral::Never)).await;
}

#[tokio::test]
async fn keys_include_columns_and_wait_for_the_end() {
    let (mut client, settings) = with_rows("con_keys").await;
    let version: u32 =
        text(&client, "current_setting('server_version_num')").await.parse().unwrap();
    let with = |key: PrimaryKey, uniques: Vec<Unique>| {
        let mut table = bookings();
        table.primary_key = Some(key);
        let named = uniques.into_iter().enumerate();
        table.uniques = named.map(|(at, unique)| (id(&format!("u{at}")), unique)).collect();
        table
    };
    let key = || PrimaryKey::new(id("bookings_pkey"), vec![id("id")]);
    let unique = || Unique::new(vec![id("Who Is"), id("status")]);
    let mut states = vec![
        with(key(), vec![unique()]),
        with(key(), vec![Unique { include: vec![id("site")], ..unique() }]),
        with(key(), vec![Unique { deferral: Deferral::InitiallyDeferred, ..unique() }]),
        with(PrimaryKey { include: vec![id("status")], ..key() }, vec![]),
        with(PrimaryKey { deferral: Deferral::InitiallyImmediate, ..key() }, vec![unique()]),
        with(PrimaryKey::new(id("bookings_pkey"), vec![id("id"), id("status")]), vec![]),
    ];
    if version >= 150_000 {
        states.push(with(key(), vec![Unique { nulls_not_distinct: true, ..unique() }]));
    }
    walk(&mut client, &settings, states).await;
}

/// Postgres makes a key anew whose columns get another type, and does not know what points at it.
#[tokio::test]
async fn what_a_key_includes_changes_its_type_and_what_points_at_it_stays() {
    let (mut client, settings) = with_rows("con_include").await;
    for (column, of_key) in [("varchar(10)", true), ("text", false), ("varchar(9)", false)] {
        let mut rooms = rooms();
        rooms.columns.push(Column { nullable: true, ..self::column("kind", column) });
        let include = vec![id("kind")];
        match of_key {
            true => rooms.primary_key.iter_mut().for_each(|key| key.include = include.clone()),
            false => {
                let columns = vec![id("site"), id("number")];
                rooms.uniques.insert(id("u"), Unique { include, ..Unique::new(columns) });
            }
        }
        let mut bookings = bookings();
        bookings.foreign_keys.insert(id("to_rooms"), to_rooms());
        converge(&mut client, &schema([rooms.clone(), bookings.clone()], &settings)).await;
        rooms.columns[2].ty = PgType::parse("char(20)").unwrap();
        converge(&mut client, &schema([rooms, bookings], &settings)).await;
    }
}

#[tokio::test]
async fn nothing_overlaps() {
    let (mut client, settings) = with_rows("con_exclusion").await;
    let element = |column: &str, operator: &str| ExclusionElement {
        key: IndexKey::column(id(column)),
        operator: Sql::new(operator),
    };
    let exclusion = |elements: Vec<ExclusionElement>| Exclusion {
        method: id("gist"),
        elements,
        include: Vec::new(),
        predicate: None,
        deferral: Deferral::Never,
    };
    let with = |exclusion: Exclusion| {
        let mut table = bookings();
        table.exclusions.insert(id("no overlap"), exclusion);
        table
    };
    let overlap = || exclusion(vec![element("during", "&&")]);
    let spread = IndexKey {
        value: IndexValue::Expr(Expr::Sql(
            "int4range(lower(during), upper(during) + 1)".to_owned(),
        )),
        ..IndexKey::column(id("during"))
    };
    let states = vec![
        with(overlap()),
        with(Exclusion { predicate: Some(Expr::Sql("status <> 'x'".to_owned())), ..overlap() }),
        with(Exclusion { deferral: Deferral::InitiallyDeferred, ..overlap() }),
        with(exclusion(vec![ExclusionElement { key: spread, operator: Sql::new("-|-") }])),
        with(Exclusion { method: id("btree"), ..exclusion(vec![element("id", "=")]) }),
    ];
    walk(&mut client, &settings, states).await;
    converge(&mut client, &schema([rooms(), with(overlap())], &settings)).await;
    let clash = "INSERT INTO bookings VALUES (3, NULL, NULL, '[2,3)', 'open', 'c')";
    assert!(client.batch_execute(clash).await.is_err());
}
