//! What is gone, and what does not come back.

use rls_core::plan::HazardKind;

use super::case::{Answer, Back, CASE, Case, Class, Edit, Planned, Shows};

const fn owner(asks: &'static str, says: &'static [&'static str]) -> Answer {
    Answer { who: "owner", asks, says }
}

const INDEX: Edit = ("title: String", "#[rls(index)] title: String");
const TEAMS_GO: Edit = (
    "#[derive(Table)]\n#[rls(table = \"teams\")]\nstruct Team {\n    #[rls(primary_key)]\n    id: i32,\n}",
    "",
);
const STATE: [Edit; 2] = [
    (
        "#[derive(Table)]",
        "#[derive(PgEnum)] #[rls(name = \"state\")] enum State { Open, Closed }\n#[derive(Table)]",
    ),
    ("size: i32", "size: i32, #[rls(default = \"open\")] state: State"),
];

pub(crate) const LOSES: Class = Class {
    shown: &[
        Case {
            name: "a column goes",
            change: &[("note: Option<String>,", "")],
            says: &["the column public.docs.note and its values are dropped"],
            shows: Shows::Answers(
                &[owner("SELECT count(note) FROM docs", &["1000", "42703", "0"])],
                Back::Leads(&[]),
            ),
            ..CASE
        },
        Case {
            name: "a table goes",
            change: &[TEAMS_GO],
            says: &["the table public.teams and all of its rows are dropped"],
            shows: Shows::Answers(
                &[owner("SELECT count(*) FROM teams", &["10", "42P01", "0"])],
                Back::Leads(&[]),
            ),
            ..CASE
        },
        Case {
            name: "a column becomes shorter, and cuts",
            change: &[("varchar(40)", "varchar(5)")],
            says: &[
                "the column public.docs.title becomes character varying(5) from character varying(40): values that do not fit are \
                     refused or cut",
            ],
            shows: Shows::Answers(
                &[owner("SELECT max(length(title)) FROM docs", &["8", "5", "5"])],
                Back::Leads(&[]),
            ),
            ..CASE
        },
        Case {
            name: "a number becomes a smaller one, and refuses",
            by_hand: "UPDATE docs SET size = 100000 WHERE id = 1",
            change: &[("size: i32", "size: i16")],
            says: &[
                "the column public.docs.size becomes smallint from integer: values that do not fit are refused \
                     or cut",
            ],
            shows: Shows::Refused("22003"),
            ..CASE
        },
        Case {
            name: "a value of an enum goes that a row holds",
            at_first: &STATE,
            by_hand: "UPDATE docs SET state = 'closed' WHERE id = 1",
            change: &[(", Closed", "")],
            says: &[
                "the type public.state loses the value 'closed': rows that hold it are refused",
            ],
            shows: Shows::Refused("22P02"),
            ..CASE
        },
    ],
    near: &[
        Case {
            name: "a column is called otherwise",
            change: &[("note: Option<String>", "#[rls(was = \"note\")] remark: Option<String>")],
            shows: Shows::Answers(
                &[owner(
                    "SELECT count(*) FROM docs d WHERE to_jsonb(d)::text LIKE '%\"note 7\"%'",
                    &["1", "1", "0"],
                )],
                Back::Leads(&[HazardKind::LosesData]),
            ),
            ..CASE
        },
        Case {
            name: "a number becomes a larger one",
            change: &[("size: i32", "size: i64")],
            shows: Shows::Answers(
                &[owner("SELECT sum(size) FROM docs", &["500500", "500500", "500500"])],
                Back::Leads(&[HazardKind::LosesData, HazardKind::RewritesTable]),
            ),
            ..CASE
        },
        Case {
            name: "an index goes",
            at_first: &[INDEX],
            change: &[("#[rls(index)] ", "")],
            shows: Shows::Answers(
                &[owner("SELECT count(title) FROM docs", &["1000", "1000", "1000"])],
                Back::Leads(&[HazardKind::BlocksWrites]),
            ),
            ..CASE
        },
    ],
};

const INDEXES: &str = "SELECT string_agg(indexname, ', ') FROM pg_indexes WHERE tablename = 'docs'";

pub(crate) const UNDECLARED: Class = Class {
    shown: &[
        Case {
            name: "an index",
            by_hand: "CREATE INDEX by_hand ON docs (note)",
            planned: Planned::Live,
            says: &["the index \"by_hand\" on public.docs is not declared and is dropped"],
            shows: Shows::Answers(
                &[owner(INDEXES, &["docs_pkey, by_hand", "docs_pkey"])],
                Back::Unknown,
            ),
            ..CASE
        },
        Case {
            name: "a policy",
            by_hand: "CREATE POLICY by_hand ON docs FOR SELECT TO reader USING (true)",
            planned: Planned::Live,
            says: &["the policy \"by_hand\" on public.docs is not declared and is dropped"],
            shows: Shows::Answers(
                &[Answer {
                    who: "reader",
                    asks: "SELECT count(*) FROM docs",
                    says: &["1000", "500"],
                }],
                Back::Unknown,
            ),
            ..CASE
        },
        Case {
            name: "a check",
            by_hand: "ALTER TABLE docs ADD CONSTRAINT by_hand CHECK (size < 5000)",
            planned: Planned::Live,
            says: &["the check \"by_hand\" on public.docs is not declared and is dropped"],
            shows: Shows::Answers(
                &[owner("UPDATE docs SET size = 6000 WHERE id = 1", &["23514", "1"])],
                Back::Unknown,
            ),
            ..CASE
        },
        Case {
            name: "a view in the way of a column that goes",
            by_hand: "CREATE VIEW by_hand AS SELECT note FROM docs",
            change: &[("note: Option<String>,", "")],
            planned: Planned::Live,
            says: &[
                "the view public.by_hand, which is not declared, reads public.docs.note: Postgres refuses this \
                     until the view is dropped or declared",
            ],
            shows: Shows::Refused("2BP01"),
            ..CASE
        },
    ],
    near: &[
        Case {
            name: "a table is left alone",
            by_hand: "CREATE TABLE by_hand (n int); ALTER TABLE by_hand OWNER TO reader",
            planned: Planned::Live,
            shows: Shows::Answers(
                &[Answer {
                    who: "reader",
                    asks: "SELECT count(*) FROM by_hand",
                    says: &["0", "0"],
                }],
                Back::Unknown,
            ),
            ..CASE
        },
        Case {
            name: "a view is left alone where another column goes",
            by_hand: "CREATE VIEW by_hand AS SELECT title FROM docs; ALTER VIEW by_hand OWNER TO reader",
            change: &[("note: Option<String>,", "")],
            planned: Planned::Live,
            shows: Shows::Answers(
                &[Answer {
                    who: "reader",
                    asks: "SELECT count(*) FROM by_hand",
                    says: &["500", "500"],
                }],
                Back::Unknown,
            ),
            ..CASE
        },
        Case {
            name: "what a snapshot has was declared",
            at_first: &[INDEX],
            change: &[("#[rls(index)] ", "")],
            shows: Shows::Answers(
                &[owner(
                    INDEXES,
                    &["docs_pkey, docs_title_idx", "docs_pkey", "docs_pkey, docs_title_idx"],
                )],
                Back::Leads(&[HazardKind::BlocksWrites]),
            ),
            ..CASE
        },
    ],
};

const VALUES: &str = "SELECT enum_range(NULL::state)";

pub(crate) const IRREVERSIBLE: Class = Class {
    shown: &[
        Case {
            name: "an enum gets a value: the way back makes the type anew",
            at_first: &STATE,
            change: &[("Closed", "Closed, Lost")],
            says: &[
                "the type public.state gets the value \"lost\": Postgres takes no value back, and making the \
                     type anew writes every table with a column of it",
            ],
            shows: Shows::Answers(
                &[owner(VALUES, &["{open,closed}", "{open,closed,lost}", "{open,closed}"])],
                Back::Leads(&[HazardKind::LosesData, HazardKind::RewritesTable]),
            ),
            ..CASE
        },
        Case {
            name: "an enum gets a value that a row then holds: there is no way back",
            at_first: &STATE,
            change: &[("Closed", "Closed, Lost")],
            then: "UPDATE docs SET state = 'lost' WHERE id = 1",
            says: &[
                "the type public.state gets the value \"lost\": Postgres takes no value back, and making the \
                     type anew writes every table with a column of it",
            ],
            shows: Shows::Answers(
                &[owner(VALUES, &["{open,closed}", "{open,closed,lost}"])],
                Back::Refused(&[HazardKind::LosesData, HazardKind::RewritesTable], "22P02"),
            ),
            ..CASE
        },
    ],
    near: &[
        Case {
            name: "a value is called otherwise",
            at_first: &STATE,
            change: &[("Closed", "#[rls(was = \"closed\")] Shut")],
            shows: Shows::Answers(
                &[owner(VALUES, &["{open,closed}", "{open,shut}", "{open,closed}"])],
                Back::Leads(&[HazardKind::LosesData, HazardKind::RewritesTable]),
            ),
            ..CASE
        },
        Case {
            name: "a column that may be NULL goes again as it came",
            change: &[("size: i32", "size: i32, more: Option<String>")],
            shows: Shows::Answers(
                &[owner("SELECT count(more) FROM docs", &["42703", "0", "42703"])],
                Back::Leads(&[HazardKind::LosesData]),
            ),
            ..CASE
        },
    ],
};
