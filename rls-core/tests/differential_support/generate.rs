//! Random predicates that mostly compile, and that the passes find something in.

use rls_core::model::*;

use super::data::{DOCS, MEMBERS, TEAMS};
use super::random::Random;

/// The structs that lookups name, as the tables are called. A policy cannot read its own table.
const TABLES: [&str; 4] = ["candidates", "members", "members", "teams"];

pub struct Generator<'a> {
    random: &'a mut Random,
    /// Tables in scope, the innermost last.
    scope: Vec<&'static str>,
    /// What was said already, with how many tables were in scope: repeated now and then.
    said: Vec<(usize, Expr)>,
}

impl<'a> Generator<'a> {
    pub fn new(random: &'a mut Random) -> Self {
        Generator { random, scope: vec!["docs"], said: Vec::new() }
    }

    pub fn predicate(&mut self) -> Expr {
        let depth = 1 + self.random.below(4);
        self.boolean(depth)
    }

    fn boolean(&mut self, depth: u64) -> Expr {
        if depth == 0 || self.random.one_in(5) {
            return self.atom(depth);
        }
        match self.random.below(10) {
            0..=2 => Expr::And(self.some(depth - 1)),
            3..=5 => Expr::Or(self.some(depth - 1)),
            6 => Expr::Not(Box::new(self.boolean(depth - 1))),
            7 => self.distributed(depth - 1),
            _ if self.scope.len() < 3 => self.exists(depth - 1),
            _ => self.atom(depth),
        }
    }

    fn some(&mut self, depth: u64) -> Vec<Expr> {
        let count = 2 + self.random.below(2);
        (0..count).map(|_| self.boolean(depth)).collect()
    }

    /// Alternatives with something in common.
    fn distributed(&mut self, depth: u64) -> Expr {
        let common = self.boolean(depth.saturating_sub(1));
        let and_of_or = self.random.one_in(3);
        let alternatives = (0..2).map(|_| {
            let other = self.boolean(depth.saturating_sub(1));
            let mut both = vec![common.clone(), other];
            if self.random.one_in(2) {
                both.reverse();
            }
            if and_of_or { Expr::Or(both) } else { Expr::And(both) }
        });
        let alternatives = alternatives.collect();
        if and_of_or { Expr::And(alternatives) } else { Expr::Or(alternatives) }
    }

    /// Mostly a membership, one of each kind that is rewritten and that is not.
    fn exists(&mut self, depth: u64) -> Expr {
        let table = self.random.pick(&TABLES);
        let outer = *self.scope.last().unwrap();
        self.scope.push(table);
        let mut filter = Vec::new();
        if !self.random.one_in(5) {
            let (inner, outer) = match table {
                "members" | "candidates" => ("team_id", team_of(self.random, outer)),
                _ => ("id", team_of(self.random, outer)),
            };
            let mut sides = [Expr::column(inner), column(1, outer)];
            if self.random.one_in(2) {
                sides.reverse();
            }
            let [left, right] = sides;
            filter.push(Expr::compare(CompareOp::Eq, left, right));
        }
        match (table, self.random.below(3)) {
            ("members", 0 | 1) => {
                filter.push(Expr::owned_by(self.random.pick(&["user_id", "user_key"])))
            }
            ("candidates", 0) => filter.push(Expr::owned_by("owner")),
            _ => {}
        }
        if filter.is_empty() || self.random.one_in(2) {
            filter.push(self.boolean(depth.min(2)));
        }
        if self.random.one_in(4) {
            filter.reverse();
        }
        self.scope.pop();
        let filter = if filter.len() == 1 { filter.remove(0) } else { Expr::And(filter) };
        let alias = table[..1].to_owned();
        Expr::Exists { table: table.to_owned(), alias, filter: Box::new(filter) }
    }

    fn atom(&mut self, depth: u64) -> Expr {
        let here = self.scope.len();
        let again: Vec<_> = self.said.iter().filter(|(at, _)| *at == here).cloned().collect();
        if !again.is_empty() && self.random.one_in(4) {
            let at = self.random.below(again.len() as u64);
            return again[usize::try_from(at).unwrap()].1.clone();
        }
        let atom = self.fresh_atom(depth);
        self.said.push((here, atom.clone()));
        atom
    }

