//! Triggers as declared on the struct of their table or view, and what the model makes of them:
//! `trigger(name = "touch", before = [insert, update], of = [title], function = touch)`.

use std::collections::BTreeSet;

use syn::{Expr, LitStr, Meta};

use super::Ctxt;
use super::attr::{self, Item, sql_literal, string_literal};
use super::constraint::{Read, deferral};
use super::decl::{path_name, qualified_name};
use super::lower_constraint::Lowering;
use super::raw_sql::{self, Relation};
use crate::lex;
use crate::model::{
    Deferral, Ident, QualifiedName, Sql, Trigger, TriggerEvent, TriggerState, TriggerTiming,
};

/// `trigger(name = "..", before = update, function = touch, ..)`.
pub(super) struct TriggerDecl {
    pub(super) meta: Meta,
    pub(super) name: Ident,
    pub(super) comment: Option<String>,
    timing: TriggerTiming,
    events: Vec<(TriggerEvent, Expr)>,
    of: Vec<Expr>,
    for_each_row: bool,
    when: Option<LitStr>,
    function: QualifiedName,
    arguments: Vec<String>,
    old_table: Option<Ident>,
    new_table: Option<Ident>,
    constraint: Option<Deferral>,
    state: TriggerState,
}

const KEYS: &[&str] = &[
    "name",
    "before",
    "after",
    "instead_of",
    "of",
    "each",
    "when",
    "function",
    "arguments",
    "old_table",
    "new_table",
    "constraint",
    "deferrable",
    "initially_deferred",
    "state",
    "comment",
];

const EXAMPLE: &str = "write `trigger(name = \"..\", before = [insert, update], function = touch)`";

/// Reads one. `schema` is that of the table, in which the function is where none is named.
pub(super) fn trigger(item: &Item, schema: &Ident, ctxt: &Ctxt) -> Option<TriggerDecl> {
    let before = ctxt.count();
    let items = attr::nested(item.list(ctxt)?, KEYS, ctxt);
    let read = Read { items: &items, ctxt, complete: ctxt.count() == before };
    for key in ["name", "function"] {
        if read.find(key).is_none() && read.complete {
            ctxt.error_help(&item.meta, format!("`trigger` has no `{key}`"), EXAMPLE);
        }
    }
    let (timing, events) = timing(&read, item)?;
    let for_each_row = each(&read)?;
    let constraint = read.switch("constraint").then(|| deferral(&items, ctxt));
    if let (Some(late), None) = (items.iter().find(|item| item.key.contains("defer")), constraint) {
        let help = "write `constraint` beside it";
        ctxt.error_help(&late.meta, "only a constraint trigger can wait", help);
    }
    let function = read.find("function")?.value(ctxt)?;
    let Some(function) = qualified_name(function, schema, ctxt) else {
        let help = "write `function = touch` or `function = public.touch`";
        ctxt.error_help(function, "this does not name a function", help);
        return None;
    };
    Some(TriggerDecl {
        meta: item.meta.clone(),
        name: read.name("name")?,
        comment: read.find("comment").and_then(|item| item.string(ctxt)).map(|text| text.value()),
        timing,
        events,
        of: read.columns("of"),
        for_each_row,
        when: read.find("when").and_then(|item| when(item, ctxt)),
        function: function?,
        arguments: arguments(&read),
        old_table: read.name("old_table"),
        new_table: read.name("new_table"),
        constraint,
        state: state(&read)?,
    })
}

/// `before = update`, `after = [insert, update]` or `instead_of = insert`.
fn timing(read: &Read<'_>, item: &Item) -> Option<(TriggerTiming, Vec<(TriggerEvent, Expr)>)> {
    let ctxt = read.ctxt;
    let known = [
        ("before", TriggerTiming::Before),
        ("after", TriggerTiming::After),
        ("instead_of", TriggerTiming::InsteadOf),
    ];
    let said = known.map(|(key, timing)| read.find(key).map(|said| (timing, said)));
    let mut said = said.into_iter().flatten();
    let (timing, said) = match (said.next(), said.next()) {
        (Some(said), None) => said,
        (Some(_), Some((_, second))) => {
            let help = "declare two triggers";
            let message = "a trigger runs before, after or instead of something, and one of these";
            ctxt.error_help(&second.meta, message, help);
            return None;
        }
        (None, _) => {
            if read.complete {
                ctxt.error_help(&item.meta, "`trigger` does not say when it runs", EXAMPLE);
            }
            return None;
        }
    };
    let all = match said.value(ctxt)? {
        Expr::Array(list) => list.elems.iter().cloned().collect(),
        one => vec![one.clone()],
    };
    let before = ctxt.count();
    let mut events = Vec::new();
    for rust in all {
        let event = match path_name(&rust).as_deref() {
            Some("insert") => TriggerEvent::Insert,
            Some("update") => TriggerEvent::Update,
            Some("delete") => TriggerEvent::Delete,
            Some("truncate") => TriggerEvent::Truncate,
            _ => {
                let help = "known are `insert`, `update`, `delete` and `truncate`";
                ctxt.error_help(&rust, "this sets no trigger off", help);
                continue;
            }
        };
        events.push((event, rust));
    }
    if events.is_empty() && ctxt.count() == before {
        ctxt.error_help(&said.meta, "nothing sets this trigger off", EXAMPLE);
    }
    Some((timing, events)).filter(|(_, events)| !events.is_empty())
}

