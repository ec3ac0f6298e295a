//! Sequences on a real server: those of serial columns and those that stand alone.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]
#![allow(dead_code, reason = "not every test uses all of the support")]

mod support;

use rls_core::Settings;
use rls_core::apply::compare;
use rls_core::diff::{Canonical, Pair};
use rls_core::model::*;
use rls_core::plan::{HazardKind, Origin, from_nothing, plan};
use rls_core::resolve::{Declared, resolve};
use support::owner::{converge, owned, text};
use support::*;

fn in_public(name: &str) -> QualifiedName {
    QualifiedName::new(id("public"), id(name))
}

fn sequence(name: &str, ty: &str, options: SequenceOptions) -> Sequence {
    let ty = PgType::parse(ty).unwrap();
    Sequence { name: in_public(name), ty, options, owner: None }
}

/// `items(id, n)` whose `id` is filled as told, and that `reader` may add to.
fn items(fill: impl FnOnce(&mut Column)) -> Table {
    let mut items = table("items");
    let mut number = column("id", "bigint");
    fill(&mut number);
    items.columns = vec![number, column("n", "text")];
    let add = policy(Command::Insert, &[role("reader")], None, Some("n <> ''"));
    items.policies.insert(id("add"), add);
    items
}

fn serial(name: &str, ty: &str) -> DeclaredTable {
    let items = items(|number| {
        number.ty = PgType::parse(ty).unwrap();
        number.default = Some(Expr::Sql(format!("nextval('public.{name}'::regclass)")));
    });
    let mut declared = DeclaredTable::from(items);
    let owner = SequenceOwner { table: in_public("items"), column: id("id") };
    let own = sequence(name, ty, SequenceOptions::default());
    declared.sequences = vec![Sequence { owner: Some(owner), ..own }];
    declared
}

fn compiled(tables: Vec<DeclaredTable>, sequences: Vec<Sequence>, settings: &Settings) -> Schema {
    let sequences = sequences.into_iter();
    let sequences = sequences
        .map(|sequence| DeclaredSequence {
            sequence,
            comment: None,
            owner: None,
            grants: Vec::new(),
        })
        .collect();
    resolve(Declared { tables, sequences, ..Declared::default() }, settings).unwrap().schema
}

const ADD: &str = "INSERT INTO items (n) VALUES ('x')";
const LAST: &str = "SELECT max(id) FROM items";

#[tokio::test]
async fn bigserial_that_somebody_else_made_is_no_difference() {
    let settings = plain(&["reader"]);
    let mut client = owned("seq_bigserial").await;
    let made =
        "CREATE TABLE items (id bigserial, n text NOT NULL); INSERT INTO items (n) VALUES ('x')";
    client.batch_execute(made).await.unwrap();
    let declared = compiled(vec![serial("items_id_seq", "bigint")], vec![], &settings);
    let plan = converge(&mut client, &declared).await.to_sql();
    assert!(!plan.contains("nextval") && !plan.contains("ALTER COLUMN"), "{plan}");
    assert!(plan.contains("GRANT USAGE ON SEQUENCE public.items_id_seq TO reader"), "{plan}");
    client.batch_execute(&format!("SET ROLE reader; {ADD}; RESET ROLE")).await.unwrap();
    assert_eq!(text(&client, LAST).await, "2");
}

#[tokio::test]
async fn a_column_may_be_serial_or_an_identity_or_neither_and_goes_on_counting() {
    let settings = plain(&["reader"]);
    let mut client = owned("seq_ways").await;
    let neither = compiled(vec![items(|_| {}).into()], vec![], &settings);
    let identity = items(|number| number.identity = Some(Identity::ByDefault));
    let identity = compiled(vec![identity.into()], vec![], &settings);
    let serial = |ty| compiled(vec![self::serial("items_id_seq", ty)], vec![], &settings);
    let mut tied = self::serial("items_id_seq", "bigint");
    tied.table.columns[0].default = None;
    let tied = compiled(vec![tied], vec![], &settings);
    converge(&mut client, &neither).await;
    client.batch_execute("INSERT INTO items VALUES (41, 'x')").await.unwrap();
    let mut last = 41;
    let ways = [
        &serial("bigint"),
        &identity,
        &serial("bigint"),
        &neither,
        &identity,
        // Its sequence merely belongs to it.
        &tied,
        &neither,
        &serial("bigint"),
    ];
    for way in ways {
        converge(&mut client, way).await;
        if *way != neither && *way != tied {
            client.batch_execute(ADD).await.unwrap();
            last += 1;
            assert_eq!(text(&client, LAST).await, last.to_string());
        }
    }
    let sequences = "SELECT count(*) FROM pg_class WHERE relkind = 'S'";
    assert_eq!(text(&client, sequences).await, "1");
    converge(&mut client, &neither).await;
    assert_eq!(text(&client, sequences).await, "0");
}

