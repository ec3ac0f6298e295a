//! Four tables, with indexes and without, random rows in them, and the function that puts a pair of
//! predicates on one of them as a policy and tells what it lets through.

use rls_core::model::*;
use rls_core::policy::optimize::Leading;

use super::random::Random;

const USERS: [&str; 3] = [
    "00000000-0000-0000-0000-000000000001",
    "00000000-0000-0000-0000-000000000002",
    "00000000-0000-0000-0000-000000000003",
];

/// Name, type and whether it may be NULL.
type Columns = &'static [(&'static str, &'static str, bool)];

pub const DOCS: Columns = &[
    ("id", "integer", false),
    ("team_id", "integer", true),
    ("big_team", "bigint", false),
    ("owner", "text", true),
    ("owner_key", "uuid", true),
    ("status", "text", true),
    ("title", "text", false),
    ("n", "integer", true),
    ("amount", "numeric", true),
    ("flag", "boolean", true),
    ("sure", "boolean", false),
    ("tags", "text[]", true),
    ("meta", "jsonb", true),
    ("made", "timestamptz", true),
];
pub const MEMBERS: Columns = &[
    ("team_id", "integer", true),
    ("user_id", "text", true),
    ("user_key", "uuid", true),
    ("role", "text", true),
    ("level", "integer", true),
    ("active", "boolean", true),
];
pub const TEAMS: Columns = &[
    ("id", "integer", false),
    ("parent_id", "integer", true),
    ("name", "text", true),
    ("open", "boolean", false),
];

const INDEXED: [(&str, &str); 6] = [
    ("docs", "team_id"),
    ("docs", "big_team"),
    ("docs", "owner"),
    ("docs", "n"),
    ("members", "user_id"),
    ("teams", "id"),
];

pub fn schema_name(indexed: bool) -> &'static str {
    if indexed { "indexed" } else { "plain" }
}

fn qualified(indexed: bool, table: &str) -> QualifiedName {
    let id = |name| Ident::new(name).unwrap();
    QualifiedName::new(id(schema_name(indexed)), id(table))
}

/// The policy's own table first.
pub fn tables(indexed: bool) -> Vec<DeclaredTable> {
    [("docs", DOCS), ("candidates", DOCS), ("members", MEMBERS), ("teams", TEAMS)]
        .into_iter()
        .map(|(name, columns)| {
            let columns = columns.iter().map(|(name, ty, nullable)| Column {
                nullable: *nullable,
                ..crate::support::column(name, ty)
            });
            DeclaredTable::from(Table {
                name: qualified(indexed, name),
                columns: columns.collect(),
                ..crate::support::table(name)
            })
        })
        .collect()
}

pub fn leading() -> Leading {
    let mut leading = Leading::new();
    for (table, column) in INDEXED {
        leading.entry(qualified(true, table)).or_default().insert(Ident::new(column).unwrap());
    }
    leading
}

/// Schema, tables, indexes and the function. `candidates` are rows to insert.
pub fn setup(indexed: bool) -> String {
    let schema = schema_name(indexed);
    let role = "differential_app";
    let mut sql = format!(
        "DO $$ BEGIN CREATE ROLE {role} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
        CREATE SCHEMA {schema}; GRANT USAGE ON SCHEMA {schema} TO {role};\n"
    );
    for (name, columns) in
        [("docs", DOCS), ("candidates", DOCS), ("members", MEMBERS), ("teams", TEAMS)]
    {
        // A candidate breaks any rule but a policy's nowhere: the verdict is the policy's.
        let columns: Vec<_> = columns
            .iter()
            .map(|(name, ty, nullable)| {
                format!("{name} {ty}{}", if *nullable { "" } else { " NOT NULL" })
            })
            .collect();
        sql += &format!("CREATE TABLE {schema}.{name} ({});\n", columns.join(", "));
        sql += &format!("GRANT ALL ON {schema}.{name} TO {role};\n");
    }
    if indexed {
        for (table, column) in INDEXED {
            sql += &format!("CREATE INDEX ON {schema}.{table} ({column});\n");
        }
    }
    sql += &format!("ALTER TABLE {schema}.docs ENABLE ROW LEVEL SECURITY;\n");
    sql + &VERDICTS.replace("SCHEMA", schema).replace("ROLE_NAME", role)
}

