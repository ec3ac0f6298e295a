//! SQL text behind renames. A name is put in another's place only where it cannot mean anything else; a text
//! that is left as it was merely differs from the next one, and what it belongs to is made anew. Where the next
//! state has something else by an old name, even that would not be certain: such a text is marked, and no
//! other one is like it.

use super::Renamed;
use crate::diff::view::follows_columns;
use crate::lex::{self, Token, TokenKind};
use crate::model::{Ident, QualifiedName, Sql};
use crate::render;

/// The row of a table that an expression speaks of.
pub(super) struct Row {
    pub(super) was: QualifiedName,
    pub(super) now: QualifiedName,
    /// Its columns by their old names.
    pub(super) fields: Vec<Ident>,
}

/// How an expression says a column of the row.
enum Said<'a> {
    /// By its name, or with the table in front.
    Plainly(&'a Row),
    /// As one of OLD or NEW.
    OfTwo(&'a Row),
    /// Not at all.
    Never,
}

impl Renamed {
    /// An expression about a row of a table.
    pub(super) fn of_row(&self, sql: Sql, row: &Row) -> Sql {
        self.text(sql, &Said::Plainly(row))
    }

    /// A condition of a trigger.
    pub(super) fn of_two_rows(&self, sql: Sql, row: &Row) -> Sql {
        self.text(sql, &Said::OfTwo(row))
    }

    /// An expression that is about no table.
    pub(super) fn alone(&self, sql: Sql) -> Sql {
        self.text(sql, &Said::Never)
    }

    /// A default that is the next number of a sequence.
    pub(super) fn counted(&self, sql: Sql) -> Sql {
        let said = |(was, _): &(&QualifiedName, &QualifiedName)| render::next_of(was) == sql;
        let now = self.sequences.iter().find(said).map(|(_, now)| render::next_of(now));
        now.unwrap_or(sql)
    }

    /// What a view shows. Postgres has taken `*` for the columns that there were.
    pub(super) fn query(&self, query: Sql) -> Sql {
        let of_changed = |name: &str| {
            self.columns.keys().any(|(table, _)| {
                let was = self.tables.iter().find(|(_, now)| *now == table);
                table.name.as_str() == name || was.is_some_and(|(was, _)| was.name.as_str() == name)
            })
        };
        if follows_columns(&query) && lex::has_name(query.as_str(), of_changed) {
            return marked(query.as_str());
        }
        self.alone(query)
    }

    fn text(&self, sql: Sql, said: &Said<'_>) -> Sql {
        let text = sql.as_str();
        let Ok(mut tokens) = lex::tokens(text) else { return sql };
        tokens.retain(|token| token.kind != TokenKind::Comment);
        let reader = Reader { renamed: self, said, text, tokens: &tokens };
        let (mut written, mut copied, mut doubtful) = (String::new(), 0, false);
        for (at, token) in tokens.iter().enumerate() {
            match reader.at(at) {
                Found::Other => {}
                Found::Doubt(name) => doubtful |= self.again.contains(&name),
                Found::Name(name) => {
                    written += &text[copied..token.range.start];
                    written += &render::ident(&name);
                    copied = token.range.end;
                }
            }
        }
        written += &text[copied..];
        if doubtful { marked(&written) } else { Sql::new(written) }
    }

    /// Whether a column that was called so has another name now, of that table or of any.
    fn is_column(&self, name: &str, of: Option<&QualifiedName>) -> bool {
        let mut columns = self.columns.keys();
        columns.any(|(table, was)| was.as_str() == name && of.is_none_or(|of| of == table))
    }
}

/// A text that is like no other.
fn marked(text: &str) -> Sql {
    Sql::new(format!("{text} /* before a rename */"))
}

/// What a token is.
enum Found {
    /// Nothing that has another name.
    Other,
    /// Perhaps something that has.
    Doubt(String),
    /// Something that has this name now.
    Name(Ident),
}

struct Reader<'a> {
    renamed: &'a Renamed,
    said: &'a Said<'a>,
    text: &'a str,
    tokens: &'a [Token],
}

