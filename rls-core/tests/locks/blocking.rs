//! Who waits for whom, and for how long: the hazards of locks.

use super::case::{CASE, Case, Class, Edit, Planned, Rows, Shows, Waits};
use Rows::{Read, Untouched, Written};
use Waits::{Everybody, Nobody, Writers};

const NOT_NULL: Edit = ("note: Option<String>", "note: String");
const UNIQUE: Edit = ("title: String", "#[rls(unique)] title: String");
const CHECK: Edit = ("size: i32", "#[rls(check = size > 0)] size: i32");
const INDEX: Edit = ("title: String", "#[rls(index)] title: String");
const FOREIGN_KEY: Edit = ("team_id: i32", "#[rls(references(teams(id)))] team_id: i32");

pub(crate) const READS: Class = Class {
    shown: &[
        Case {
            name: "a column is declared NOT NULL",
            change: &[NOT_NULL],
            says: &[
                "the column public.docs.note is looked through for NULL: public.docs is read from end to end, \
                     and nobody reads or writes it meanwhile (ACCESS EXCLUSIVE); `--online` has a way around it",
            ],
            shows: Shows::Transaction(Everybody, Read),
            ..CASE
        },
        Case {
            name: "a column is declared unique",
            change: &[UNIQUE],
            says: &[
                "the index of the unique constraint \"docs_title_key\" is built: public.docs is read from end to \
                     end, and nobody reads or writes it meanwhile (ACCESS EXCLUSIVE); `--online` has a way around it",
            ],
            shows: Shows::Transaction(Everybody, Read),
            ..CASE
        },
        Case {
            name: "a check is declared",
            change: &[CHECK],
            says: &[
                "the check \"docs_size_check\" is put to every row: public.docs is read from end to end, and \
                     nobody reads or writes it meanwhile (ACCESS EXCLUSIVE); `--online` has a way around it",
            ],
            shows: Shows::Transaction(Everybody, Read),
            ..CASE
        },
        Case {
            name: "an exclusion constraint is declared",
            change: &[(
                "table = \"docs\",",
                "table = \"docs\", exclude(elements = [(sql(\"int4range(id, id, '[]')\"), \"&&\")]),",
            )],
            says: &[
                "the index of the exclusion constraint \"docs_expr_excl\" is built: public.docs is read from end to end, \
                     and nobody reads or writes it meanwhile (ACCESS EXCLUSIVE)",
            ],
            shows: Shows::Transaction(Everybody, Read),
            ..CASE
        },
    ],
    near: &[
        Case {
            name: "a column is added that may be NULL: all wait, and no row is read",
            change: &[("size: i32", "size: i32, more: Option<String>")],
            shows: Shows::Transaction(Everybody, Untouched),
            ..CASE
        },
        Case {
            name: "a column may be NULL from now on",
            change: &[("size: i32", "size: Option<i32>")],
            shows: Shows::Transaction(Everybody, Untouched),
            ..CASE
        },
        Case {
            name: "a check that is not put to the rows that are there",
            change: &[(
                "table = \"docs\",",
                "table = \"docs\", check(expr = size > 0, not_valid),",
            )],
            shows: Shows::Transaction(Everybody, Untouched),
            ..CASE
        },
        Case {
            name: "NOT NULL, online: within the transaction only a check that refuses",
            change: &[NOT_NULL],
            planned: Planned::Online,
            shows: Shows::Transaction(Everybody, Untouched),
            ..CASE
        },
        Case {
            name: "an index is read for, and only who writes waits",
            change: &[INDEX],
            shows: Shows::Transaction(Writers, Read),
            ..CASE
        },
    ],
};