/// What is seen, changed and removed, and for each candidate whether it is taken, as new and as
/// changed row. The policy and all that was changed are rolled back.
const VERDICTS: &str = "
CREATE FUNCTION SCHEMA.verdicts(policy_using text, policy_check text, claims text) RETURNS text[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET jit = off AS $fn$
DECLARE
    verdicts text[] := '{}';
    verdict text;
    ids int[];
    candidate int;
BEGIN
    PERFORM set_config('request.jwt.claims', claims, true);
    PERFORM set_config('enable_seqscan', CASE WHEN 'SCHEMA' = 'indexed' THEN 'off' ELSE 'on' END, true);
    EXECUTE format('CREATE POLICY p ON SCHEMA.docs USING (%s) WITH CHECK (%s)', policy_using, policy_check);
    SET LOCAL ROLE ROLE_NAME;
    BEGIN
        SELECT array_agg(id ORDER BY id) INTO ids FROM SCHEMA.docs;
        verdict := coalesce(ids::text, 'none');
    EXCEPTION WHEN OTHERS THEN verdict := 'error ' || SQLSTATE;
    END;
    verdicts := verdicts || CASE WHEN verdict LIKE 'error%' THEN verdict ELSE 'seen ' || verdict END;
    BEGIN
        WITH gone AS (DELETE FROM SCHEMA.docs RETURNING id) SELECT array_agg(id ORDER BY id) INTO ids FROM gone;
        RAISE EXCEPTION USING ERRCODE = 'RB000';
    EXCEPTION
        WHEN SQLSTATE 'RB000' THEN verdict := coalesce(ids::text, 'none');
        WHEN OTHERS THEN verdict := 'error ' || SQLSTATE;
    END;
    verdicts := verdicts || CASE WHEN verdict LIKE 'error%' THEN verdict ELSE 'gone ' || verdict END;
    BEGIN
        WITH changed AS (UPDATE SCHEMA.docs SET title = title || '!' RETURNING id) SELECT array_agg(id ORDER BY id) INTO ids FROM changed;
        RAISE EXCEPTION USING ERRCODE = 'RB000';
    EXCEPTION
        WHEN SQLSTATE 'RB000' THEN verdict := coalesce(ids::text, 'none');
        WHEN insufficient_privilege THEN verdict := 'refused';
        WHEN OTHERS THEN verdict := 'error ' || SQLSTATE;
    END;
    verdicts := verdicts || CASE WHEN verdict LIKE 'error%' THEN verdict ELSE 'changed ' || verdict END;
    FOR candidate IN SELECT c.id FROM SCHEMA.candidates c ORDER BY c.id LOOP
        BEGIN
            INSERT INTO SCHEMA.docs SELECT c.* FROM SCHEMA.candidates c WHERE c.id = candidate;
            RAISE EXCEPTION USING ERRCODE = 'RB000';
        EXCEPTION
            WHEN SQLSTATE 'RB000' THEN verdict := 'taken';
            WHEN insufficient_privilege OR not_null_violation THEN verdict := 'refused';
            WHEN OTHERS THEN verdict := 'error ' || SQLSTATE;
        END;
        verdicts := verdicts || verdict;
    END LOOP;
    BEGIN
        UPDATE SCHEMA.docs SET status = 'open', owner = NULL, team_id = 2;
        RAISE EXCEPTION USING ERRCODE = 'RB000';
    EXCEPTION
        WHEN SQLSTATE 'RB000' THEN verdict := 'changed into';
        WHEN insufficient_privilege THEN verdict := 'not changed into';
        WHEN OTHERS THEN verdict := 'error ' || SQLSTATE;
    END;
    verdicts := verdicts || verdict;
    RESET ROLE;
    DROP POLICY p ON SCHEMA.docs;
    RETURN verdicts;
END $fn$;
";

/// Other rows in all tables.
pub fn fill(indexed: bool, seed: u64) -> String {
    let schema = schema_name(indexed);
    let mut random = Random::new(seed ^ 0xda7a);
    let mut sql = String::new();
    for (name, columns, rows) in
        [("docs", DOCS, 14), ("candidates", DOCS, 8), ("members", MEMBERS, 10), ("teams", TEAMS, 4)]
    {
        let rows: Vec<_> = (1..=rows)
            .map(|id| {
                let values: Vec<_> =
                    columns.iter().map(|column| value(&mut random, column, id)).collect();
                format!("({})", values.join(", "))
            })
            .collect();
        sql += &format!(
            "DELETE FROM {schema}.{name}; INSERT INTO {schema}.{name} VALUES {};\n",
            rows.join(", ")
        );
    }
    sql
}

fn value(random: &mut Random, (name, ty, nullable): &(&str, &str, bool), id: usize) -> String {
    if *nullable && random.one_in(4) {
        return "NULL".to_owned();
    }
    let text = |text: &str| format!("'{text}'");
    match (*name, *ty) {
        ("id", _) => id.to_string(),
        ("team_id" | "parent_id" | "big_team", _) => (1 + random.below(4)).to_string(),
        ("owner" | "user_id" | "owner_key" | "user_key", _) => text(random.pick(&USERS)),
        ("status" | "role" | "name", _) => text(random.pick(&["open", "shut", "admin", ""])),
        (_, "text") => text(random.pick(&["1", "2", "x", "a%b", "open"])),
        (_, "integer") => (random.below(5)).to_string(),
        (_, "numeric") => text(random.pick(&["0", "1", "1.0", "2.5"])),
        (_, "boolean") => text(random.pick(&["true", "false"])),
        (_, "text[]") => text(random.pick(&["{}", "{open}", "{open,NULL}", "{NULL}", "{x,1}"])),
        (_, "jsonb") => text(random.pick(&[
            "{}",
            "{\"k\": \"open\"}",
            "{\"k\": null}",
            "{\"k\": [\"open\", \"x\"], \"n\": \"1\"}",
            "null",
            "[\"open\"]",
        ])),
        (_, "timestamptz") => text(random.pick(&["2001-01-01", "2999-01-01", "infinity"])),
        other => panic!("no values for {other:?}"),
    }
}

/// What the request brings along: nothing, no subject, or all.
pub fn claims(random: &mut Random) -> String {
    let role = random.pick(&["\"admin\"", "null", "\"open\"", "[\"open\", \"x\"]"]);
    let n = random.pick(&["1", "\"2\"", "\"x\"", "null"]);
    match random.below(8) {
        0 => String::new(),
        1 => format!("{{\"o\": {{\"rol\": {role}}}, \"n\": {n}}}"),
        2 => format!("{{\"sub\": null, \"n\": {n}}}"),
        _ => {
            let sub = random.pick(&USERS);
            format!("{{\"sub\": \"{sub}\", \"o\": {{\"rol\": {role}}}, \"n\": {n}}}")
        }
    }
}
