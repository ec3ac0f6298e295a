//! Who could do what more: `apply` and `migrate` stop and say it by role, command and table, and where it is
//! allowed, just that comes true.

use serde_json::Value;

use crate::support::{Live, Run};

/// What is declared before, for roles that no other test has.
const NOTES: &str = r#"use rls_schema::{Function, Table};

#[derive(Function)]
#[rls(
    function = "may_go",
    arguments = ["id bigint"],
    returns = "boolean",
    language = "sql",
    volatility = stable,
    grant(role = READER, privileges = execute),
    body = "SELECT false",
)]
pub struct MayGo;

#[derive(Table)]
#[rls(
    table = "notes",
    policy(name = "shown ones", role = READER, command = select, using = shown || id == 2),
    policy(name = "only late ones", restrictive, role = READER, command = select, using = id > 1),
    policy(name = "those that may go", role = READER, command = delete, using = sql("public.may_go(id)")),
)]
pub struct Note {
    #[rls(primary_key)]
    pub id: i64,
    pub shown: bool,
}
"#;

const CONFIG: &str = "provider = \"postgres\"\nroles = [\"READER\", { name = \"JOINER\" }]\n";

const ROWS: &str = "insert into notes values (1, true), (2, false), (3, false)";

/// A change that lets somebody do more.
struct Widening {
    name: &'static str,
    /// A text of the declaration or of rls.toml, and what stands there from then on.
    change: [&'static str; 2],
    says: &'static str,
    who: &'static str,
    asks: &'static str,
    /// What that is answered before and behind it.
    answers: [&'static str; 2],
}

const COUNT: &str = "select count(*) from notes";

const WIDENINGS: [Widening; 5] = [
    Widening {
        name: "policy",
        change: ["using = shown || id == 2", "using = shown || id > 1"],
        says: "the policy \"shown ones\" changes which rows of public.notes READER can read: it may be more than \
               before",
        who: "READER",
        asks: COUNT,
        answers: ["1", "2"],
    },
    Widening {
        name: "restrictive",
        change: [
            "policy(name = \"only late ones\", restrictive, role = READER, command = select, using = id > 1),",
            "",
        ],
        says: "the restrictive policy \"only late ones\" goes: READER can read all rows of public.notes that other \
               policies allow",
        who: "READER",
        asks: COUNT,
        answers: ["1", "2"],
    },
    Widening {
        name: "grant",
        change: [
            "table = \"notes\",",
            "table = \"notes\", grant(role = READER, privileges = truncate),",
        ],
        says: "READER gets TRUNCATE on public.notes, where policies allow it",
        who: "READER",
        asks: "truncate notes",
        answers: ["refused", "0 rows"],
    },
    Widening {
        name: "membership",
        change: ["{ name = \"JOINER\" }", "{ name = \"JOINER\", member-of = [\"READER\"] }"],
        says: "JOINER becomes a member of READER and may do what it may: SELECT, DELETE on public.notes",
        who: "JOINER",
        asks: COUNT,
        answers: ["refused", "1"],
    },
    Widening {
        name: "function",
        change: ["SELECT false", "SELECT true"],
        says: "the function public.may_go changes: by a policy that asks it, READER may delete more rows of \
               public.notes than before",
        who: "READER",
        asks: "delete from notes",
        answers: ["0 rows", "3 rows"],
    },
];

/// Texts with the roles of a run in them: roles belong to the server.
struct Named {
    reader: String,
    joiner: String,
}

impl Named {
    fn new(command: &str, widening: &Widening) -> Named {
        let of = |role: &str| format!("{role}_{}_{command}", widening.name);
        Named { reader: of("reader"), joiner: of("joiner") }
    }

    fn text(&self, text: &str) -> String {
        text.replace("READER", &self.reader).replace("JOINER", &self.joiner)
    }

    fn declare(&self, live: &Live, [from, to]: [&str; 2]) {
        assert!(from.is_empty() || NOTES.contains(from) != CONFIG.contains(from), "{from}");
        let changed = |text: &str| {
            self.text(&if from.is_empty() { text.to_owned() } else { text.replace(from, to) })
        };
        live.declare(&changed(NOTES));
        live.project.write("rls.toml", changed(CONFIG));
    }

    #[track_caller]
    fn asks(&self, live: &Live, widening: &Widening, at: usize) {
        let run = live.run(&["query", "--role", &self.text(widening.who), widening.asks, "--json"]);
        assert_eq!(answer(&run), widening.answers[at], "{}: {run}", widening.name);
    }
}

fn answer(run: &Run) -> String {
    if run.code != 0 {
        assert!(run.out.contains("permission denied"), "{run}");
        return "refused".to_owned();
    }
    let json = run.json();
    match &json["rows"][0]["count"] {
        Value::Null => format!("{} rows", json["affected"]),
        count => count.to_string(),
    }
}

#[test]
fn apply_says_who_could_do_what_more() {
    for widening in &WIDENINGS {
        let named = Named::new("apply", widening);
        let live = Live::new("", "");
        named.declare(&live, ["", ""]);
        live.apply(&[]).exits(0);
        live.sql(ROWS);
        named.asks(&live, widening, 0);
        named.declare(&live, widening.change);
        let says = format!("widens-access: {}\n", named.text(widening.says));
        live.both(&["apply"]).0.exits(1).says(&says).says("to go ahead, add --allow widens-access");
        named.asks(&live, widening, 0);
        // What goes from a live database may be somebody else's.
        live.run(&["apply", "--allow", "widens-access,drops-undeclared"]).exits(0);
        named.asks(&live, widening, 1);
        live.assert_in_sync();
    }
}

#[test]
fn migrate_says_who_could_do_what_more() {
    for widening in &WIDENINGS {
        let named = Named::new("migrate", widening);
        let live = Live::new("", "");
        named.declare(&live, ["", ""]);
        live.run(&["generate", "first"]).exits(0);
        live.run(&["migrate", "--install-stand-in"]).exits(0);
        live.sql(ROWS);
        named.asks(&live, widening, 0);
        named.declare(&live, widening.change);
        live.run(&["generate", "second", "--allow", "widens-access"]).exits(0);
        let says = format!("_second: widens-access: {}\n", named.text(widening.says));
        live.both(&["migrate"])
            .0
            .exits(1)
            .says(&says)
            .says("to go ahead, add --allow widens-access");
        named.asks(&live, widening, 0);
        live.run(&["migrate", "--allow", "widens-access"]).exits(0);
        named.asks(&live, widening, 1);
        live.assert_in_sync();
    }
}