#[tokio::test]
async fn a_serial_column_changes_its_type_and_its_sequence_with_it() {
    let settings = plain(&["reader"]);
    let mut client = owned("seq_type").await;
    let serial = |ty| compiled(vec![self::serial("items_id_seq", ty)], vec![], &settings);
    converge(&mut client, &serial("integer")).await;
    client.batch_execute(ADD).await.unwrap();
    for ty in ["bigint", "integer"] {
        converge(&mut client, &serial(ty)).await;
        client.batch_execute(ADD).await.unwrap();
    }
    assert_eq!(text(&client, LAST).await, "3");
}

#[tokio::test]
async fn a_sequence_of_its_own_comes_before_what_counts_with_it_and_goes_after() {
    let settings = plain(&["reader"]);
    let mut client = owned("seq_free").await;
    let counting = |name: &str| -> DeclaredTable {
        let default = format!("nextval('public.{name}'::regclass)");
        items(|number| number.default = Some(Expr::Sql(default))).into()
    };
    let from_1000 = SequenceOptions { start: Some(1000), ..SequenceOptions::default() };
    let one = sequence("zz_number", "bigint", from_1000);
    let down = SequenceOptions {
        increment: Some(-2),
        min: Some(-50),
        max: Some(2000),
        cache: Some(3),
        cycle: true,
        start: None,
    };
    let other = sequence("zz_number", "integer", down);
    let first = compiled(vec![counting("zz_number")], vec![one], &settings);
    converge(&mut client, &first).await;
    client.batch_execute(ADD).await.unwrap();
    assert_eq!(text(&client, LAST).await, "1000");
    let second = compiled(vec![counting("zz_number")], vec![other], &settings);
    converge(&mut client, &second).await;
    client.batch_execute("DELETE FROM items").await.unwrap();
    client.batch_execute(ADD).await.unwrap();
    assert_eq!(text(&client, LAST).await, "998");
    converge(&mut client, &first).await;

    // Who may count with it is governed.
    client.batch_execute("GRANT ALL ON SEQUENCE zz_number TO reader, PUBLIC").await.unwrap();
    let plan = converge(&mut client, &first).await.to_sql();
    assert!(plan.contains("REVOKE"), "{plan}");

    // One that somebody else made is not touched, and neither is one that nothing counts with now.
    client.batch_execute("CREATE SEQUENCE theirs").await.unwrap();
    let none = compiled(vec![items(|_| {}).into()], vec![], &settings);
    converge(&mut client, &none).await;
    let there =
        "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'S'";
    assert_eq!(text(&client, there).await, "theirs zz_number");
}

