//! Sorts of columns. A column's name decides its sort, so that a text that names a column stays right
//! whichever type of the sort it has, in this schema or the next.
//!
//! `§` stands for the column in every text.

use rls_core::model::Ident;

#[derive(Clone, Copy, Debug, Default)]
pub struct Kind {
    pub names: &'static [&'static str],
    /// Each can be cast into each.
    pub types: &'static [&'static str],
    /// What is true or false and never changes.
    pub tests: &'static [&'static str],
    /// What depends on the moment too, which only policies and triggers may.
    pub moments: &'static [&'static str],
    /// What is put there.
    pub values: &'static [&'static str],
    /// What rows hold; where there is nothing, what is put there otherwise.
    pub rows: &'static [&'static str],
    /// What an index may hold instead of it.
    pub made: &'static [&'static str],
    /// What it may be computed from: the sort of another column, and how.
    pub computed: &'static [(&'static str, &'static str)],
    /// Whether a B-tree can hold it.
    pub ordered: bool,
    /// Whether foreign keys can go through it.
    pub key: bool,
    /// Access methods and operator classes that some type of it has.
    pub methods: &'static [Method],
}

/// An access method, and an operator class with its parameters where it is not the usual one; all for
/// types whose text begins so.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    pub name: &'static str,
    pub class: Option<(&'static str, &'static [(&'static str, &'static str)])>,
    pub types: &'static [&'static str],
}

const fn usual(name: &'static str) -> Method {
    Method { name, class: None, types: &[""] }
}

const fn class(
    name: &'static str,
    class: &'static str,
    parameters: &'static [(&'static str, &'static str)],
    types: &'static [&'static str],
) -> Method {
    Method { name, class: Some((class, parameters)), types }
}

const NONE: Kind = Kind {
    names: &[],
    types: &[],
    tests: &[],
    moments: &[],
    values: &[],
    rows: &[],
    made: &[],
    computed: &[],
    ordered: false,
    key: false,
    methods: &[],
};

const fn free(names: &'static [&'static str], types: &'static [&'static str]) -> Kind {
    Kind { names, types, ..NONE }
}

impl Kind {
    /// Whether two values of whichever type can be compared.
    pub fn is_all_ordered(&self) -> bool {
        self.ordered && !self.types.contains(&"json")
    }
}

pub fn of(name: &Ident) -> &'static Kind {
    let found = KINDS.iter().find(|kind| kind.names.contains(&name.as_str()));
    found.unwrap_or_else(|| panic!("no sort of column is called {name}"))
}

/// Weighted: what comes first is more usual.
pub static KINDS: &[Kind] = &[
    INT,
    TEXT,
    BOOL,
    UUID,
    TIME,
    NUM,
    JSON,
    TAGS,
    SPAN,
    LASTS,
    NET,
    CHARS,
    INTS,
    MOOD,
    LEVEL,
    LABEL,
    BOTH,
    Kind { values: &["'{sad,ok}'", "'{}'"], ..free(&["moods"], &["public.\"Mood\"[]"]) },
    Kind { values: &["'{1,2}'", "'{}'"], ..free(&["levels"], &["app.level[]"]) },
    Kind { values: &["'\\xdead'"], ..free(&["raw"], &["bytea"]) },
    Kind { values: &["'1.50'", "1"], ..free(&["price"], &["money"]) },
    Kind {
        values: &["point(1, 2)", "'(0,0)'"],
        methods: &[usual("gist"), usual("spgist")],
        ..free(&["spot"], &["point"])
    },
    Kind {
        methods: &[usual("gist"), usual("spgist"), usual("brin")],
        ..free(&["crate"], &["box"])
    },
    Kind { methods: &[usual("gist")], ..free(&["circle"], &["circle"]) },
    free(&["line"], &["line"]),
    free(&["lseg"], &["lseg"]),
    free(&["path"], &["path"]),
    Kind { methods: &[usual("gist")], ..free(&["polygon"], &["polygon"]) },
    Kind { values: &["B'101'"], ..free(&["flags"], &["bit(3)", "bit varying(5)", "bit varying"]) },
    free(&["mac"], &["macaddr", "macaddr8"]),
    Kind {
        methods: &[
            usual("gin"),
            usual("gist"),
            class("gist", "tsvector_ops", &[("siglen", "100")], &[""]),
        ],
        computed: &[
            ("name", "to_tsvector('english'::regconfig, §)"),
            ("title", "to_tsvector('simple', coalesce(§, ''))"),
        ],
        ..free(&["search"], &["tsvector"])
    },
    free(&["query"], &["tsquery"]),
    Kind {
        values: &["'12:00'"],
        ..free(
            &["at"],
            &["time without time zone", "time(3) without time zone", "time with time zone"],
        )
    },
    free(&["oid"], &["oid"]),
    free(&["lsn"], &["pg_lsn"]),
    free(&["jpath"], &["jsonpath"]),
    free(&["xml"], &["xml"]),
    free(&["nums"], &["numrange"]),
    free(&["days"], &["daterange"]),
    free(&["stamps"], &["tsrange"]),
    free(&["bigs"], &["int8range"]),
    free(&["uuids"], &["uuid[]"]),
    free(&["when"], &["timestamp(3) with time zone[]"]),
    free(&["sums"], &["numeric(10,2)[]", "numeric[]"]),
    free(&["bits"], &["boolean[]"]),
    free(&["docs"], &["jsonb[]"]),
];

