//! Functions and procedures. A function's name decides what it takes, so that what calls it stays
//! right, whatever else is different about it.

use rls_core::model::*;
use rls_core::render::{ident, qualified};

use super::draft::{Need, id};
use super::kinds;
use super::maker::Maker;

/// What runs for a trigger, at whatever time.
pub const FOR_TRIGGERS: [(&str, &str); 2] = [("public", "on_change"), ("app", "On \"change\"")];

const TRIGGER_BODIES: [&str; 2] = [
    "BEGIN IF TG_LEVEL = 'ROW' AND TG_OP <> 'DELETE' THEN RETURN NEW; END IF; RETURN OLD; END",
    "\nbegin -- it's\n  if TG_OP = 'DELETE' then return OLD; end if;\n  return NEW;\nend\n",
];

fn plain(base: BaseType) -> PgType {
    PgType::plain(base)
}

fn routine(schema: &str, name: &str) -> QualifiedName {
    QualifiedName::new(id(schema), id(name))
}

fn given(name: Option<&str>, ty: PgType) -> Argument {
    Argument { name: name.map(id), ty, mode: ArgumentMode::In, default: None }
}

impl Maker {
    pub fn functions(&mut self) {
        self.lookups();
        for (schema, name) in FOR_TRIGGERS {
            if self.dice.one_in(2) {
                let ty = PgType::parse("pg_catalog.trigger").unwrap();
                let body = Body::Text(self.dice.pick(&TRIGGER_BODIES).to_owned());
                let attributes = self.attributes("plpgsql");
                self.add(routine(schema, name), Vec::new(), Returns::Value(ty), attributes, body);
            }
        }
        let making: [fn(&mut Maker); 6] =
            [Maker::twice, Maker::greeting, Maker::several, Maker::counted, Maker::job, Maker::all];
        for make in self.dice.some(&making, 3) {
            make(self);
        }
    }

    fn add(
        &mut self,
        name: QualifiedName,
        arguments: Vec<Argument>,
        returns: Returns,
        attributes: Attributes,
        body: Body,
    ) {
        let function = Function { name, arguments, returns, attributes, body };
        self.draft.schema.functions.insert(function.routine(), function);
    }

    fn attributes(&mut self, language: &str) -> Attributes {
        let mut attributes = Attributes::of(id(language));
        let volatility = [Volatility::Immutable, Volatility::Stable, Volatility::Volatile];
        attributes.volatility = self.dice.any(&volatility).unwrap();
        let parallel = [Parallel::Safe, Parallel::Restricted, Parallel::Unsafe];
        attributes.parallel = self.dice.any(&parallel).unwrap();
        attributes.security_definer = self.dice.one_in(4);
        attributes.cost = self.dice.one_in(4).then_some(7);
        let settings: [(&str, &[&str]); 4] = [
            ("search_path", &[""]),
            ("search_path", &["My Schema", "public"]),
            ("work_mem", &["2MB"]),
            ("statement_timeout", &["5s"]),
        ];
        let owned = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let settings = self.dice.some(&settings, 2).into_iter();
        attributes.settings = settings.map(|(name, to)| (name.to_owned(), owned(to))).collect();
        attributes
    }

    /// What checks, defaults and policies may call; its argument may have a name and a default.
    fn twice(&mut self) {
        let name = self.dice.any(&[None, Some("n"), Some("it's")]).unwrap();
        let mut argument = given(name, plain(BaseType::BigInt));
        if self.dice.one_in(3) {
            let default = self.dice.pick(&["1", "1 + 1", "'3'"]);
            argument.default = Some(Sql::new(default));
        }
        let returns = Returns::Value(plain(BaseType::BigInt));
        let mut attributes = self.attributes("sql");
        attributes.strict = self.dice.one_in(3);
        let body = match self.dice.below(3) {
            0 => Body::Standard { standard: Sql::new("RETURN $1 * 2") },
            1 => Body::Text("SELECT $1 * 2 -- twice".to_owned()),
            _ => Body::Text("select $1 + $1".to_owned()),
        };
        self.add(routine("app", "twice"), vec![argument], returns, attributes, body);
    }

    /// A test that calls it, where it is there.
    pub fn calling_twice(&mut self, table: &Table<Sql>) -> Option<Sql> {
        let routine = self.twice_is_there()?;
        let whole = |column: &&Column<Sql>| kinds::of(&column.name).names.contains(&"id");
        let columns: Vec<_> = table.columns.iter().filter(whole).cloned().collect();
        let column = self.dice.any(&columns)?.name;
        let text = format!("app.twice({}) <> 6", ident(&column));
        Some(self.draft.sql(text, [Need::Own(column), Need::Function(routine)]))
    }

    /// Defaults that call it.
    pub fn call_in_defaults(&mut self, table: &mut Table<Sql>) {
        let Some(routine) = self.twice_is_there() else { return };
        for column in &mut table.columns {
            let whole = kinds::of(&column.name).names.contains(&"id");
            let free = column.default.is_none() && column.identity.is_none();
            if whole && free && column.generated.is_none() && self.dice.one_in(4) {
                let text = "app.twice(2)";
                column.default = Some(self.draft.sql(text, [Need::Function(routine.clone())]));
            }
        }
    }

