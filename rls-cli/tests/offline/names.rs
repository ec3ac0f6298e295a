//! Names that need quotes, and long ones.

use crate::support::{NEON, Project, messages, places};

#[test]
fn names_are_quoted_where_they_need_it() {
    let cases = [
        ("plain", "plain"),
        ("Mixed Case", "\"Mixed Case\""),
        ("with \"quotes\"", "\"with \"\"quotes\"\"\""),
        ("it's", "\"it's\""),
        ("ünïcödé", "\"ünïcödé\""),
        ("日本語", "\"日本語\""),
        ("select", "\"select\""),
        ("user", "\"user\""),
        ("a.b", "\"a.b\""),
        ("1st", "\"1st\""),
    ];
    for (name, quoted) in cases {
        let schema = format!(
            "#[derive(Table)]\n#[rls(table = {name:?}, schema = {name:?})]\npub struct A {{\n    #[rls(column = {name:?})]\n    pub id: i64,\n}}"
        );
        let sql = Project::new(NEON, &schema).run(&["sql"]).exits(0).out;
        assert!(
            sql.contains(&format!("CREATE TABLE {quoted}.{quoted} (\n    {quoted} bigint")),
            "{sql}"
        );
    }
}

#[test]
fn names_have_63_bytes_at_most() {
    let named = |name: &str| {
        let name = format!("{name:?}");
        Project::new(
            NEON,
            &format!(
                "#[derive(Table)]\n#[rls(table = {name})]\npub struct A {{\n    #[rls(column = {name}, unique, index)]\n    pub id: i64,\n}}"
            ),
        )
    };
    let (ascii, unicode) = ("x".repeat(63), format!("{}x", "é".repeat(31)));
    for name in [&ascii, &unicode] {
        let sql = named(name).run(&["sql"]).exits(0).out;
        let too_long = sql.split('"').find(|name| name.len() > 63 && !name.contains(' '));
        assert_eq!(too_long, None, "{sql}");
    }
    for name in ["x".repeat(64), "é".repeat(32)] {
        let (_, json) = named(&name).both(&["check"]);
        assert_eq!(places(&json), ["src/schema.rs:2:15", "src/schema.rs:4:20"], "{json:#}");
        assert!(messages(&json)[0].contains("this one has 64"), "{json:#}");
    }
    named("").both(&["check"]).0.exits(1).says("cannot be empty");
    named("a\0b").both(&["check"]).0.exits(1).says("NUL");
}
