//! Policies: on the table's own columns, and looking into others.

use rls_core::model::*;
use rls_core::render::{ident, qualified};

use super::draft::{Need, id};
use super::keys::from;
use super::kinds;
use super::maker::Maker;

const NAMES: [&str; 5] = ["own rows", "crud-reader-policy-select", "p", "Say \"no\"; --", "всё"];
const COMMANDS: [Command; 5] =
    [Command::All, Command::Select, Command::Insert, Command::Update, Command::Delete];

impl Maker {
    pub fn policies(&mut self, table: &mut Table<Sql>) {
        for name in self.dice.some(&NAMES, 3) {
            let command = self.dice.any(&COMMANDS).unwrap();
            let (mut using, mut with_check) = (None, None);
            if command != Command::Insert && !self.dice.one_in(8) {
                using = self.predicate(table);
            }
            if !matches!(command, Command::Select | Command::Delete) && !self.dice.one_in(3) {
                with_check =
                    if self.dice.one_in(4) { using.clone() } else { self.predicate(table) };
            }
            let grantees: Vec<_> = self.draft.schema.grantees.iter().cloned().collect();
            let named: Vec<_> = grantees.into_iter().filter(|it| *it != Grantee::Public).collect();
            let mut roles: std::collections::BTreeSet<_> =
                self.dice.some(&named, 3).into_iter().collect();
            if roles.is_empty() {
                roles.insert(Grantee::Public);
            }
            let kind =
                if self.dice.one_in(3) { PolicyKind::Restrictive } else { PolicyKind::Permissive };
            table.policies.insert(id(name), Policy { kind, command, roles, using, with_check });
        }
    }

    fn predicate(&mut self, table: &Table<Sql>) -> Option<Sql> {
        match self.dice.below(8) {
            0 => Some(self.draft.sql(self_evident(self.dice.below(2)), [])),
            1..=3 => self.lookup(table).or_else(|| self.test(table, true)),
            4 => self.called(table).or_else(|| self.test(table, true)),
            5 => Some(self.row(table)),
            _ => self.test(table, true),
        }
    }

    /// Looks into a table, which may be the policy's own.
    fn lookup(&mut self, table: &Table<Sql>) -> Option<Sql> {
        let others: Vec<_> = self.draft.schema.tables.values().cloned().collect();
        let other = if self.dice.one_in(3) { table.clone() } else { self.dice.any(&others)? };
        let mut pairs = Vec::new();
        for own in &table.columns {
            let kind = kinds::of(&own.name);
            let like = other
                .columns
                .iter()
                .filter(|it| kind.key && kinds::of(&it.name).names == kind.names);
            pairs.extend(like.map(|theirs| (own.name.clone(), theirs.name.clone())));
        }
        let (own, theirs) = self.dice.any(&pairs)?;
        let needs = [Need::Own(own.clone()), Need::Column(other.name.clone(), theirs.clone())];
        let (from, m) = (from(&other.name), format!("m.{}", ident(&theirs)));
        let mine = match self.dice.below(3) {
            0 => format!("{}.{}", ident(&table.name.name), ident(&own)),
            1 => format!("{}.{}", qualified(&table.name), ident(&own)),
            _ => ident(&own),
        };
        let (bare, full) = (ident(&own), format!("{}.{}", qualified(&table.name), ident(&own)));
        let text = match self.dice.below(9) {
            0 => format!("EXISTS (SELECT 1 {from} WHERE {m} = {mine})"),
            1 => format!("{bare} IN (SELECT {m} {from} WHERE {m} IS NOT NULL)"),
            2 => format!("(SELECT count(*) {from}) > 0 AND {bare} IS NOT NULL"),
            3 => format!("{bare} = ANY (ARRAY(SELECT {m} {from}))"),
            4 => format!("{bare} = (SELECT {m} {from} ORDER BY 1 DESC LIMIT 1)"),
            5 => format!(
                "NOT EXISTS (SELECT {} FROM {} WHERE {} = {mine})",
                ident(&theirs),
                qualified(&other.name),
                ident(&theirs)
            ),
            6 => format!(
                "{bare} NOT IN (SELECT {} FROM {} UNION ALL SELECT {m} {from})",
                ident(&theirs),
                qualified(&other.name)
            ),
            7 => format!(
                "EXISTS (WITH w AS (SELECT {m} AS x {from}) SELECT FROM w WHERE w.x = {mine})"
            ),
            _ => format!(
                "({bare} IS NULL) OR EXISTS (SELECT 1 {from} JOIN {} AS o ON o.{} = {m} WHERE {m} = {full})",
                qualified(&other.name),
                ident(&theirs)
            ),
        };
        Some(self.draft.sql(text, needs))
    }

    /// Calls a function, which may look past policies.
    fn called(&mut self, table: &Table<Sql>) -> Option<Sql> {
        let functions: Vec<_> = self.draft.schema.functions.values().cloned().collect();
        let function = self.dice.any(&functions)?;
        let needs = [Need::Function(function.routine())];
        match function.name.name.as_str() {
            "counted" => return Some(self.draft.sql("public.counted() > 0", needs)),
            "twice" => return self.calling_twice(table),
            _ if function.routine().is_private() => {}
            _ => return None,
        }
        let sort = match function.arguments.first()?.ty.base {
            BaseType::BigInt => "id",
            BaseType::Text => "name",
            _ => "key",
        };
        let fits = |column: &&Column<Sql>| kinds::of(&column.name).names.contains(&sort);
        let columns: Vec<_> = table.columns.iter().filter(fits).cloned().collect();
        let column = self.dice.any(&columns)?.name;
        let text = format!("{}({})", qualified(&function.name), ident(&column));
        Some(self.draft.sql(text, [Need::Own(column), Need::Function(function.routine())]))
    }

    /// The whole row.
    fn row(&mut self, table: &Table<Sql>) -> Sql {
        let name = ident(&table.name.name);
        // A column of that name would come first.
        let shadowed = table.columns.iter().any(|column| column.name == table.name.name);
        let text = match self.dice.below(2) {
            _ if shadowed => "true".to_owned(),
            0 => format!("{name} IS NOT NULL"),
            _ => format!("{name}.* IS DISTINCT FROM NULL"),
        };
        self.draft.sql(text, [])
    }
}

fn self_evident(at: usize) -> &'static str {
    ["true", "false"][at]
}