    fn fresh_atom(&mut self, _depth: u64) -> Expr {
        match self.random.below(20) {
            0 => Expr::bool(self.random.one_in(2)),
            1 | 2 => self.column_of(&["boolean"]),
            3 => Expr::IsNull(Box::new(self.any_column())),
            4 => Expr::IsNull(Box::new(self.boolean(0))),
            5..=7 => self.ownership(),
            8 | 9 => {
                let right = self.number();
                self.compare(&["integer", "bigint", "numeric"], right)
            }
            10 | 11 => {
                let right = self.text();
                self.compare(&["text"], right)
            }
            12 => {
                let right = claim("o.rol");
                Expr::compare(self.operator(), right, text(self.random.pick(&["admin", "open"])))
            }
            13 => {
                let list = ["open", "shut", "x"].map(text).to_vec();
                Expr::In { value: Box::new(self.column_of(&["text"])), list }
            }
            14 => {
                let form =
                    self.random.pick(&[TextForm::StartsWith, TextForm::Like, TextForm::ILike]);
                let pattern = text(self.random.pick(&["o", "a\\\\%", "%e%", "x\\\\"]));
                Expr::Matches {
                    form,
                    value: Box::new(self.column_of(&["text"])),
                    pattern: Box::new(pattern),
                }
            }
            15 => {
                let container = match self.random.below(4) {
                    0 => claim("o.rol"),
                    1 => self.column_of(&["text"]),
                    _ => self.column_of(&["text[]", "jsonb"]),
                };
                Expr::Contains { container: Box::new(container), value: Box::new(text("open")) }
            }
            16 => {
                let json = self.column_of(&["jsonb"]);
                let value = Expr::Json { value: Box::new(json), path: vec!["k".to_owned()] };
                Expr::compare(self.operator(), value, text("open"))
            }
            17 => {
                // Fails on some rows, or for some requests.
                let value = match self.random.below(3) {
                    0 => claim("n"),
                    _ => self.column_of(&["text"]),
                };
                let ty = PgType::plain(BaseType::Integer);
                let value = Expr::Cast { value: Box::new(value), ty };
                let right = self.number();
                Expr::compare(self.operator(), value, right)
            }
            18 if self.scope.len() == 1 => {
                let sql = ["flag", "n > 1", "status IS DISTINCT FROM 'open'", "true OR n IS NULL"];
                Expr::Sql(self.random.pick(&sql).to_owned())
            }
            18 => {
                let (left, right) = (self.random.pick(&["1", "2"]), self.random.pick(&["1", "2"]));
                Expr::compare(self.operator(), number(left), number(right))
            }
            _ => {
                let time = Expr::Now;
                let unit = TimeUnit::Days;
                let by = Expr::Interval(Interval { count: 1, unit });
                let ago =
                    Expr::Shift { op: ShiftOp::Earlier, time: Box::new(time), by: Box::new(by) };
                self.compare(&["timestamptz"], ago)
            }
        }
    }

    fn ownership(&mut self) -> Expr {
        let columns: &[&str] = match *self.scope.last().unwrap() {
            "docs" | "candidates" => &["owner", "owner_key"],
            "members" => &["user_id", "user_key"],
            _ => &["name"],
        };
        Expr::owned_by(self.random.pick(columns))
    }

    fn compare(&mut self, types: &[&str], right: Expr) -> Expr {
        let left = self.column_of(types);
        Expr::compare(self.operator(), left, right)
    }

    fn operator(&mut self) -> CompareOp {
        use CompareOp::{Eq, Ge, Gt, Le, Lt, Ne};
        self.random.pick(&[Eq, Eq, Eq, Ne, Lt, Le, Gt, Ge])
    }

    fn number(&mut self) -> Expr {
        match self.random.below(3) {
            0 => self.column_of(&["integer", "bigint", "numeric"]),
            _ => number(self.random.pick(&["0", "1", "2", "2.5"])),
        }
    }

    fn text(&mut self) -> Expr {
        match self.random.below(4) {
            0 => self.column_of(&["text"]),
            1 => claim("o.rol"),
            _ => text(self.random.pick(&["open", "shut", ""])),
        }
    }

    fn any_column(&mut self) -> Expr {
        self.column_of(&[
            "integer", "bigint", "text", "uuid", "boolean", "jsonb", "text[]", "numeric",
        ])
    }

    /// A column of one of these types, mostly of the innermost table.
    fn column_of(&mut self, types: &[&str]) -> Expr {
        let furthest = self.scope.len() - 1;
        let up = if furthest > 0 && self.random.one_in(4) { furthest } else { 0 };
        for up in [up, furthest] {
            let table = self.scope[furthest - up];
            let fitting: Vec<_> =
                columns(table).iter().filter(|(_, ty, _)| types.contains(ty)).collect();
            if !fitting.is_empty() {
                return column(up, self.random.pick(&fitting).0);
            }
        }
        unreachable!("docs has every type")
    }
}

fn columns(table: &str) -> &'static [(&'static str, &'static str, bool)] {
    match table {
        "docs" | "candidates" => DOCS,
        "members" => MEMBERS,
        _ => TEAMS,
    }
}

fn team_of(random: &mut Random, table: &str) -> &'static str {
    match table {
        "docs" | "candidates" => random.pick(&["team_id", "team_id", "big_team"]),
        "members" => "team_id",
        _ => random.pick(&["id", "parent_id"]),
    }
}

fn column(up: usize, field: &str) -> Expr {
    Expr::Column(ColumnRef { up, field: field.to_owned() })
}

fn claim(path: &str) -> Expr {
    Expr::Claim(path.split('.').map(str::to_owned).collect())
}

fn text(text: &str) -> Expr {
    Expr::Literal(Literal::Text(text.to_owned()))
}

fn number(digits: &str) -> Expr {
    Expr::Literal(Literal::Number(digits.to_owned()))
}
