//! Two users and an anonymous visitor try every operation on one user's todo. Each attempt runs as
//! a request would, in a transaction with role and claims set, and is rolled back.

use tokio_postgres::{Client, Error, Transaction};

struct Visitor {
    name: &'static str,
    role: &'static str,
    /// The claims of the token, or none without one.
    claims: &'static str,
}

const VISITORS: [Visitor; 3] = [
    Visitor { name: "user_1", role: "authenticated", claims: r#"{"sub": "user_1"}"# },
    Visitor { name: "user_2", role: "authenticated", claims: r#"{"sub": "user_2"}"# },
    Visitor { name: "a visitor", role: "anonymous", claims: "" },
];

/// What may come of an attempt.
#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    /// The statement ran and saw or changed so many rows.
    Rows(u64),
    /// A policy refused the new row.
    RefusedByPolicy,
    /// The role has no privilege.
    NoPrivilege,
}

use Outcome::{NoPrivilege, RefusedByPolicy, Rows};

struct Attempt {
    what: &'static str,
    sql: &'static str,
    /// For user_1, user_2 and the anonymous visitor.
    declared: [Outcome; 3],
}

const ATTEMPTS: [Attempt; 7] = [
    Attempt {
        what: "read all todos (there are two)",
        sql: "SELECT * FROM todos",
        declared: [Rows(1), Rows(1), NoPrivilege],
    },
    Attempt {
        what: "read user_1's todo",
        sql: "SELECT * FROM todos WHERE user_id = 'user_1'",
        declared: [Rows(1), Rows(0), NoPrivilege],
    },
    Attempt {
        what: "add one, as whoever asks",
        sql: "INSERT INTO todos (task) VALUES ('new')",
        declared: [Rows(1), Rows(1), NoPrivilege],
    },
    Attempt {
        what: "add one in user_1's name",
        sql: "INSERT INTO todos (user_id, task) VALUES ('user_1', 'new')",
        declared: [Rows(1), RefusedByPolicy, NoPrivilege],
    },
    Attempt {
        what: "complete user_1's todo",
        sql: "UPDATE todos SET is_complete = true WHERE user_id = 'user_1'",
        declared: [Rows(1), Rows(0), NoPrivilege],
    },
    Attempt {
        what: "give user_1's todo to user_2",
        sql: "UPDATE todos SET user_id = 'user_2' WHERE user_id = 'user_1'",
        declared: [RefusedByPolicy, Rows(0), NoPrivilege],
    },
    Attempt {
        what: "delete user_1's todo",
        sql: "DELETE FROM todos WHERE user_id = 'user_1'",
        declared: [Rows(1), Rows(0), NoPrivilege],
    },
];

/// Prints what each visitor could do; whether all of it is as declared.
pub(crate) async fn try_everything(client: &mut Client) -> Result<bool, Error> {
    let mut as_declared = true;
    print_row("", VISITORS.iter().map(|visitor| visitor.name));
    for attempt in &ATTEMPTS {
        let mut cells = Vec::new();
        for (visitor, declared) in VISITORS.iter().zip(attempt.declared) {
            let outcome = try_once(client, visitor, attempt.sql).await?;
            as_declared &= outcome == declared;
            cells.push(describe(outcome, declared));
        }
        print_row(attempt.what, cells.iter().map(String::as_str));
    }
    println!("\n   {}", if as_declared { "All of it is as declared." } else { "NOT as declared." });
    Ok(as_declared)
}

fn print_row<'a>(what: &str, cells: impl Iterator<Item = &'a str>) {
    let cells: String = cells.map(|cell| format!(" {cell:<22}")).collect();
    println!("   {}", format!("{what:<32}{cells}").trim_end());
}

/// One attempt among two todos, one of each user.
async fn try_once(client: &mut Client, visitor: &Visitor, sql: &str) -> Result<Outcome, Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(
        "TRUNCATE todos; INSERT INTO todos (user_id, task) VALUES ('user_1', 'mine'), ('user_2', 'theirs')",
    ).await?;
    become_visitor(&transaction, visitor).await?;
    let outcome = match transaction.execute(sql, &[]).await {
        Ok(rows) => Rows(rows),
        Err(error) => match error.as_db_error().map(|error| error.message()) {
            Some(message) if message.contains("row-level security policy") => RefusedByPolicy,
            Some(message) if message.contains("permission denied") => NoPrivilege,
            _ => return Err(error),
        },
    };
    transaction.rollback().await?;
    Ok(outcome)
}

async fn become_visitor(transaction: &Transaction<'_>, visitor: &Visitor) -> Result<(), Error> {
    let claims = "SELECT set_config('request.jwt.claims', $1, true)";
    transaction.execute(claims, &[&visitor.claims]).await?;
    transaction.batch_execute(&format!("SET LOCAL ROLE {}", visitor.role)).await
}

fn describe(outcome: Outcome, declared: Outcome) -> String {
    let text = match outcome {
        Rows(1) => "1 row".to_owned(),
        Rows(rows) => format!("{rows} rows"),
        RefusedByPolicy => "refused by policy".to_owned(),
        NoPrivilege => "no privilege".to_owned(),
    };
    if outcome == declared { text } else { format!("{text} (!)") }
}