/// It counts on, for whoever counts with it, though its own table is made anew.
#[tokio::test]
async fn a_sequence_outlives_the_table_that_it_belongs_to() {
    let settings = plain(&["reader"]);
    let mut client = owned("seq_outlives").await;
    let other = |default: Option<&str>| {
        let mut other = table("others");
        let number = Column {
            default: default.map(|it| Expr::Sql(it.to_owned())),
            ..column("id", "bigint")
        };
        other.columns = vec![number, column("n", "text")];
        DeclaredTable::from(other)
    };
    let counting = || other(Some("nextval('public.items_id_seq'::regclass)"));
    let spread = || {
        let mut serial = serial("items_id_seq", "bigint");
        serial.table.partitioning = Some(Partitioning {
            strategy: PartitionStrategy::Hash,
            keys: vec![IndexKey::column(id("id"))],
            keep_undeclared: false,
            partitions: Default::default(),
        });
        serial
    };
    let plain = compiled(vec![serial("items_id_seq", "bigint"), counting()], vec![], &settings);
    converge(&mut client, &plain).await;
    client.batch_execute("INSERT INTO others (n) VALUES ('x'), ('y')").await.unwrap();
    let spread = compiled(vec![spread(), counting()], vec![], &settings);
    let done = converge(&mut client, &spread).await.to_sql();
    assert!(done.contains("OWNED BY NONE") && !done.contains("CREATE SEQUENCE"), "{done}");
    client.batch_execute("INSERT INTO others (n) VALUES ('z')").await.unwrap();
    assert_eq!(text(&client, "SELECT max(id) FROM others").await, "3");

    // Where it goes, it goes after whatever counted with it.
    for rest in [vec![], vec![other(None)], vec![other(Some("7"))]] {
        converge(&mut client, &plain).await;
        let next = compiled(rest, vec![], &settings);
        let schemas = Pair { previous: &plain, next: &next };
        let plan = plan(schemas, &Canonical::default(), Origin::Snapshot);
        for statement in plan.steps.iter().flat_map(|step| &step.statements) {
            let done = client.batch_execute(statement).await;
            done.unwrap_or_else(|error| panic!("{error:?}\n{}", plan.to_sql()));
        }
        let left = "SELECT count(*) FROM pg_class WHERE relkind = 'S'";
        assert_eq!(text(&client, left).await, "0");
    }
}

#[test]
fn a_migration_drops_a_sequence_that_is_no_longer_declared() {
    let settings = plain(&["reader"]);
    let free = sequence("numbers", "bigint", SequenceOptions::default());
    let table = || DeclaredTable::from(items(|_| {}));
    let with = compiled(vec![table()], vec![free], &settings);
    let without = compiled(vec![table()], vec![], &settings);
    let pair = Pair { previous: &with, next: &without };
    let sql = plan(pair, &Canonical::default(), Origin::Snapshot).to_sql();
    assert_eq!(sql, "DROP SEQUENCE public.numbers;\n");
    // With its table, a column's own goes by itself.
    let serial = compiled(vec![serial("items_id_seq", "bigint")], vec![], &settings);
    let nothing = Schema { tables: Default::default(), sequences: Default::default(), ..without };
    let pair = Pair { previous: &serial, next: &nothing };
    let sql = plan(pair, &Canonical::default(), Origin::Snapshot).to_sql();
    assert!(!sql.contains("DROP SEQUENCE"), "{sql}");
    let made = from_nothing(&serial);
    assert!(made.refused(&[]).next().is_none(), "{:?}", made.refused(&[]).collect::<Vec<_>>());
    let json = serde_json::to_string(&with).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), with);
}

#[tokio::test]
async fn the_sequence_of_a_column_that_is_declared_otherwise_is_told_before_it_goes() {
    let settings = plain(&["reader"]);
    let mut client = owned("seq_told").await;
    client.batch_execute("CREATE TABLE items (id bigserial, n text NOT NULL)").await.unwrap();
    let identity = items(|number| number.identity = Some(Identity::ByDefault));
    let identity = compiled(vec![identity.into()], vec![], &settings);
    let plan = compare(&mut client, &identity).await.unwrap().plan;
    let told = plan.refused(&[]).any(|hazard| hazard.kind == HazardKind::DropsUndeclared);
    assert!(told, "{}", plan.to_sql());
    // One that a declared default counts with stays, declared or not.
    let counting = items(|number| {
        number.default = Some(Expr::Sql("nextval('public.items_id_seq')".to_owned()));
    });
    let counting = compiled(vec![counting.into()], vec![], &settings);
    let plan = converge(&mut client, &counting).await.to_sql();
    assert!(!plan.contains("SEQUENCE public.items_id_seq;"), "{plan}");
}

