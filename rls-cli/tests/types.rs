//! Enums, domains, composite types and newtypes, from source to a live database and back.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod support;

use support::{Live, NEON, Project, messages};

const SCHEMA: &str = r#"use rls_schema::{PgEnum, PgType, Table};

/// How far it is.
#[derive(PgEnum)]
pub enum Status {
    Draft,
    #[rls(value = "in review")]
    InReview,
    Done,
}

#[derive(PgType)]
#[rls(domain, check = value.contains("@"), check = sql("VALUE <> '@'"), default = "a@b")]
pub struct Email(String);

#[derive(PgType)]
#[rls(composite)]
pub struct Address {
    /// With the number.
    pub street: String,
    pub of: Option<Email>,
    pub statuses: Vec<Status>,
}

#[derive(PgType)]
#[rls(transparent)]
pub struct UserId(String);

#[derive(Table)]
#[rls(
    table = "papers",
    crud_policy(
        role = authenticated,
        read = auth_uid(owner) && status != "draft" || email == claim("email"),
        modify = auth_uid(owner) && status.is_in(["draft", "in review"]),
    ),
    check = status != "done" || email.is_some(),
)]
pub struct Paper {
    #[rls(primary_key, default = auth_uid())]
    pub owner: UserId,
    #[rls(default = "draft", index)]
    pub status: Status,
    pub email: Option<Email>,
    pub address: Option<Address>,
}
"#;

#[test]
fn they_are_applied_read_back_and_changed() {
    let project = Live::new(NEON, SCHEMA);
    project
        .apply(&[])
        .says("CREATE TYPE public.status")
        .says("COMMENT ON COLUMN public.address.street");
    project.assert_in_sync();
    project.sql(
        "INSERT INTO papers VALUES ('ann', 'in review', 'a@b', ROW('High St', 'c@d', '{draft,done}'))",
    );
    // A value more, which nothing uses yet; then one that moves, with all around it.
    project.declare(&SCHEMA.replace("    Done,\n", "    Done,\n    Dropped,\n"));
    project.apply(&[]).exits(1).says("--allow irreversible");
    project.apply(&["--allow", "irreversible"]).says("ADD VALUE 'dropped'");
    project.declare(
        &SCHEMA.replace("    Draft,\n", "").replace("    Done,\n", "    Done,\n    Draft,\n"),
    );
    project.apply(&["--allow", "loses-data"]).says("RENAME TO").never_says("hazard: values");
    project.assert_in_sync();
    let row = "SELECT address::text FROM papers";
    assert_eq!(project.value(row), "(\"High St\",c@d,\"{draft,done}\")");
    project.declare(&SCHEMA.replace("pub street: String", "pub street: i32"));
    project
        .run(&["apply"])
        .exits(1)
        .says("the attribute street of the type public.address becomes integer");
}

#[test]
fn mistakes_are_told_at_their_tokens() {
    let told = |schema: &str, message: &str, help: &str| {
        let project = Project::new(NEON, schema);
        let (text, json) = project.both(&["check"]);
        let text = text.exits(1);
        assert_eq!(messages(&json), [message], "{text}");
        text.says(help);
    };
    let with = |from: &str, to: &str| SCHEMA.replace(from, to);
    told(
        &with(r#"status != "draft""#, r#"status != "draf""#),
        "`draf` is no value of `public.status`",
        "did you mean `draft`?",
    );
    told(
        &with(r#"["draft", "in review"]"#, r#"["open", "in review"]"#),
        "`open` is no value of `public.status`",
        "its values are `draft`, `in review`, `done`",
    );
    told(
        &with("pub status: Status", "pub status: crate::Statuss"),
        "no Postgres type is known for `Statuss`",
        "did you mean `Status`?",
    );
    told(
        &with("Vec<Status>", "Vec<State>"),
        "no Postgres type is known for `State`",
        "derive `PgEnum` or `PgType` for it",
    );
    told(&with("Vec<Status>", "Vec<Address>"), "`Address` is made of itself, by this", "");
    told(
        &with(r#"value.contains("@")"#, r#"value > 5"#),
        "`value` is text and `5` is a number, which Postgres does not compare",
        "",
    );
    told(
        &with("default = auth_uid())]", "identity)]"),
        "a column that is numbered is a `smallint`, `integer` or `bigint`",
        "",
    );
    told(
        &with(r#"table = "papers""#, r#"table = "status""#),
        "`public.status` is a table, and a type of that name is its row",
        "give one of the two another name",
    );
    told(
        &format!(
            "{SCHEMA}\n#[derive(PgEnum)]\n#[rls(name = \"status\")]\npub enum Other {{ A }}\n"
        ),
        "type `public.status` is declared twice",
        "",
    );
}
