//! What is asked of the database: each operation as each of the three sides writes it.

use crate::cases::{Case, Claims};

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// No row security; the condition is in the statement.
    ByHand,
    /// The compiled policies.
    Compiled,
    /// The usual policies.
    Usual,
}

impl Side {
    pub const ALL: [Side; 3] = [Side::ByHand, Side::Compiled, Side::Usual];

    pub fn schema(self) -> &'static str {
        match self {
            Side::ByHand => "hand",
            Side::Compiled => "public",
            Side::Usual => "usual",
        }
    }
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    SelectOne,
    List,
    Count,
    InsertOne,
    InsertMany,
    UpdateOne,
    DeleteOne,
}

/// How many rows the large insert brings.
pub const MANY_ROWS: u64 = 10_000;

impl Operation {
    /// Reading comes first, so that it never meets what writing left.
    pub const ALL: [Operation; 7] = [
        Operation::SelectOne,
        Operation::List,
        Operation::Count,
        Operation::UpdateOne,
        Operation::DeleteOne,
        Operation::InsertOne,
        Operation::InsertMany,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Operation::SelectOne => "select by key",
            Operation::List => "list, newest 20",
            Operation::Count => "count(*)",
            Operation::InsertOne => "insert 1 row",
            Operation::InsertMany => "insert 10,000 rows",
            Operation::UpdateOne => "update by key",
            Operation::DeleteOne => "delete by key",
        }
    }

    /// How many rows are written at most.
    pub fn writes(self) -> u64 {
        match self {
            Operation::SelectOne | Operation::List | Operation::Count => 0,
            Operation::UpdateOne | Operation::DeleteOne | Operation::InsertOne => 1,
            Operation::InsertMany => MANY_ROWS,
        }
    }

    /// The statement. `key` is a row that may be written, `fresh` a key that no row has, nor any of
    /// the ten thousand after it.
    pub fn sql(self, side: Side, case: &Case, claims: &Claims, key: i64, fresh: u64) -> String {
        let table = format!("{}.{}", side.schema(), case.table);
        let condition = match (side, self) {
            (Side::Compiled | Side::Usual, _) => "true".to_owned(),
            (Side::ByHand, Operation::SelectOne | Operation::List | Operation::Count) => {
                (case.read)(claims)
            }
            (Side::ByHand, _) => (case.modify)(claims),
        };
        match self {
            Operation::SelectOne => {
                format!("SELECT id, title FROM {table} WHERE id = {key} AND {condition}")
            }
            Operation::List => format!(
                "SELECT id, title FROM {table} WHERE {condition} ORDER BY created_at DESC LIMIT 20"
            ),
            Operation::Count => format!("SELECT count(*) FROM {table} WHERE {condition}"),
            Operation::UpdateOne => {
                format!("UPDATE {table} SET title = 'new' WHERE id = {key} AND {condition}")
            }
            Operation::DeleteOne => {
                format!("DELETE FROM {table} WHERE id = {key} AND {condition}")
            }
            Operation::InsertOne => {
                let new_row = case.new_row.replace("{i}", &fresh.to_string());
                let row = format!("({fresh}, {new_row}, false, 'title', now())");
                insert(side, &table, &format!("VALUES {row}"), &condition)
            }
            Operation::InsertMany => {
                let new_row = case.new_row.replace("{i}", "i");
                let rows = format!(
                    "SELECT i, {new_row}, false, 'title', now()
                     FROM generate_series({fresh}, {}) i",
                    fresh + MANY_ROWS - 1
                );
                insert(side, &table, &rows, &condition)
            }
        }
    }
}

/// By hand only those rows are inserted that the condition lets through.
fn insert(side: Side, table: &str, rows: &str, condition: &str) -> String {
    const COLUMNS: &str = "(id, owner, team_id, project_id, org_id, is_public, title, created_at)";
    match side {
        Side::ByHand => format!(
            "INSERT INTO {table} {COLUMNS} SELECT * FROM ({rows}) AS new {COLUMNS} WHERE {condition}"
        ),
        Side::Compiled | Side::Usual => format!("INSERT INTO {table} {COLUMNS} {rows}"),
    }
}