/// Whatever it has come to is moved to what is left; where nothing is, it begins anew.
#[tokio::test]
async fn a_sequence_gets_other_bounds_and_may_turn_round() {
    let mut client = owned("seq_bounds").await;
    let way = |increment, min, max| SequenceOptions { increment, min, max, ..Default::default() };
    let ways = [
        ("bigint", way(None, Some(-50), None)),
        ("integer", way(None, Some(10), Some(90))),
        ("smallint", way(Some(-1), None, None)),
        ("integer", way(Some(-3), Some(-100), Some(50))),
        ("bigint", way(Some(2), None, None)),
    ];
    for (ty, options) in ways {
        let free = sequence("free", ty, options.clone());
        let identity = items(|number| {
            number.ty = PgType::parse(ty).unwrap();
            number.identity = Some(Identity::Always);
            number.numbering = options.clone();
        });
        let desired = compiled(vec![identity.into()], vec![free], &plain(&["reader"]));
        converge(&mut client, &desired).await;
        client.batch_execute(&format!("SELECT nextval('free'); {ADD}")).await.unwrap();
    }
    assert_eq!(text(&client, "SELECT count(DISTINCT id) FROM items").await, "5");
}

#[tokio::test]
async fn rows_that_the_owner_does_not_see_are_counted_too() {
    let settings = Settings { force: [id("public")].into(), ..plain(&["reader"]) };
    let none = compiled(vec![items(|_| {}).into()], vec![], &settings);
    let identity = items(|number| number.identity = Some(Identity::ByDefault));
    let ways = [
        ("identity", compiled(vec![identity.into()], vec![], &settings)),
        ("serial", compiled(vec![serial("items_id_seq", "bigint")], vec![], &settings)),
    ];
    for (name, numbered) in ways {
        let mut client = owned(&format!("unseen_{name}")).await;
        converge(&mut client, &none).await;
        client.batch_execute("RESET ROLE; INSERT INTO items VALUES (41, 'x')").await.unwrap();
        let owner = format!("SET ROLE unseen_{name}_owner");
        client.batch_execute(&owner).await.unwrap();
        assert_eq!(text(&client, "SELECT count(*) FROM items").await, "0");
        converge(&mut client, &numbered).await;
        assert_eq!(text(&client, "SELECT count(*) FROM items").await, "0", "{name}: FORCE is back");
        client.batch_execute(&format!("RESET ROLE; {ADD}")).await.unwrap();
        assert_eq!(text(&client, LAST).await, "42", "{name}");
    }
}

/// Where no name is declared, an adopted sequence keeps the one that it has.
#[tokio::test]
async fn the_sequence_of_an_identity_column_has_a_name_of_its_own() {
    let mut client = owned("seq_named").await;
    let called = |name: Option<&str>| {
        let identity = items(|number| {
            number.identity = Some(Identity::Always);
            number.sequence = name.map(id);
        });
        compiled(vec![identity.into()], vec![], &plain(&["reader"]))
    };
    const NAME: &str = "SELECT pg_get_serial_sequence('items', 'id')";
    for (declared, held) in [
        (Some("numbers"), "public.numbers"),
        (None, "public.numbers"),
        (Some("Other Numbers"), "public.\"Other Numbers\""),
    ] {
        converge(&mut client, &called(declared)).await;
        assert_eq!(text(&client, NAME).await, held);
        client.batch_execute(ADD).await.unwrap();
    }
    assert_eq!(text(&client, LAST).await, "3");

    // A column that is there is numbered from such a sequence too.
    let bare = compiled(vec![items(|_| {}).into()], vec![], &plain(&["reader"]));
    converge(&mut client, &bare).await;
    converge(&mut client, &called(Some("numbers"))).await;
    assert_eq!(text(&client, NAME).await, "public.numbers");
    client.batch_execute(ADD).await.unwrap();
    assert_eq!(text(&client, LAST).await, "4");

    client.batch_execute("DROP TABLE items").await.unwrap();
    converge(&mut client, &called(None)).await;
    assert_eq!(text(&client, NAME).await, "public.items_id_seq");
    converge(&mut client, &called(Some("numbers"))).await;
    assert_eq!(text(&client, NAME).await, "public.numbers");
}