/// `each = row`, which goes without saying, or `each = statement`.
fn each(read: &Read<'_>) -> Option<bool> {
    let Some(item) = read.find("each") else { return Some(true) };
    let value = item.value(read.ctxt)?;
    match path_name(value).as_deref() {
        Some("row") => Some(true),
        Some("statement") => Some(false),
        _ => {
            let help = "write `each = row` or `each = statement`";
            read.ctxt.error_help(value, "a trigger runs for each row or statement", help);
            None
        }
    }
}

/// `state = disabled`: in which sessions it runs.
fn state(read: &Read<'_>) -> Option<TriggerState> {
    let Some(item) = read.find("state") else { return Some(TriggerState::Origin) };
    let value = item.value(read.ctxt)?;
    match path_name(value).as_deref() {
        Some("origin") => Some(TriggerState::Origin),
        Some("disabled") => Some(TriggerState::Disabled),
        Some("replica") => Some(TriggerState::Replica),
        Some("always") => Some(TriggerState::Always),
        _ => {
            let help = "known are `origin`, `disabled`, `replica` and `always`";
            read.ctxt.error_help(value, "unknown state of a trigger", help);
            None
        }
    }
}

/// `when = sql("OLD.title IS DISTINCT FROM NEW.title")`.
fn when(item: &Item, ctxt: &Ctxt) -> Option<LitStr> {
    let value = item.value(ctxt)?;
    let text = sql_literal(value);
    if text.is_none() {
        let help = "write `when = sql(\"OLD.title IS DISTINCT FROM NEW.title\")`";
        ctxt.error_help(value, "`when` is a condition in SQL", help);
    }
    text.cloned()
}

/// `arguments = ["a", "b"]`.
fn arguments(read: &Read<'_>) -> Vec<String> {
    let mut arguments = Vec::new();
    for value in read.columns("arguments") {
        match string_literal(&value).map(LitStr::value) {
            Some(text) if !text.contains('\0') => arguments.push(text),
            _ => {
                let help = "write `arguments = [\"a\", \"b\"]`";
                read.ctxt.error_help(&value, "a trigger hands over texts", help);
            }
        }
    }
    arguments
}

impl TriggerDecl {
    /// The trigger of a table; what cannot be together is told.
    pub(super) fn lower(&self, lowering: &Lowering<'_, '_>) -> Option<(Ident, Trigger)> {
        let ctxt = lowering.ctxt;
        let before = ctxt.count();
        self.fits_together(ctxt);
        if self.timing == TriggerTiming::InsteadOf {
            let help = "write `before = ..` or `after = ..`";
            ctxt.error_help(&self.meta, "only a view has something done instead", help);
        }
        let columns = lowering.columns(&self.of)?;
        let when = match &self.when {
            Some(text) => Some(condition(text, lowering)?),
            None => None,
        };
        self.made(columns.into_iter().collect(), when, before, ctxt)
    }