const INT: Kind = Kind {
    names: &["id", "n", "org_id", "Größe", "select"],
    types: &["integer", "bigint", "smallint"],
    tests: &[
        "§ > 0",
        "§ BETWEEN 1 AND 10",
        "§ IN (1, 2, 3)",
        "§ % 2 = 0",
        "§ IS DISTINCT FROM 7",
        "§ <> -1",
        "abs(§) < 100",
        "CASE WHEN § > 0 THEN true ELSE false END",
        "coalesce(§, 0) >= 0",
        "§ NOT IN (4, 5)",
        "(§ + 1) * 2 > 3",
        "NOT (§ = 3)",
        "§ = ANY ('{1,2}')",
        "§::text <> '5'",
        "§ IS NOT NULL",
        "(§ > 1) IS TRUE",
        "§ IS NOT DISTINCT FROM 1",
        "§ + 1 > -§",
        "§ BETWEEN SYMMETRIC 10 AND 1",
        "§ IS NULL OR § BETWEEN 1 AND 5 AND (§ <> 2 OR § <> 3)",
    ],
    values: &[
        "0",
        "-1",
        "1 + 2",
        "CASE WHEN true THEN 1 ELSE 2 END",
        "'5'",
        "length('abc')",
        "NULL",
        "+7",
        "(1)",
        "NULL::bigint",
        "NULL::integer",
        "'-3'::integer",
        "2::smallint",
        "ceil(1.5)",
        "1::text::int",
    ],
    rows: &["1", "2", "3", "4", "7"],
    made: &["§ + 1", "abs(§)", "-§", "§ % 10", "coalesce(§, 0)", "§::text"],
    computed: &[
        ("n", "§ * 2"),
        ("Größe", "§ + 1"),
        ("name", "length(§)"),
        ("org_id", "CASE WHEN § > 0 THEN 1 ELSE -1 END"),
    ],
    ordered: true,
    key: true,
    methods: &[
        usual("hash"),
        usual("brin"),
        class("brin", "int4_minmax_multi_ops", &[("values_per_range", "16")], &["integer"]),
        class(
            "brin",
            "int8_bloom_ops",
            &[("n_distinct_per_range", "100"), ("false_positive_rate", "0.05")],
            &["bigint"],
        ),
    ],
    ..NONE
};