    fn twice_is_there(&self) -> Option<Routine> {
        let name = routine("app", "twice");
        let routine = Routine { name, arguments: vec![plain(BaseType::BigInt)] };
        self.draft.schema.functions.contains_key(&routine).then_some(routine)
    }

    /// Another of the same name, with types of ours.
    fn greeting(&mut self) {
        let mood = plain(BaseType::Named(super::types::name(0)));
        let returns = [BaseType::Text, BaseType::Named(super::types::name(2))];
        let returns = Returns::Value(plain(self.dice.any(&returns).unwrap()));
        let attributes = self.attributes("sql");
        let body = Body::Text("SELECT 'hello'".to_owned());
        let arguments = vec![given(Some("mood"), mood), given(None, plain(BaseType::Text))];
        self.add(routine("app", "twice"), arguments, returns, attributes, body);
    }

    /// Many rows.
    fn several(&mut self) {
        let column = |name: &str, base| ReturnedColumn { name: id(name), ty: plain(base) };
        let returns = match self.dice.below(3) {
            0 => Returns::SetOf { set_of: plain(BaseType::Integer) },
            1 => Returns::Table {
                table: vec![column("x", BaseType::Integer), column("Y \"y\"", BaseType::Text)],
            },
            _ => Returns::Table { table: vec![column("x", BaseType::Integer)] },
        };
        let mut attributes = self.attributes("plpgsql");
        attributes.rows = self.dice.one_in(2).then_some(3);
        let body = Body::Text("BEGIN RETURN; END".to_owned());
        let argument = Argument {
            mode: ArgumentMode::Variadic,
            ..given(Some("rest"), PgType::parse("text[]").unwrap())
        };
        self.add(routine("public", "Several"), vec![argument], returns, attributes, body);
    }

    /// Reads a table.
    fn counted(&mut self) {
        let tables: Vec<_> = self.draft.schema.tables.values().cloned().collect();
        let Some(table) = self.dice.any(&tables) else { return };
        let Some(column) = self.dice.any(&table.columns) else { return };
        let query =
            format!("SELECT count({}) FROM {}", ident(&column.name), qualified(&table.name));
        let query = self.draft.sql(query, [Need::Column(table.name, column.name)]);
        let body = match self.dice.below(2) {
            0 => Body::Text(query.as_str().to_owned()),
            _ => {
                let standard = format!("BEGIN ATOMIC {}; END", query.as_str());
                let needs = self.draft.needs_of(&query);
                Body::Standard { standard: self.draft.sql(standard, needs) }
            }
        };
        let returns = Returns::Value(plain(BaseType::BigInt));
        let attributes = self.attributes("sql");
        self.add(routine("public", "counted"), Vec::new(), returns, attributes, body);
    }

    fn job(&mut self) {
        let mut attributes = Attributes::of(id("plpgsql"));
        attributes.security_definer = self.dice.one_in(3);
        let argument = given(Some("n"), plain(BaseType::Integer));
        let body = Body::Text("BEGIN NULL; END".to_owned());
        self.add(routine("app", "job"), vec![argument], Returns::Procedure, attributes, body);
    }

    /// Arguments in all directions.
    fn all(&mut self) {
        let out = |mode, name| Argument { mode, ..given(Some(name), plain(BaseType::Integer)) };
        let mut arguments =
            vec![given(Some("a"), plain(BaseType::Text)), out(ArgumentMode::InOut, "b")];
        let mut returns = Returns::Value(plain(BaseType::Integer));
        if self.dice.one_in(2) {
            arguments.push(out(ArgumentMode::Out, "c"));
            returns = Returns::Value(PgType::parse("pg_catalog.record").unwrap());
        }
        let attributes = self.attributes("plpgsql");
        let body = Body::Text("BEGIN b := 1; END".to_owned());
        self.add(routine("public", "all"), arguments, returns, attributes, body);
    }

    /// Functions that look past policies.
    fn lookups(&mut self) {
        for name in ["is_member", "Fn \"x\""] {
            let tables: Vec<_> = self.draft.schema.tables.values().cloned().collect();
            if !self.dice.one_in(6) {
                continue;
            }
            let Some(table) = self.dice.any(&tables) else { return };
            let Some(column) = self.dice.any(&table.columns) else { continue };
            let base = match kinds::of(&column.name) {
                kind if kind.names.contains(&"id") => BaseType::BigInt,
                kind if kind.names.contains(&"name") => BaseType::Text,
                kind if kind.names.contains(&"key") => BaseType::Uuid,
                _ => continue,
            };
            let name = QualifiedName::new(id(PRIVATE_SCHEMA), id(name));
            let body = format!(
                "SELECT EXISTS (SELECT 1 FROM {} AS t WHERE t.{} = given)",
                qualified(&table.name),
                ident(&column.name)
            );
            let body = self.draft.sql(body, [Need::Column(table.name, column.name)]);
            let arguments = vec![Argument::named(id("given"), PgType::plain(base))];
            let returns = PgType::plain(BaseType::Boolean);
            self.draft.schema.namespaces.insert(name.schema.clone());
            let function = Function::lookup(name, arguments, returns, body);
            self.draft.schema.functions.insert(function.routine(), function);
        }
    }
}
