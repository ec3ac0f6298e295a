//! Enums, domains and composite types. A type's name decides its form, so that what names it stays
//! right; and each has some part that is always there, for texts to speak of.

use rls_core::model::*;

use super::draft::id;
use super::maker::{COLLATIONS, Maker};

/// What a column of each is, `kinds` says by these names.
pub const NAMES: [(&str, &str); 4] =
    [("public", "Mood"), ("app", "level"), ("public", "la bel"), ("My Schema", "both")];

pub fn name(at: usize) -> QualifiedName {
    let (schema, name) = NAMES[at];
    QualifiedName::new(id(schema), id(name))
}

impl Maker {
    /// All of them, whether something has them or not.
    pub fn types(&mut self) {
        let forms = [
            TypeForm::Enum(self.mood()),
            TypeForm::Domain(self.level()),
            TypeForm::Domain(self.label()),
            TypeForm::Composite(self.both()),
        ];
        for (at, form) in forms.into_iter().enumerate() {
            let ty = UserType { name: name(at), form };
            self.draft.schema.types.insert(name(at), ty);
        }
    }

    fn mood(&mut self) -> EnumType {
        let mut values = vec!["sad".to_owned(), "ok".to_owned()];
        for more in self.dice.some(&["happy", "it's", "-- so", "ü"], 2) {
            let at = self.dice.below(values.len() + 1);
            values.insert(at, more.to_owned());
        }
        EnumType { values }
    }

    fn level(&mut self) -> Domain<Sql> {
        let bases = [BaseType::Integer, BaseType::BigInt, BaseType::SmallInt];
        let base = PgType::plain(self.dice.any(&bases).unwrap());
        let mut level = self.domain(base, &["VALUE > 0", "VALUE IN (1, 2, 3, 4, 7)", "VALUE <> 5"]);
        level.default = self.some_text(&["1", "1 + 1", "'3'::integer"]);
        level
    }

    fn label(&mut self) -> Domain<Sql> {
        let base = self.dice.pick(&["text", "character varying(20)", "character varying"]);
        let checks = ["VALUE <> ''", "length(VALUE) < 9", "VALUE ~ '^[a-z'']+$'"];
        let mut label = self.domain(PgType::parse(base).unwrap(), &checks);
        label.default = self.some_text(&["'x'", "'a' || 'b'", "lower('A')"]);
        label.collation = self.some_collation();
        label
    }

    fn domain(&mut self, base: PgType, tests: &[&'static str]) -> Domain<Sql> {
        let mut checks = std::collections::BTreeMap::new();
        for name in self.dice.some(&["level_check", "Its \"check\"", "third"], 2) {
            let expr = Sql::new(self.dice.pick(tests));
            checks.insert(id(name), DomainCheck { expr, not_valid: self.dice.one_in(4) });
        }
        let not_null = self.dice.one_in(6);
        Domain { base, collation: None, not_null, default: None, checks }
    }

    fn both(&mut self) -> Composite {
        let a = PgType::parse(self.dice.pick(&["integer", "bigint"])).unwrap();
        let attribute = |name: &str, ty: PgType| Attribute { name: id(name), ty, collation: None };
        let mut attributes = vec![attribute("a", a)];
        if self.dice.one_in(2) {
            let ty = PgType::parse(self.dice.pick(&["text", "character varying(9)"])).unwrap();
            attributes.push(Attribute { collation: self.some_collation(), ..attribute("B b", ty) });
        }
        if self.dice.one_in(3) {
            let ty = PgType::plain(BaseType::Named(name(0)));
            attributes.push(attribute("mood", ty));
        }
        Composite { attributes }
    }

    fn some_text(&mut self, texts: &[&'static str]) -> Option<Sql> {
        let text = self.dice.pick(texts);
        self.dice.one_in(3).then(|| Sql::new(text))
    }

    fn some_collation(&mut self) -> Option<QualifiedName> {
        let collation = id(self.dice.pick(&COLLATIONS));
        self.dice.one_in(4).then(|| QualifiedName::new(id("pg_catalog"), collation))
    }
}

/// Whether the type and all that it is made of is there.
pub fn is_there(ty: &PgType, schema: &Schema) -> bool {
    match &ty.base {
        BaseType::Named(name) if name.schema.as_str() == "pg_catalog" => true,
        BaseType::Named(name) => schema
            .types
            .get(name)
            .is_some_and(|ty| ty.parts().into_iter().all(|part| is_there(part, schema))),
        _ => true,
    }
}