const TEXT: Kind = Kind {
    names: &["name", "user", "title", "it's", "a\"b", "-- x"],
    types: &["text", "character varying", "character varying(40)"],
    tests: &[
        "§ <> ''",
        "§ LIKE 'a%'",
        "§ ILIKE '%ü--%'",
        "§ IN ('a', 'it''s', '-- no comment')",
        "char_length(§) <= 20",
        "§ ~ '^[a-z]+$'",
        "§ SIMILAR TO 'a|b'",
        "lower(§) = §",
        "§ = E'a\\nb'",
        "position('/*' in §) = 0",
        "§ IS NOT NULL",
        "trim(§) <> ''",
        "substring(§ from 1 for 2) = 'ab'",
        "§ || 'x' <> 'yx'",
        "§ COLLATE \"C\" < 'z'",
        "§ = any (array['a', 'b'])",
        "§ BETWEEN 'a' AND 'm'",
        "§ NOT LIKE '\\_%'",
        "§ = $$do$$",
        "§ <> 'a;b'",
        "§::varchar(3) = 'abc'",
        "§ IS DISTINCT FROM 'x'",
        "§ = 'a'\n    OR § = 'b'",
        "§ <> 'z'",
        "§ NOT IN ('x')",
        "(§ = '') IS NOT TRUE",
        "§ = 'tab\there'",
        "§ LIKE 'a!%' ESCAPE '!'",
    ],
    moments: &[
        "§ = current_user",
        "§ = CURRENT_USER::text",
        "§ = (select current_setting('request.jwt.claims', true)::json ->> 'sub')",
        "§ = current_setting('app.user', true)",
        "§ IN (SELECT unnest(ARRAY['a', 'b']))",
    ],
    values: &[
        "'x'",
        "''",
        "'it''s'",
        "'a' || 'b'",
        "current_user",
        "'-- no'",
        "E'tab\\t'",
        "md5('a')",
        "'ü'::text",
        "coalesce(NULL, 'x')",
        "upper('a')",
        "$$dollar$$",
        "NULL",
        "'a'::character varying",
        "(SESSION_USER)::text || '/'",
        "'new\nline'",
        "NULL::text",
        "5",
        "NULL::character varying",
        "'abcdef'::varchar(3)",
        "'semi;colon'",
    ],
    rows: &["'a'", "'b'", "'it''s'", "'abcdef'", "'x'"],
    made: &[
        "lower(§)",
        "§ || 'x'",
        "coalesce(§, '')",
        "\"left\"(§, 3)",
        "lower(§ COLLATE \"C\")",
        "md5(§)",
        "length(§)",
        "btrim(§, ' ')",
    ],
    computed: &[
        ("name", "upper(§)"),
        ("title", "§ || '!'"),
        ("n", "§::text"),
        ("a\"b", "coalesce(§, 'it''s')"),
    ],
    ordered: true,
    key: true,
    methods: &[
        usual("hash"),
        class("btree", "text_pattern_ops", &[], &[""]),
        class("btree", "varchar_pattern_ops", &[], &[""]),
        usual("brin"),
        usual("spgist"),
    ],
};

const BOOL: Kind = Kind {
    names: &["done", "is.open"],
    types: &["boolean"],
    tests: &[
        "§",
        "NOT §",
        "§ IS TRUE",
        "§ IS NOT FALSE",
        "§ = true",
        "coalesce(§, false)",
        "§ IS NOT UNKNOWN",
        "§ <> (1 = 2)",
    ],
    values: &[
        "true",
        "false",
        "'t'",
        "NOT true",
        "1 = 2",
        "NULL",
        "(true AND false) OR true",
        "TRUE",
    ],
    made: &["NOT §", "§ IS TRUE"],
    computed: &[("n", "§ > 0"), ("name", "§ <> ''")],
    ordered: true,
    ..NONE
};

const UUID: Kind = Kind {
    names: &["key", "UUID"],
    types: &["uuid"],
    tests: &[
        "§ <> '00000000-0000-0000-0000-000000000000'",
        "§::text LIKE '0%'",
        "§ IS NOT NULL",
        "§ = '00000000-0000-0000-0000-00000000000A'::uuid",
    ],
    values: &[
        "gen_random_uuid()",
        "'00000000-0000-0000-0000-00000000000A'::uuid",
        "'00000000-0000-0000-0000-000000000000'",
        "pg_catalog.gen_random_uuid()",
        "md5('x')::uuid",
    ],
    rows: &[
        "'00000000-0000-0000-0000-00000000000A'",
        "'00000000-0000-0000-0000-00000000000B'",
        "'10000000-0000-0000-0000-00000000000B'",
    ],
    made: &["§::text"],
    ordered: true,
    key: true,
    methods: &[usual("hash"), usual("brin")],
    ..NONE
};

