//! Triggers that cannot be what was meant.
use rls_schema::Table;

#[derive(Table)]
#[rls(
    trigger(before = update, function = touch),
    trigger(name = "no function", before = update),
    trigger(name = "no time", function = touch),
    trigger(name = "both times", before = update, after = update, function = touch),
    trigger(name = "instead", instead_of = insert, function = touch),
    trigger(name = "nothing", before = [], function = touch),
    trigger(name = "select", before = select, function = touch),
    trigger(name = "row", before = row, each = row, function = touch),
    trigger(name = "each", before = update, each = rows, function = touch),
    trigger(name = "misspelt", befor = update, function = touch),
    trigger(name = "column", before = update, of = [titel], function = touch),
    trigger(name = "no update", before = insert, of = [title], function = touch),
    trigger(name = "truncate", before = truncate, function = touch),
    trigger(name = "when", before = update, when = title != "", function = touch),
    trigger(name = "new", before = update, when = sql("NEW.titel <> ''"), function = touch),
    trigger(name = "row of neither", before = update, when = sql("row.title <> ''"), function = touch),
    trigger(name = "old", before = [insert, update], when = sql("OLD.id = 1"), function = touch),
    trigger(name = "two", before = update, when = sql("true; DROP TABLE a"), function = touch),
    trigger(name = "waits", before = update, deferrable, function = touch),
    trigger(name = "early", before = update, constraint, function = touch),
    trigger(name = "rows", before = update, new_table = "added", function = touch),
    trigger(name = "call", before = update, function = touch()),
    trigger(name = "arguments", before = update, function = touch, arguments = [1]),
    trigger(name = "state", before = update, function = touch, state = off),
    trigger(name = "one", before = update, function = touch),
    trigger(name = "one", before = insert, function = touch),
)]
struct Document {
    #[rls(primary_key)]
    id: i64,
    title: String,
}

fn main() {}
