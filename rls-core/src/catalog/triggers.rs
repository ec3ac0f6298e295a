//! Triggers, without those that constraints bring along and those that come from a partitioned table.

use tokio_postgres::{Row, Transaction};

use super::Error;
use super::ask::{self, Asked, get, ident, idents, with_declared};
use super::constraints::deferral;
use super::views::Relations;
use crate::lex::{self, TokenKind};
use crate::model::{Ident, QualifiedName, Sql, Trigger, TriggerEvent, TriggerState, TriggerTiming};

// Only the whole definition says WHEN: `pg_get_expr` knows one row, and OLD and NEW are two.
const TRIGGERS: &str = with_declared!(
    "SELECT t.tgrelid AS oid, t.tgname::text AS name, t.tgtype::int AS type, t.tgenabled::text AS state,
    fn.nspname::text AS function_schema, p.proname::text AS function, t.tgargs AS arguments,
    ARRAY(SELECT a.attname::text FROM unnest(t.tgattr::int2[]) AS part (number)
        JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = part.number) AS columns,
    CASE WHEN t.tgqual IS NOT NULL THEN pg_get_triggerdef(t.oid) END AS definition,
    t.tgconstraint <> 0 AS is_constraint, t.tgdeferrable AS deferrable, t.tginitdeferred AS deferred,
    t.tgoldtable::text AS old_table, t.tgnewtable::text AS new_table, t.tgconstrrelid <> 0 AS refers
FROM declared c JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgparentid = 0
    JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace fn ON fn.oid = p.pronamespace
ORDER BY t.tgrelid, t.tgname"
);

pub(super) async fn read(transaction: &Transaction<'_>, asked: &Asked) -> Result<Vec<Row>, Error> {
    ask::rows(transaction, TRIGGERS, &[&asked.relation_schemas, &asked.relation_names]).await
}

pub(super) fn add(
    rows: &[Row],
    relations: &mut Relations<'_>,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    for row in rows {
        let Some((on, triggers)) = relations.triggers(row)? else { continue };
        let name = ident(row, "name")?;
        let mut leave = |why: &str| {
            notes.push(format!("the trigger \"{name}\" on {on} is left alone: {why}"));
        };
        let Some(arguments) = arguments(get(row, "arguments")?) else {
            leave("its arguments are not text");
            continue;
        };
        if get(row, "refers")? {
            leave("it is FROM another table");
            continue;
        }
        let kind = Kind(get(row, "type")?);
        let what = || format!("the trigger \"{name}\" on {on}");
        let optional = |column| {
            let name = get::<Option<&str>>(row, column)?;
            name.map(Ident::new).transpose().map_err(Error::from)
        };
        let when = match get::<Option<&str>>(row, "definition")? {
            Some(text) => Some(condition(text).ok_or_else(|| unknown(what(), text))?),
            None => None,
        };
        let trigger = Trigger {
            timing: kind.timing(),
            events: kind.events(),
            columns: idents(row, "columns")?.into_iter().collect(),
            for_each_row: kind.has(1),
            when,
            function: QualifiedName::new(ident(row, "function_schema")?, ident(row, "function")?),
            arguments,
            old_table: optional("old_table")?,
            new_table: optional("new_table")?,
            constraint: if get(row, "is_constraint")? { Some(deferral(row)?) } else { None },
            state: match get(row, "state")? {
                "O" => TriggerState::Origin,
                "D" => TriggerState::Disabled,
                "R" => TriggerState::Replica,
                "A" => TriggerState::Always,
                code => return Err(unknown(what(), code)),
            },
        };
        triggers.insert(name, trigger);
    }
    Ok(())
}

fn unknown(what: String, code: &str) -> Error {
    Error::Unknown { what, code: code.to_owned() }
}

/// When it runs and on what, as bits. Source: Postgres source, `catalog/pg_trigger.h`.
struct Kind(i32);

impl Kind {
    fn has(&self, bit: i32) -> bool {
        self.0 & bit != 0
    }

    fn timing(&self) -> TriggerTiming {
        if self.has(2) {
            TriggerTiming::Before
        } else if self.has(64) {
            TriggerTiming::InsteadOf
        } else {
            TriggerTiming::After
        }
    }

    fn events(&self) -> std::collections::BTreeSet<TriggerEvent> {
        let bits = [
            (4, TriggerEvent::Insert),
            (8, TriggerEvent::Delete),
            (16, TriggerEvent::Update),
            (32, TriggerEvent::Truncate),
        ];
        bits.into_iter().filter(|(bit, _)| self.has(*bit)).map(|(_, event)| event).collect()
    }
}

/// Each ends with a NUL byte.
fn arguments(bytes: &[u8]) -> Option<Vec<String>> {
    let mut parts: Vec<_> = bytes.split(|byte| *byte == 0).collect();
    parts.pop();
    parts.into_iter().map(|part| String::from_utf8(part.to_owned()).ok()).collect()
}

/// What stands in the brackets behind WHEN. Names and strings that hold the word are no words.
fn condition(definition: &str) -> Option<Sql> {
    let tokens = lex::tokens(definition).ok()?;
    let when = tokens.iter().position(|token| token.kind.word() == Some("when"))?;
    let open = tokens.get(when + 1)?;
    let mut depth = 0_usize;
    for token in &tokens[when + 1..] {
        match token.kind {
            TokenKind::Punctuation('(') => depth += 1,
            TokenKind::Punctuation(')') => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(Sql::new(&definition[open.range.end..token.range.start]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{arguments, condition};

    #[test]
    fn the_condition_is_what_stands_in_its_brackets() {
        let text = "CREATE TRIGGER \"when\" BEFORE UPDATE ON public.t FOR EACH ROW \
                    WHEN (((old.a)::text = ')'::text)) EXECUTE FUNCTION public.f('when (')";
        let found = condition(text).unwrap();
        assert_eq!(found.as_str(), "((old.a)::text = ')'::text)");
        assert_eq!(condition("CREATE TRIGGER t EXECUTE FUNCTION public.f()"), None);
    }

    #[test]
    fn arguments_end_with_a_byte_of_their_own() {
        assert_eq!(arguments(b""), Some(vec![]));
        assert_eq!(arguments(b"a\0\0b c\0"), Some(vec!["a".into(), String::new(), "b c".into()]));
        assert_eq!(arguments(b"\xff\0"), None);
    }
}