pub(crate) const WRITES: Class = Class {
    shown: &[
        Case {
            name: "an index is declared",
            change: &[INDEX],
            says: &[
                "the index \"docs_title_idx\" is built: public.docs is read from end to end, and nobody writes it \
                     meanwhile (SHARE); `--online` has a way around it",
            ],
            shows: Shows::Transaction(Writers, Read),
            ..CASE
        },
        Case {
            name: "a foreign key is declared",
            change: &[FOREIGN_KEY],
            says: &[
                "the foreign key \"docs_team_id_fkey\" is put to every row: public.docs is read from end to end, and \
                 nobody writes it meanwhile (SHARE ROW EXCLUSIVE); `--online` has a way around it",
                "the foreign key \"docs_team_id_fkey\" is put to every row: public.teams is read from end to end, and \
                 nobody writes it meanwhile (SHARE ROW EXCLUSIVE); `--online` has a way around it",
            ],
            shows: Shows::Transaction(Writers, Read),
            ..CASE
        },
        Case {
            name: "the domain of a column gets a condition",
            at_first: &[AMOUNT, ("size: i32", "size: Amount")],
            change: &[("struct Amount", "#[rls(check = value > 0)] struct Amount")],
            says: &[
                "the condition of the type public.amount is put to every row: public.docs is read from end to \
                     end, and nobody writes it meanwhile (SHARE)",
            ],
            shows: Shows::Transaction(Writers, Read),
            ..CASE
        },
    ],
    near: &[
        Case {
            name: "a foreign key, online: who writes waits, and no row is read",
            change: &[FOREIGN_KEY],
            planned: Planned::Online,
            shows: Shows::Transaction(Writers, Untouched),
            ..CASE
        },
        Case {
            name: "a trigger: who writes waits, and no row is read",
            at_first: &[TOUCH],
            change: &[(
                "table = \"docs\",",
                "table = \"docs\", trigger(name = \"touch\", before = update, function = touch),",
            )],
            shows: Shows::Transaction(Writers, Untouched),
            ..CASE
        },
        Case {
            name: "a condition of a domain that is not put to the rows that are there",
            at_first: &[AMOUNT, ("size: i32", "size: Amount")],
            change: &[(
                "struct Amount",
                "#[rls(check(expr = value > 0, not_valid))] struct Amount",
            )],
            shows: Shows::Transaction(Nobody, Untouched),
            ..CASE
        },
        Case {
            name: "a comment",
            change: &[("table = \"docs\",", "table = \"docs\", comment = \"What was written.\",")],
            shows: Shows::Transaction(Nobody, Untouched),
            ..CASE
        },
    ],
};

/// One that may have to make way for the column would be seen with it.
const NO_POLICY: Edit =
    ("policy(name = \"shown ones\", role = reader, command = select, using = shown),", "");
const AMOUNT: Edit =
    ("#[derive(Table)]", "#[derive(PgType)] #[rls(domain)] struct Amount(i32);\n#[derive(Table)]");
const TOUCH: Edit = (
    "#[derive(Table)]",
    "#[derive(Function)] #[rls(returns = \"trigger\", language = \"plpgsql\", body = \"BEGIN RETURN NEW; END\")]
    struct Touch;\n#[derive(Table)]",
);