const TIME: Kind = Kind {
    names: &["made_at", "time of day"],
    types: &[
        "timestamp with time zone",
        "timestamp without time zone",
        "timestamp(3) with time zone",
        "date",
    ],
    tests: &[
        "§ > '2000-01-01'",
        "§ IS NOT NULL",
        "§ BETWEEN '2000-01-01' AND '2100-01-01'",
        "isfinite(§)",
        "§ <> 'infinity'",
    ],
    moments: &[
        "§ < now()",
        "§ >= CURRENT_DATE - interval '7 days'",
        "extract(year FROM §) >= 2000",
        "§ > now() - '1 day'::interval",
        "date_trunc('day', §) < LOCALTIMESTAMP",
        "(§ AT TIME ZONE 'utc') IS NOT NULL",
        "§ <= CURRENT_TIMESTAMP(3)",
    ],
    values: &[
        "now()",
        "CURRENT_TIMESTAMP",
        "'epoch'",
        "'2020-01-01'",
        "now() + interval '1 day'",
        "LOCALTIMESTAMP",
        "statement_timestamp()",
        "timezone('utc', now())",
        "now() AT TIME ZONE 'utc'",
        "CURRENT_DATE",
        "now() - '1 mon'::interval",
        "'infinity'::timestamptz",
        "CURRENT_TIMESTAMP(2)",
    ],
    ordered: true,
    methods: &[usual("brin"), usual("hash")],
    ..NONE
};

const NUM: Kind = Kind {
    names: &["amount", "sum total", "%"],
    types: &["numeric", "numeric(10,2)", "double precision", "real", "numeric(4,0)"],
    tests: &[
        "§ >= 0.5",
        "§ BETWEEN 0 AND 1e3",
        "round(§) = 3",
        "§ <> 'NaN'",
        "§ < 9999999999",
        "§ * 1.5 > -2",
        "§ IN (0, 0.5)",
        "§ > 1.0",
    ],
    values: &[
        "0",
        "0.5",
        "-1.25",
        "1e3",
        "1.0",
        "(2 * 3)::numeric",
        "'NaN'",
        "-0.0",
        "random()",
        "1::numeric(10,2)",
        "10 / 3.0",
    ],
    made: &["§ * 2", "round(§)"],
    computed: &[("n", "§ * 1.5"), ("amount", "§ * 2")],
    ordered: true,
    ..NONE
};

const JSON: Kind = Kind {
    names: &["meta", "JSON"],
    types: &["jsonb", "json"],
    tests: &[
        "§ ->> 'a' = 'b'",
        "(§ -> 'x') IS NOT NULL",
        "(§ ->> 'n')::int > 3",
        "§::jsonb @> '{\"a\": 1}'",
        "§::jsonb ? 'k'",
        "(§ #>> '{a,0}') = 'it''s'",
        "§::jsonb <> '{}'::jsonb",
        "§::jsonb ?| array['a', 'b']",
    ],
    values: &[
        "'{}'",
        "'[1, 2]'::jsonb",
        "jsonb_build_object('a', 1)",
        "'{\"a\": \"it''s\"}'",
        "'{}'::json",
    ],
    made: &["§ ->> 'a'", "(§ ->> 'n')::integer", "§ -> 'x' ->> 'y'"],
    methods: &[
        Method { name: "gin", class: None, types: &["jsonb"] },
        class("gin", "jsonb_path_ops", &[], &["jsonb"]),
    ],
    ..NONE
};

const TAGS: Kind = Kind {
    names: &["tags", "array"],
    types: &["text[]", "character varying(10)[]"],
    tests: &[
        "'a' = ANY (§)",
        "§::text[] @> ARRAY['x']",
        "cardinality(§) < 5",
        "array_length(§, 1) IS NULL",
        "§ <> '{}'",
        "§[1] = 'a'",
        "NOT ('b' = ALL (§))",
        "§[1:2] IS NOT NULL",
    ],
    values: &[
        "'{}'",
        "ARRAY['a', 'b']",
        "ARRAY[]::text[]",
        "'{a,b}'::text[]",
        "string_to_array('a,b', ',')",
        "array['it''s']::varchar[]",
    ],
    made: &["cardinality(§)", "§[1]"],
    ordered: true,
    methods: &[usual("gin")],
    ..NONE
};