/// Words behind which an expression begins, where there is no query, and words that end one.
const BEFORE: &[&str] = &[
    "and", "or", "not", "case", "when", "then", "else", "between", "like", "ilike", "in", "from",
    "select",
];
const BEHIND: &[&str] = &[
    "and", "or", "is", "in", "not", "between", "like", "ilike", "then", "else", "end", "when",
    "collate", "at", "isnull", "notnull",
];
/// Words that stand where an expression does and are none.
const FORMS: [&str; 4] = ["nfc", "nfd", "nfkc", "nfkd"];

impl Reader<'_> {
    fn at(&self, at: usize) -> Found {
        let token = &self.tokens[at];
        if token.kind == TokenKind::String {
            return self.string(&self.text[token.range.clone()]);
        }
        let Some(name) = token.kind.name() else { return Found::Other };
        let doubt = || Found::Doubt(name.to_owned());
        if let Some(now) = self.table(at, name) {
            return Found::Name(now);
        }
        let row = match self.said {
            Said::Plainly(row) | Said::OfTwo(row) => Some(*row),
            Said::Never => None,
        };
        let is_table = self.renamed.tables.keys().any(|table| table.name.as_str() == name);
        let inside = self.is_mark(at.wrapping_sub(1), '.');
        // Without a query, columns of others come up only as parts of a value.
        let own = row.map(|row| &row.now).filter(|_| !inside && !self.is_asked(at));
        let nowhere = row.is_none() && !inside && !self.is_asked(at);
        let is_column = !nowhere && self.renamed.is_column(name, own);
        if !is_table && !is_column {
            return Found::Other;
        }
        let now = row.filter(|_| !self.is_asked(at)).and_then(|row| self.of_row(at, name, row));
        now.map_or_else(doubt, Found::Name)
    }

    /// Of strings nothing is known but that they may be values, or name tables.
    fn string(&self, text: &str) -> Found {
        let said = |name: &&String| text.contains(name.as_str());
        let found = self.renamed.again.iter().find(said).cloned();
        found.map_or(Found::Other, Found::Doubt)
    }

    /// A table, where it stands with its schema.
    fn table(&self, at: usize, name: &str) -> Option<Ident> {
        let schema = self.name(at.checked_sub(2)?)?;
        let (was, now) = self
            .renamed
            .tables
            .iter()
            .find(|(was, _)| was.name.as_str() == name && was.schema.as_str() == schema)?;
        let qualified = self.is_mark(at - 1, '.') && !self.is_mark(at.wrapping_sub(3), '.');
        let collation = self.word(at.wrapping_sub(3)) == Some("collate");
        let certain = qualified && !collation && !self.is_mark(at + 1, '(');
        (certain && self.is_schema_only(was.schema.as_str())).then(|| now.name.clone())
    }

    /// Whether a name is that of a schema wherever it stands, and not that of a table in the query too.
    fn is_schema_only(&self, name: &str) -> bool {
        let tables = match self.said {
            Said::Plainly(row) | Said::OfTwo(row) => vec![&row.was.name, &row.now.name],
            Said::Never => Vec::new(),
        };
        let mut places = (0..self.tokens.len()).filter(|at| self.name(*at) == Some(name));
        !tables.iter().any(|table| table.as_str() == name)
            && places.all(|at| self.is_mark(at + 1, '.') && !self.is_mark(at.wrapping_sub(1), '.'))
    }

    /// A column of the row, or the table in front of one.
    fn of_row(&self, at: usize, name: &str, row: &Row) -> Option<Ident> {
        let plain = matches!(self.said, Said::Plainly(_));
        if plain && self.is_front(at, row) {
            return Some(row.now.name.clone());
        }
        let begins = if self.is_mark(at.wrapping_sub(1), '.') {
            self.is_front(at.checked_sub(2)?, row)
        } else {
            plain && self.begins(at)
        };
        let key_word = self.tokens[at].kind.word().is_some_and(render::is_keyword);
        let certain = begins && self.ends(at) && !key_word && !FORMS.contains(&name);
        let key = (row.now.clone(), Ident::new(name).ok()?);
        self.renamed.columns.get(&key).filter(|_| certain).cloned()
    }

    /// Whether this is what stands in front of a column of the row: `todos` in `todos.id` and in
    /// `public.todos.id`, or one of the two rows that a trigger sees.
    fn is_front(&self, at: usize, row: &Row) -> bool {
        let column = self.name(at + 2).is_some_and(|name| {
            row.fields.iter().any(|field| field.as_str() == name) && !self.is_mark(at + 3, '(')
        });
        let behind = self.is_mark(at.wrapping_sub(1), '.');
        let front = match self.said {
            Said::Plainly(_) => {
                let schema = at.checked_sub(2).and_then(|at| self.name(at));
                let whole = schema == Some(row.was.schema.as_str())
                    && !self.is_mark(at.wrapping_sub(3), '.');
                self.name(at) == Some(row.was.name.as_str()) && (!behind || whole)
            }
            Said::OfTwo(_) => matches!(self.word(at), Some("old" | "new")) && !behind,
            Said::Never => false,
        };
        front && self.is_mark(at + 1, '.') && column
    }

    /// Whether an expression begins here.
    fn begins(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.is_none_or(|token| is_one(token, "(,[", &["::", "=>", ":="], BEFORE))
    }

    /// Whether the expression that begins here may end here.
    fn ends(&self, at: usize) -> bool {
        let behind = self.tokens.get(at + 1);
        behind.is_none_or(|token| is_one(token, "),[]", &["=>", ":="], BEHIND))
    }

    /// Whether it stands in a query, where names may be those of other tables. One without FROM has none.
    fn is_asked(&self, at: usize) -> bool {
        let mut depth = 0;
        let opens = (0..at).rev().filter(|at| {
            depth += i32::from(self.is_mark(*at, ')')) - i32::from(self.is_mark(*at, '('));
            let opens = depth < 0;
            depth = depth.max(0);
            opens
        });
        let asks = |at: usize| match self.word(at + 1) {
            Some("select") => self.inside(at).any(|at| self.word(at) == Some("from")),
            Some("table" | "values" | "with") => true,
            _ => false,
        };
        matches!(self.said, Said::Never) || { opens }.any(asks)
    }

    /// What stands in the brackets that open here.
    fn inside(&self, open: usize) -> impl Iterator<Item = usize> {
        let mut depth = 0;
        (open..self.tokens.len()).take_while(move |at| {
            depth += i32::from(self.is_mark(*at, '(')) - i32::from(self.is_mark(*at, ')'));
            depth > 0
        })
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.tokens.get(at)?.kind.name()
    }

    fn word(&self, at: usize) -> Option<&str> {
        self.tokens.get(at)?.kind.word()
    }

    fn is_mark(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == TokenKind::Punctuation(mark))
    }
}

