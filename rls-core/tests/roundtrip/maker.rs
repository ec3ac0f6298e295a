//! Random schemas. What is made here may be wrong in places: [`repair`](super::repair) takes that out.

use std::collections::BTreeSet;

use rls_core::model::*;
use rls_core::render::{ident, literal, qualified};

use super::dice::Dice;
use super::draft::{Draft, Need, id};
use super::kinds::{self, KINDS, Kind};
use super::repair::repair;

pub const SCHEMAS: [&str; 3] = ["public", "app", "My Schema"];
pub const ROLES: [&str; 4] = ["reader", "Writer Role", "sel\"ect", "ünïcode"];
/// To whom things may belong instead of whoever applies, who is a member of it.
pub const KEEPER: &str = "the \"keeper\"";
const EXTENSIONS: [&str; 2] = ["citext", "pg_trgm"];
const TABLES: [&str; 8] = [
    "todos",
    "members",
    "Todos",
    "order",
    "a.b",
    "say \"hi\"",
    "n",
    "naïve ☃ 63 bytes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];
pub const COLLATIONS: [&str; 2] = ["C", "POSIX"];
const TEXTS: [&str; 6] = ["a comment", "it's -- not;", "zwei\nZeilen", "ü☃", "\\x $$ /*", " "];

pub struct Maker {
    pub dice: Dice,
    pub draft: Draft,
}

/// A random schema that Postgres of that version takes.
pub fn schema(dice: Dice, version: u32) -> Draft {
    let mut maker = Maker { dice, draft: Draft::default() };
    maker.draft.version = version;
    maker.namespaces();
    maker.types();
    for _ in 0..1 + maker.dice.below(4) {
        maker.table();
    }
    maker.sequences();
    repair(&mut maker.draft);
    maker.functions();
    for name in maker.draft.schema.tables.keys().cloned().collect::<Vec<_>>() {
        maker.edit(&name, |maker, table| {
            maker.partitioning(table);
            maker.call_in_defaults(table);
            maker.constraints(table);
            maker.indexes(table);
            maker.triggers(table);
        });
    }
    repair(&mut maker.draft);
    for name in maker.draft.schema.tables.keys().cloned().collect::<Vec<_>>() {
        maker.edit(&name, |maker, table| {
            maker.foreign_keys(table);
            maker.policies(table);
        });
    }
    maker.views();
    repair(&mut maker.draft);
    maker.access();
    maker.memberships();
    maker.owners();
    maker.comments();
    repair(&mut maker.draft);
    maker.draft
}

impl Maker {
    fn namespaces(&mut self) {
        let schema = &mut self.draft.schema;
        schema.namespaces = SCHEMAS.iter().map(|name| id(name)).collect();
        schema.grantees = self.dice.some(&ROLES, 4).into_iter().map(role).collect();
        schema.grantees.insert(Grantee::Public);
        if self.dice.one_in(20) {
            let name = id(self.dice.pick(&EXTENSIONS));
            schema.extensions.insert(name.clone());
            if self.dice.one_in(2) {
                schema.extension_schemas.insert(name, id(self.dice.pick(&SCHEMAS)));
            }
        }
    }

    /// Changes a table while the others can be looked at.
    fn edit(&mut self, name: &QualifiedName, change: impl FnOnce(&mut Maker, &mut Table<Sql>)) {
        let mut table = self.draft.schema.tables[name].clone();
        change(self, &mut table);
        self.draft.schema.tables.insert(name.clone(), table);
    }

    fn table(&mut self) {
        let name = QualifiedName::new(self.some_schema(), id(self.dice.pick(&TABLES)));
        let security = [RowSecurity::Enabled, RowSecurity::Forced, RowSecurity::Disabled];
        let mut table = Table::new(name.clone(), self.dice.any(&security).unwrap());
        if !self.dice.one_in(8) {
            table.columns.push(Column { nullable: false, ..self.column(&KINDS[0], "id") });
        }
        for _ in 0..self.dice.below(7) {
            // What stands first is more usual.
            let below = KINDS.len().min(if self.dice.one_in(3) { usize::MAX } else { 8 });
            let kind = &KINDS[self.dice.below(below)];
            let name = self.dice.pick(kind.names);
            let column = self.column(kind, name);
            table.columns.push(column);
        }
        self.computed(&mut table);
        self.draft.schema.tables.insert(name, table);
    }

    pub fn some_schema(&mut self) -> Ident {
        let rare = self.dice.one_in(3);
        id(if rare { self.dice.pick(&SCHEMAS) } else { "public" })
    }

    pub fn column(&mut self, kind: &Kind, name: &str) -> Column<Sql> {
        let ty = PgType::parse(self.dice.pick(kind.types)).unwrap();
        let mut column = Column { nullable: self.dice.one_in(2), ..Column::new(id(name), ty) };
        let text =
            kind.tests.iter().any(|test| test.contains("COLLATE") || test.contains("= ANY (§)"));
        if text && column.ty.family() == TypeFamily::Text && self.dice.one_in(4) {
            let name = id(self.dice.pick(&COLLATIONS));
            column.collation = Some(QualifiedName::new(id("pg_catalog"), name));
        }
        let whole = [BaseType::Integer, BaseType::BigInt, BaseType::SmallInt];
        if whole.contains(&column.ty.base) && !column.ty.array && self.dice.one_in(4) {
            column.nullable = false;
            column.identity = self.dice.any(&[Identity::Always, Identity::ByDefault]);
            column.numbering = self.counting().as_kept(&column.ty.base);
            column.sequence = self.dice.one_in(4).then(|| id("Counts \"it\""));
        } else if !kind.values.is_empty() && self.dice.one_in(3) {
            let value = self.dice.pick(kind.values);
            column.default = Some(self.draft.sql(value, []));
        }
        column
    }

    fn counting(&mut self) -> SequenceOptions {
        let mut options = SequenceOptions::default();
        if self.dice.one_in(2) {
            return options;
        }
        options.increment = self.dice.any(&[None, Some(5), Some(-1)]).unwrap();
        let down = options.increment == Some(-1);
        options.min = self.dice.any(&[None, Some(if down { -900 } else { 0 })]).unwrap();
        options.max = self.dice.any(&[None, Some(if down { 0 } else { 30_000 })]).unwrap();
        options.start = self.dice.any(&[None, Some(if down { -7 } else { 7 })]).unwrap();
        options.cache = self.dice.any(&[None, Some(20)]).unwrap();
        options.cycle = self.dice.one_in(3);
        options
    }

    fn computed(&mut self, table: &mut Table<Sql>) {
        if !self.dice.one_in(3) {
            return;
        }
        let kinds: Vec<_> = KINDS.iter().filter(|kind| !kind.computed.is_empty()).collect();
        let kind = self.dice.pick(&kinds);
        let (from, how) = self.dice.any(kind.computed).unwrap();
        let name = self.dice.pick(kind.names);
        let ty = PgType::parse(self.dice.pick(kind.types)).unwrap();
        let expr = self.draft.sql(how.replace('§', &ident(&id(from))), [Need::Own(id(from))]);
        let stored = self.draft.version < 18 || self.dice.one_in(2);
        table.columns.push(Column {
            generated: Some(Generated { expr, stored }),
            nullable: !self.dice.one_in(6),
            ..Column::new(id(name), ty)
        });
    }

    /// Sequences, alone or as a serial column has them.
    fn sequences(&mut self) {
        for _ in 0..self.dice.below(3) {
            let tables: Vec<_> = self.draft.schema.tables.values().cloned().collect();
            let Some(mut table) = self.dice.any(&tables) else { return };
            let whole = |column: &&mut Column<Sql>| kinds::of(&column.name).names == KINDS[0].names;
            let columns: Vec<_> = table.columns.iter_mut().filter(whole).collect();
            let at = self.dice.below(columns.len().max(1));
            let Some(column) = columns.into_iter().nth(at) else { continue };
            let owned = !self.dice.one_in(3);
            let name = match self.dice.below(3) {
                0 => Ident::shortened(&format!("{}_{}_seq", table.name.name, column.name)).unwrap(),
                1 => id("counter"),
                _ => id("Seq's \"x\""),
            };
            let schema = if owned { table.name.schema.clone() } else { self.some_schema() };
            let name = QualifiedName::new(schema, name);
            let ty = PgType::plain(
                self.dice.any(&[BaseType::BigInt, BaseType::Integer, BaseType::SmallInt]).unwrap(),
            );
            let owner = SequenceOwner { table: table.name.clone(), column: column.name.clone() };
            let options = self.counting().as_kept(&ty.base);
            let sequence =
                Sequence { name: name.clone(), ty, options, owner: owned.then_some(owner) };
            if owned || self.dice.one_in(2) {
                let text = literal(&qualified(&name));
                let text = format!("nextval({text}{})", self.dice.pick(&["", "::regclass"]));
                column.default = Some(self.draft.sql(text, [Need::Sequence(name.clone())]));
                column.identity = None;
                column.numbering = SequenceOptions::default();
                column.sequence = None;
                column.generated = None;
                column.nullable = false;
            }
            self.draft.schema.sequences.insert(name, sequence);
            self.draft.schema.tables.insert(table.name.clone(), table);
        }
    }

    fn comments(&mut self) {
        for on in commentable(&self.draft.schema) {
            if self.dice.one_in(8) {
                let text = self.dice.pick(&TEXTS).to_owned();
                self.draft.schema.comments.insert(on, text);
            }
        }
    }
}

pub fn role(name: &str) -> Grantee {
    Grantee::Role(id(name))
}

/// Everything that can have a comment.
pub fn commentable(schema: &Schema) -> BTreeSet<Commented> {
    let mut all: BTreeSet<_> = schema.sequences.keys().cloned().map(Commented::Sequence).collect();
    all.extend(SCHEMAS.map(|name| Commented::Schema(id(name))));
    all.extend(schema.functions.keys().cloned().map(Commented::Function));
    for ty in schema.types.values() {
        all.insert(Commented::Type(ty.name.clone()));
        if let TypeForm::Composite(Composite { attributes }) = &ty.form {
            let name = || ty.name.clone();
            all.extend(attributes.iter().map(|it| Commented::Column(name(), it.name.clone())));
        }
    }
    for view in schema.views.values() {
        let name = || view.name.clone();
        let index = |index: &Ident| QualifiedName::new(view.name.schema.clone(), index.clone());
        all.insert(view.commented());
        all.extend(view.columns.iter().map(|column| Commented::Column(name(), column.clone())));
        all.extend(view.indexes.keys().map(index).map(Commented::Index));
        all.extend(view.triggers.keys().map(|it| Commented::Trigger(name(), it.clone())));
    }
    for table in schema.tables.values() {
        let name = || table.name.clone();
        let index = |index: &Ident| QualifiedName::new(table.name.schema.clone(), index.clone());
        let constraint = |constraint: &Ident| Commented::Constraint(name(), constraint.clone());
        all.insert(Commented::Table(name()));
        all.extend(table.columns.iter().map(|it| Commented::Column(name(), it.name.clone())));
        all.extend(table.primary_key.iter().map(|key| constraint(&key.name)));
        all.extend(table.uniques.keys().map(constraint));
        all.extend(table.checks.keys().map(constraint));
        all.extend(table.foreign_keys.keys().map(constraint));
        all.extend(table.exclusions.keys().map(constraint));
        all.extend(table.indexes.keys().map(index).map(Commented::Index));
        all.extend(table.policies.keys().map(|it| Commented::Policy(name(), it.clone())));
        all.extend(table.triggers.keys().map(|it| Commented::Trigger(name(), it.clone())));
    }
    all
}