    /// The trigger of a view, of whose columns `names` makes names, for only the server knows them.
    ///
    /// Source: Postgres manual, `CREATE TRIGGER`: which triggers views can have.
    pub(super) fn lower_on_view(
        &self,
        names: impl Fn(&[Expr], &Ctxt) -> Vec<Ident>,
        ctxt: &Ctxt,
    ) -> Option<(Ident, Trigger)> {
        let before = ctxt.count();
        self.fits_together(ctxt);
        let instead = self.timing == TriggerTiming::InsteadOf;
        if instead != self.for_each_row {
            let (message, help) = if instead {
                ("what is done instead is done for each row", "leave `each` out")
            } else {
                (
                    "a view has no rows of its own to run this for",
                    "write `instead_of = ..`, or `each = statement`",
                )
            };
            ctxt.error_help(&self.meta, message, help);
        }
        if let Some((_, at)) =
            self.events.iter().find(|(event, _)| *event == TriggerEvent::Truncate)
        {
            ctxt.error(at, "a view is not truncated");
        }
        if let Some(first) = self.of.first().filter(|_| instead) {
            let help = "leave `of` out";
            ctxt.error_help(first, "what is done instead is done whichever column it is", help);
        }
        let when = self.when.as_ref().filter(|text| raw_sql::lexical(text, None, ctxt).is_some());
        if let Some(text) = when.filter(|_| instead) {
            let help = "leave `when` out, and let the function decide";
            ctxt.error_help(text, "what is done instead is done always", help);
        }
        if self.constraint.is_some() || self.old_table.is_some() || self.new_table.is_some() {
            let message = "a view has neither constraints nor tables of its old and new rows";
            ctxt.error(&self.meta, message);
        }
        let when = when.map(|text| Sql::new(text.value().trim()));
        self.made(names(&self.of, ctxt).into_iter().collect(), when, before, ctxt)
    }

    /// The trigger of the model, if nothing was wrong with it since there were so many mistakes.
    fn made(
        &self,
        columns: BTreeSet<Ident>,
        when: Option<Sql>,
        before: usize,
        ctxt: &Ctxt,
    ) -> Option<(Ident, Trigger)> {
        let trigger = Trigger {
            timing: self.timing,
            events: self.events.iter().map(|(event, _)| *event).collect(),
            columns,
            for_each_row: self.for_each_row,
            when,
            function: self.function.clone(),
            arguments: self.arguments.clone(),
            old_table: self.old_table.clone(),
            new_table: self.new_table.clone(),
            constraint: self.constraint,
            state: self.state,
        };
        if let (Some(row), Some(text)) = (missing_row(&trigger), &self.when) {
            let message = format!("there is no {row} in all that sets this trigger off");
            ctxt.error_help(text, message, "declare one trigger for each");
        }
        (ctxt.count() == before).then(|| (self.name.clone(), trigger))
    }

    /// Source: Postgres manual, `CREATE TRIGGER`.
    fn fits_together(&self, ctxt: &Ctxt) {
        let truncate = self.events.iter().find(|(event, _)| *event == TriggerEvent::Truncate);
        if let (Some((_, at)), true) = (truncate, self.for_each_row) {
            let help = "write `each = statement`";
            ctxt.error_help(at, "TRUNCATE is told of once, and not for each row", help);
        }
        let updates = self.events.iter().any(|(event, _)| *event == TriggerEvent::Update);
        if let (Some(first), false) = (self.of.first(), updates) {
            ctxt.error(first, "only an UPDATE is about columns");
        }
        if self.constraint.is_some() && !(self.for_each_row && self.timing == TriggerTiming::After)
        {
            let help = "write `after = ..` and leave `each` out";
            ctxt.error_help(&self.meta, "a constraint is checked after each row", help);
        }
        let tables = self.old_table.as_ref().or(self.new_table.as_ref());
        if let (Some(table), TriggerTiming::Before) = (tables, self.timing) {
            let message =
                format!("there is no table `{table}` of all rows before they are written");
            ctxt.error_help(&self.meta, message, "write `after = ..`");
        }
    }
}

/// A condition over the row as it was and as it will be.
fn condition(text: &LitStr, lowering: &Lowering<'_, '_>) -> Option<Sql> {
    let Lowering { scope, ctxt, .. } = lowering;
    raw_sql::lexical(text, None, ctxt)?;
    let sql = text.value();
    let own = scope.own.as_ref()?;
    let columns: Vec<_> =
        own.columns.iter().map(|column| column.name.as_str().to_owned()).collect();
    let rows = ["old", "new"];
    let rows = rows.map(|name| Relation { name: name.to_owned(), columns: columns.clone() });
    let tokens = lex::tokens(&sql).ok()?;
    raw_sql::names(text, &sql, &tokens, &rows, &[], ctxt).then(|| Sql::new(sql.trim()))
}

/// The row that a condition asks about and that is not there.
fn missing_row(trigger: &Trigger) -> Option<&'static str> {
    let when = trigger.when.as_ref()?;
    let tokens = lex::tokens(when.as_str()).ok()?;
    let asks = |row: &str| tokens.iter().any(|token| token.kind.word() == Some(row));
    let on = |event| trigger.events.contains(&event) || !trigger.for_each_row;
    match () {
        () if asks("old") && on(TriggerEvent::Insert) => Some("OLD"),
        () if asks("new") && on(TriggerEvent::Delete) => Some("NEW"),
        () => None,
    }
}