const INTS: Kind = Kind {
    names: &["numbers"],
    types: &["integer[]", "bigint[]"],
    tests: &["1 = ANY (§)", "cardinality(§) > 0", "§ <> '{1,2}'"],
    values: &["'{1,2}'", "ARRAY[1, -2]", "ARRAY[]::integer[]", "'{}'::bigint[]"],
    ordered: true,
    methods: &[usual("gin")],
    ..NONE
};

const SPAN: Kind = Kind {
    names: &["range"],
    types: &["int4range"],
    tests: &["NOT isempty(§)", "lower(§) IS NOT NULL", "§ @> 3", "§ && '[1,5)'"],
    values: &["'[1,5)'", "int4range(1, 3)", "'empty'::int4range", "int4range(1, 3, '[]')"],
    ordered: true,
    methods: &[usual("gist"), usual("spgist")],
    ..NONE
};

const NET: Kind = Kind {
    names: &["ip", "Net Work"],
    types: &["inet", "cidr"],
    tests: &["§ << '10.0.0.0/8'", "family(§) = 4", "§ <> '0.0.0.0/0'::inet"],
    values: &["'10.0.0.0/8'", "'0.0.0.0'::inet"],
    ordered: true,
    methods: &[class("gist", "inet_ops", &[], &[""]), usual("spgist")],
    ..NONE
};

const LASTS: Kind = Kind {
    names: &["lasts"],
    types: &["interval", "interval(3)"],
    tests: &[
        "§ > '1 day'",
        "§ < interval '1 year 2 mons'",
        "§ <> '00:00'",
        "§ > '-1 days +02:03:00'",
    ],
    values: &[
        "'1 day'",
        "interval '1 year -2 days'",
        "'1 mon'::interval",
        "make_interval(days => 3)",
        "interval '1' day",
    ],
    ordered: true,
    ..NONE
};

const CHARS: Kind = Kind {
    names: &["code"],
    types: &["character(3)", "character(1)", "bpchar"],
    tests: &["§ <> ''", "§ = 'abc'", "§ IN ('a', 'b')", "length(§) = 3"],
    values: &["'a'", "'b'::bpchar", "'x'::character(1)"],
    ordered: true,
    methods: &[class("btree", "bpchar_pattern_ops", &[], &[""])],
    ..NONE
};

const MOOD: Kind = Kind {
    names: &["mood", "its state"],
    types: &["public.\"Mood\""],
    tests: &["§ <> 'sad'", "§ IS NOT NULL", "§ IN ('sad', 'ok')"],
    moments: &["§::text = 'ok'"],
    values: &["'sad'", "'ok'::public.\"Mood\"", "NULL"],
    rows: &["'sad'", "'ok'", "'happy'"],
    ordered: true,
    methods: &[usual("hash")],
    ..NONE
};

const LEVEL: Kind = Kind {
    names: &["level", "Stufe"],
    types: &["app.level"],
    tests: &["§ > 1", "§ IS NOT NULL", "§ + 1 <> 3", "§ = 2::app.level"],
    values: &["3", "1 + 1", "2::app.level"],
    rows: &["1", "2", "3", "NULL"],
    ordered: true,
    ..NONE
};

const LABEL: Kind = Kind {
    names: &["label"],
    types: &["public.\"la bel\""],
    tests: &["§ <> ''", "length(§) < 9", "§ LIKE 'a%'"],
    values: &["'x'", "lower('B')", "'a'::public.\"la bel\""],
    made: &["upper(§)"],
    ordered: true,
    ..NONE
};

const BOTH: Kind = Kind {
    names: &["pair", "Pair \"2\""],
    types: &["\"My Schema\".both"],
    tests: &["(§).a > 0", "§ IS NOT NULL", "(§).a IS DISTINCT FROM 3"],
    values: &["NULL", "NULL::\"My Schema\".both"],
    rows: &["'(1)'", "'(2,x)'", "'(3,y,ok)'", "'(4)'", "NULL"],
    ..NONE
};