/// Whether a token is one of these marks or words, or an operator that is none of these.
fn is_one(token: &Token, marks: &str, not: &[&str], words: &[&str]) -> bool {
    if let TokenKind::Punctuation(mark) = token.kind {
        marks.contains(mark)
    } else if let TokenKind::Operator(operator) = &token.kind {
        !not.contains(&operator.as_str())
    } else {
        token.kind.word().is_some_and(|word| words.contains(&word))
    }
}

#[cfg(test)]
mod tests {
    use super::{Renamed, Row};
    use crate::model::{Ident, QualifiedName, Sql};

    fn id(name: &str) -> Ident {
        Ident::new(name).unwrap()
    }

    fn public(name: &str) -> QualifiedName {
        QualifiedName::new(id("public"), id(name))
    }

    /// `notes` is `memos` now, its `year` is `term` and its `a` is `b`; of `others`, `c` is `d`.
    fn renamed() -> Renamed {
        let columns = [("memos", "year", "term"), ("memos", "a", "b"), ("others", "c", "d")];
        Renamed {
            tables: [(public("notes"), public("memos"))].into(),
            columns: columns.map(|(of, was, now)| ((public(of), id(was)), id(now))).into(),
            ..Renamed::default()
        }
    }

    fn row() -> Row {
        let fields = ["year", "a", "c", "at", "home"].map(id).to_vec();
        Row { was: public("notes"), now: public("memos"), fields }
    }

