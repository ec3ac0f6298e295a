//! A row of the table: a change, what a plan says of it, and what is then to be seen.

use rls_core::plan::HazardKind;

/// What there is before, with a thousand rows in `docs`.
pub(crate) const DOCS: &str = r#"
#[derive(Table)]
#[rls(table = "teams")]
struct Team {
    #[rls(primary_key)]
    id: i32,
}

#[derive(Table)]
#[rls(
    table = "docs",
    policy(name = "shown ones", role = reader, command = select, using = shown),
)]
struct Doc {
    #[rls(primary_key)]
    id: i32,
    team_id: i32,
    #[rls(sql_type = "varchar(40)")]
    title: String,
    note: Option<String>,
    size: i32,
    shown: bool,
    spare: Option<i32>,
}
"#;

pub(crate) const ROWS: i64 = 1000;

/// Every second row is shown.
pub(crate) const FILL: &str = "INSERT INTO teams SELECT generate_series(1, 10);
    INSERT INTO docs (id, team_id, title, note, size, shown)
        SELECT n, 1 + n % 10, 'doc ' || n, 'note ' || n, n, n % 2 = 0 FROM generate_series(1, 1000) n";

/// A text of the declaration, and what stands there instead.
pub(crate) type Edit = (&'static str, &'static str);

pub(crate) struct Case {
    /// What somebody does, in words.
    pub(crate) name: &'static str,
    /// What is declared otherwise from the start.
    pub(crate) at_first: &'static [Edit],
    /// What somebody does past the declaration.
    pub(crate) by_hand: &'static str,
    /// The change.
    pub(crate) change: &'static [Edit],
    pub(crate) planned: Planned,
    /// What is written between the plan and the way back.
    pub(crate) then: &'static str,
    /// All that the plan says of the hazard in question; of a near miss it says nothing.
    pub(crate) says: &'static [&'static str],
    pub(crate) shows: Shows,
}

/// Where the plan comes from.
#[derive(Clone, Copy)]
pub(crate) enum Planned {
    /// As a migration does.
    FromSnapshot,
    /// As `apply` does.
    Live,
    /// As `apply --online` does.
    Online,
}

/// What is to be seen.
pub(crate) enum Shows {
    /// As long as the transaction of the plan is open.
    Transaction(Waits, Rows),
    /// Each statement behind the transaction holds nobody up while it reads rows, and stays done.
    Behind,
    /// The server refuses it with this SQLSTATE.
    Refused(&'static str),
    /// All of it is gone after a ROLLBACK.
    RolledBack,
    /// What is answered before and behind the plan, and behind the way back.
    Answers(&'static [Answer], Back),
}

/// Who has to wait for the end of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Nobody,
    Writers,
    Everybody,
}

/// What has been done to the rows of `docs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    Untouched,
    Read,
    Written,
}

/// A question, and what it is answered: the first value, the number of rows that were changed, or the
/// SQLSTATE.
pub(crate) struct Answer {
    /// `reader`, or `owner` of the table.
    pub(crate) who: &'static str,
    pub(crate) asks: &'static str,
    /// Before, behind, and behind the way back where that is gone.
    pub(crate) says: &'static [&'static str],
}

/// The plan from the new declaration to the one before.
pub(crate) enum Back {
    /// Of what is not declared, no declaration knows.
    Unknown,
    /// It runs, and has these hazards.
    Leads(&'static [HazardKind]),
    /// It has these hazards, and the server refuses it with this SQLSTATE.
    Refused(&'static [HazardKind], &'static str),
}

/// What most rows have in common.
pub(crate) const CASE: Case = Case {
    name: "",
    at_first: &[],
    by_hand: "",
    change: &[],
    planned: Planned::FromSnapshot,
    then: "",
    says: &[],
    shows: Shows::RolledBack,
};

/// A hazard, and what is next to it.
pub(crate) struct Class {
    pub(crate) shown: &'static [Case],
    pub(crate) near: &'static [Case],
}