pub(crate) const REWRITES: Class = Class {
    shown: &[
        Case {
            name: "a number becomes a larger one",
            at_first: &[NO_POLICY],
            change: &[("size: i32", "size: i64")],
            says: &[
                "the column public.docs.size becomes bigint: every row of public.docs is written anew, and nobody \
                     reads or writes it meanwhile (ACCESS EXCLUSIVE)",
            ],
            shows: Shows::Transaction(Everybody, Written),
            ..CASE
        },
        Case {
            name: "a new column has another value in each row",
            change: &[("size: i32", "size: i32, #[rls(default = sql(\"random()\"))] more: f64")],
            says: &[
                "the column public.docs.more gets a value in each row: every row of public.docs is written anew, \
                     and nobody reads or writes it meanwhile (ACCESS EXCLUSIVE)",
            ],
            shows: Shows::Transaction(Everybody, Written),
            ..CASE
        },
        Case {
            name: "a new column is computed of others",
            change: &[(
                "size: i32",
                "size: i32, #[rls(generated(size > 500, stored))] is_large: bool",
            )],
            says: &[
                "the column public.docs.is_large gets a value in each row: every row of public.docs is written \
                     anew, and nobody reads or writes it meanwhile (ACCESS EXCLUSIVE)",
            ],
            shows: Shows::Transaction(Everybody, Written),
            ..CASE
        },
        Case {
            name: "a new column counts the rows",
            change: &[("size: i32", "size: i32, #[rls(identity)] number: i64")],
            says: &[
                "the column public.docs.number gets a value in each row: every row of public.docs is written \
                     anew, and nobody reads or writes it meanwhile (ACCESS EXCLUSIVE)",
            ],
            shows: Shows::Transaction(Everybody, Written),
            ..CASE
        },
    ],
    near: &[
        Case {
            name: "text of any length is kept alike",
            at_first: &[NO_POLICY],
            change: &[("#[rls(sql_type = \"varchar(40)\")]", "")],
            shows: Shows::Transaction(Everybody, Untouched),
            ..CASE
        },
        Case {
            name: "a new column has one value for all rows that are there",
            change: &[("size: i32", "size: i32, #[rls(default = 7)] more: i32")],
            shows: Shows::Transaction(Everybody, Untouched),
            ..CASE
        },
        Case {
            name: "a new column has the time of now, which is one value too",
            change: &[("size: i32", "size: i32, #[rls(default = now())] at: DateTime<Utc>")],
            shows: Shows::Transaction(Everybody, Untouched),
            ..CASE
        },
        Case {
            name: "a column goes: its values stay in the rows until they are written for another reason",
            at_first: &[NO_POLICY],
            change: &[("spare: Option<i32>,", "")],
            shows: Shows::Transaction(Everybody, Untouched),
            ..CASE
        },
    ],
};

pub(crate) const OUTSIDE: Class = Class {
    shown: &[
        Case {
            name: "an index is built beside the others",
            change: &[INDEX],
            planned: Planned::Online,
            says: &[
                "the index \"docs_title_idx\" on public.docs is built: until then statements are as slow as \
                     without it, behind the transaction, and stays done if a later step fails",
            ],
            shows: Shows::Behind,
            ..CASE
        },
        Case {
            name: "a key is built beside the others",
            change: &[UNIQUE],
            planned: Planned::Online,
            says: &[
                "the key \"docs_title_key\" of public.docs is built: until then nothing is refused for it, behind \
                     the transaction, and stays done if a later step fails",
            ],
            shows: Shows::Behind,
            ..CASE
        },
        Case {
            name: "a check is proven",
            change: &[CHECK],
            planned: Planned::Online,
            says: &[
                "the check \"docs_size_check\" on public.docs is proven, behind the transaction, and stays done \
                     if a later step fails",
            ],
            shows: Shows::Behind,
            ..CASE
        },
        Case {
            name: "a foreign key is proven",
            change: &[FOREIGN_KEY],
            planned: Planned::Online,
            says: &[
                "the foreign key \"docs_team_id_fkey\" on public.docs is proven, behind the transaction, and \
                     stays done if a later step fails",
            ],
            shows: Shows::Behind,
            ..CASE
        },
        Case {
            name: "NOT NULL is proven",
            change: &[NOT_NULL],
            planned: Planned::Online,
            says: &[
                "that public.docs.note holds no NULL is proven, behind the transaction, and stays done if a \
                     later step fails",
            ],
            shows: Shows::Behind,
            ..CASE
        },
    ],
    near: &[
        Case {
            name: "an index in the transaction",
            change: &[INDEX],
            planned: Planned::Live,
            ..CASE
        },
        Case {
            name: "a column is added online",
            change: &[("size: i32", "size: i32, more: Option<String>")],
            planned: Planned::Online,
            ..CASE
        },
        Case {
            name: "a type changes online: there is no way around that",
            change: &[("size: i32", "size: i64")],
            planned: Planned::Online,
            ..CASE
        },
    ],
};
