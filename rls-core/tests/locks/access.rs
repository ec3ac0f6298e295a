//! Who can do more, or less, than before.

use rls_core::plan::HazardKind;

use super::case::{Answer, Back, CASE, Case, Class, Edit, Shows};

const COUNT: &str = "SELECT count(*) FROM docs";

const fn reader(asks: &'static str, says: &'static [&'static str]) -> Answer {
    Answer { who: "reader", asks, says }
}

const fn owner(asks: &'static str, says: &'static [&'static str]) -> Answer {
    Answer { who: "owner", asks, says }
}

const NARROWS_AGAIN: Back = Back::Leads(&[HazardKind::NarrowsAccess]);
const WIDENS_AGAIN: Back = Back::Leads(&[HazardKind::WidensAccess]);
const SAYS_NOTHING: Back = Back::Leads(&[]);

const SHOWN: &str =
    "policy(name = \"shown ones\", role = reader, command = select, using = shown),";
const SMALL_ONES: Edit = (
    "table = \"docs\",",
    "table = \"docs\",
    policy(name = \"small ones\", role = reader, command = select, using = size <= 100),",
);
const NO_SMALL_ONES: Edit =
    ("policy(name = \"small ones\", role = reader, command = select, using = size <= 100),", "");
const ONLY_SMALL: Edit = (
    "table = \"docs\",",
    "table = \"docs\",
    policy(name = \"only small\", restrictive, role = reader, command = select, using = size <= 100),",
);
const NOT_ONLY_SMALL: Edit = (
    "policy(name = \"only small\", restrictive, role = reader, command = select, using = size <= 100),",
    "",
);
const TRUNCATE: Edit =
    ("table = \"docs\",", "table = \"docs\", grant(role = reader, privileges = truncate),");
const NO_TRUNCATE: Edit = ("grant(role = reader, privileges = truncate),", "");
const RENAMED: Edit = ("name = \"shown ones\"", "name = \"seen\", was = \"shown ones\"");
const OF_SIZE: Edit = ("using = shown", "using = shown && size <= 100");
const LARGER: Edit = ("size: i32", "size: i64");

/// Nobody sees more or less by it.
const CALLED_OTHERWISE: Case = Case {
    name: "a policy is called otherwise",
    change: &[RENAMED],
    shows: Shows::Answers(
        &[reader(COUNT, &["500", "500", "500"])],
        Back::Leads(&[HazardKind::WidensAccess, HazardKind::NarrowsAccess]),
    ),
    ..CASE
};

pub(crate) const WIDENS: Class = Class {
    shown: &[
        Case {
            name: "another policy",
            change: &[SMALL_ONES],
            says: &["the new policy \"small ones\" lets reader read rows of public.docs"],
            shows: Shows::Answers(&[reader(COUNT, &["500", "550", "500"])], NARROWS_AGAIN),
            ..CASE
        },
        Case {
            name: "a policy allows more",
            change: &[("using = shown", "using = shown || size <= 100")],
            says: &[
                "the policy \"shown ones\" changes which rows of public.docs reader can read: it may be more than \
                     before",
            ],
            shows: Shows::Answers(&[reader(COUNT, &["500", "550", "500"])], WIDENS_AGAIN),
            ..CASE
        },
        Case {
            name: "a restrictive policy goes",
            at_first: &[ONLY_SMALL],
            change: &[NOT_ONLY_SMALL],
            says: &[
                "the restrictive policy \"only small\" goes: reader can read all rows of public.docs that other \
                     policies allow",
            ],
            shows: Shows::Answers(&[reader(COUNT, &["50", "500", "50"])], NARROWS_AGAIN),
            ..CASE
        },
        Case {
            name: "a privilege is granted",
            change: &[TRUNCATE],
            says: &["reader gets TRUNCATE on public.docs, where policies allow it"],
            shows: Shows::Answers(
                &[reader("TRUNCATE docs", &["42501", "0", "42501"])],
                NARROWS_AGAIN,
            ),
            ..CASE
        },
        Case {
            name: "a view past policies",
            change: &[VIEW],
            says: &[
                "the new view public.all_docs reads as its owner: reader will see what it shows, whatever \
                     policies say",
            ],
            shows: Shows::Answers(
                &[
                    reader(COUNT, &["500", "500", "500"]),
                    reader("SELECT count(*) FROM all_docs", &["42P01", "1000", "42P01"]),
                ],
                Back::Leads(&[HazardKind::DropsUndeclared]),
            ),
            ..CASE
        },
        Case {
            name: "a function past policies tells more",
            at_first: &[FUNCTION],
            change: &[("WHERE false", "WHERE true")],
            says: &[
                "the function public.how_many changes: as it reads as its owner, it may tell reader more than before",
            ],
            shows: Shows::Answers(
                &[reader("SELECT how_many()", &["0", "1000", "0"])],
                WIDENS_AGAIN,
            ),
            ..CASE
        },
    ],
    near: &[
        Case {
            name: "a restrictive policy comes",
            change: &[ONLY_SMALL],
            shows: Shows::Answers(&[reader(COUNT, &["500", "50", "500"])], WIDENS_AGAIN),
            ..CASE
        },
        CALLED_OTHERWISE,
        Case {
            name: "a policy makes way for a column of another type",
            at_first: &[OF_SIZE],
            change: &[LARGER],
            shows: Shows::Answers(
                &[reader(COUNT, &["50", "50", "50"])],
                Back::Leads(&[HazardKind::LosesData, HazardKind::RewritesTable]),
            ),
            ..CASE
        },
        Case {
            name: "a new table has nobody's rows yet",
            change: &[MEMOS],
            shows: Shows::Answers(
                &[reader("SELECT count(*) FROM memos", &["42P01", "0", "42P01"])],
                Back::Leads(&[HazardKind::LosesData]),
            ),
            ..CASE
        },
    ],
};

const VIEW: Edit = (
    "#[derive(Table)]",
    "#[derive(View)]
    #[rls(view = \"all_docs\", query = \"SELECT * FROM public.docs\", security_invoker = false,
        allow(security_definer_view, reason = \"everybody may\"), grant(role = reader, privileges = select))]
    struct AllDocs;
    #[derive(Table)]",
);
const FUNCTION: Edit = (
    "#[derive(Table)]",
    "#[derive(Function)]
    #[rls(returns = \"bigint\", language = \"sql\", security_definer, volatility = stable, set(search_path = \"\"),
        grant(role = reader, privileges = execute),
        body = \"SELECT count(*) FROM public.docs WHERE false\")]
    struct HowMany;
    #[derive(Table)]",
);
const MEMOS: Edit = (
    "#[derive(Table)]",
    "#[derive(Table)]
    #[rls(table = \"memos\", policy(name = \"all\", role = reader, command = select, using = true))]
    struct Memo { #[rls(primary_key)] id: i32 }
    #[derive(Table)]",
);

pub(crate) const NARROWS: Class = Class {
    shown: &[
        Case {
            name: "a policy goes",
            at_first: &[SMALL_ONES],
            change: &[NO_SMALL_ONES],
            says: &[
                "the policy \"small ones\" goes: rows of public.docs that only it let reader read are out of \
                     their reach",
            ],
            shows: Shows::Answers(&[reader(COUNT, &["550", "500", "550"])], WIDENS_AGAIN),
            ..CASE
        },
        Case {
            name: "a restrictive policy comes",
            change: &[ONLY_SMALL],
            says: &[
                "the new restrictive policy \"only small\" leaves reader fewer rows of public.docs to read",
            ],
            shows: Shows::Answers(&[reader(COUNT, &["500", "50", "500"])], WIDENS_AGAIN),
            ..CASE
        },
        Case {
            name: "a privilege is revoked",
            at_first: &[TRUNCATE],
            change: &[NO_TRUNCATE],
            says: &["reader loses TRUNCATE on public.docs"],
            shows: Shows::Answers(&[reader("TRUNCATE docs", &["0", "42501", "0"])], WIDENS_AGAIN),
            ..CASE
        },
        Case {
            name: "row security comes on; no plan takes it off again",
            at_first: &[(
                SHOWN,
                "row_security = false, grant(role = reader, privileges = select),",
            )],
            change: &[("row_security = false,", "")],
            says: &[
                "row security comes on for public.docs: whom no policy lets in finds no rows there",
            ],
            shows: Shows::Answers(&[reader(COUNT, &["1000", "0", "0"])], SAYS_NOTHING),
            ..CASE
        },
        Case {
            name: "policies bind the owner too; no plan lets the owner off again",
            change: &[("table = \"docs\",", "table = \"docs\", force,")],
            says: &["the policies of public.docs bind its owner too"],
            shows: Shows::Answers(&[owner(COUNT, &["1000", "0", "0"])], SAYS_NOTHING),
            ..CASE
        },
    ],
    near: &[
        CALLED_OTHERWISE,
        Case {
            name: "another policy",
            change: &[SMALL_ONES],
            shows: Shows::Answers(&[reader(COUNT, &["500", "550", "500"])], NARROWS_AGAIN),
            ..CASE
        },
        Case {
            name: "a privilege on one column makes way for one on the whole table",
            at_first: &[(
                "table = \"docs\",",
                "table = \"docs\", grant(role = reader, privileges = references, columns = [id]),",
            )],
            change: &[("privileges = references, columns = [id]", "privileges = references")],
            shows: Shows::Answers(
                &[reader(
                    "SELECT has_column_privilege('docs', 'id', 'references')",
                    &["t", "t", "t"],
                )],
                NARROWS_AGAIN,
            ),
            ..CASE
        },
    ],
};