    #[test]
    fn columns_of_the_row_have_their_new_names() {
        for (was, is) in [
            ("a", "b"),
            ("\"a\" = 1 AND NOT (year IS NULL)", "b = 1 AND NOT (term IS NULL)"),
            ("lower(a) || a::text LIKE a", "lower(b) || b::text LIKE b"),
            ("notes.a > 0 OR public.notes.year = 1", "memos.b > 0 OR public.memos.term = 1"),
            ("notes.at > now()", "memos.at > now()"),
            ("ARRAY[a, year][1] -- a", "ARRAY[b, term][1] -- a"),
            ("EXISTS (SELECT FROM public.notes n)", "EXISTS (SELECT FROM public.memos n)"),
            ("id::public.notes IS NULL", "id::public.memos IS NULL"),
            ("(SELECT auth.uid()) = a", "(SELECT auth.uid()) = b"),
            (
                "(SELECT a) = ANY (ARRAY(SELECT c FROM x)) OR a = 1",
                "(SELECT b) = ANY (ARRAY(SELECT c FROM x)) OR b = 1",
            ),
            ("(SELECT f(a) AS a) IS DISTINCT FROM a", "(SELECT f(b) AS a) IS DISTINCT FROM b"),
        ] {
            assert_eq!(renamed().of_row(Sql::new(was), &row()).as_str(), is);
        }
        let both = renamed().of_two_rows(Sql::new("OLD.a <> new.a AND a"), &row());
        assert_eq!(both.as_str(), "OLD.b <> new.b AND a");
    }

    /// Each of these means, or could mean, something else.
    #[test]
    fn what_is_not_certain_stays() {
        for same in [
            "extract(year FROM at)",
            "'a' = 'year'",
            "at::a",
            "CAST(at AS a)",
            "a(1)",
            "f(a => 1)",
            "at COLLATE a",
            "at AT TIME ZONE 'x' > interval '1' year",
            "(home).a",
            "a.at",
            "other.a",
            "year '1'",
            "c > 1",
            "EXISTS (SELECT FROM x WHERE a = 1 AND notes.a = 2)",
            "EXISTS (SELECT FROM app.other AS public WHERE public.notes)",
            "EXISTS (SELECT FROM notes)",
            "at IN (SELECT (SELECT a) FROM x)",
            "at IN (WITH x AS (SELECT 1) TABLE x ORDER BY a)",
            "at IN (SELECT 1 a)",
            "(SELECT 1 UNION SELECT a FROM x) = 1",
            "public.notes(1)",
            "at COLLATE public.notes",
            "other.public.notes",
        ] {
            assert_eq!(renamed().of_row(Sql::new(same), &row()).as_str(), same);
        }
        let keyword =
            Renamed { columns: [((public("memos"), id("nfc")), id("nfd"))].into(), ..renamed() };
        let form = Sql::new("normalize(at, nfc)");
        assert_eq!(keyword.of_row(form.clone(), &row()), form);
    }

    #[test]
    fn what_is_not_certain_is_like_nothing_where_an_old_name_is_used_again() {
        let renamed = Renamed { again: ["a".to_owned(), "open".to_owned()].into(), ..renamed() };
        for text in ["EXISTS (SELECT FROM x WHERE a)", "state = 'open'", "other.a"] {
            let marked = renamed.of_row(Sql::new(text), &row());
            assert_ne!(marked.as_str(), text);
            assert!(marked.as_str().starts_with(text));
        }
        assert_eq!(renamed.of_row(Sql::new("a"), &row()).as_str(), "b");
        assert_eq!(renamed.alone(Sql::new("b")).as_str(), "b");
    }

    #[test]
    fn a_star_shows_the_columns_that_there_were() {
        let query = |text| renamed().query(Sql::new(text)).as_str().to_owned();
        assert!(query("SELECT * FROM public.notes").contains("/*"));
        assert_eq!(query("SELECT * FROM public.docs"), "SELECT * FROM public.docs");
        assert_eq!(query("SELECT id FROM public.notes"), "SELECT id FROM public.memos");
    }
}
