//! A schema in the making, which knows what each of its texts names.

use std::collections::{BTreeMap, BTreeSet};

use rls_core::model::*;

#[derive(Clone, Default, PartialEq)]
pub struct Draft {
    pub schema: Schema,
    /// The major version of the server that it is for.
    pub version: u32,
    /// What has to be there for a text to mean anything.
    needs: BTreeMap<String, BTreeSet<Need>>,
    /// The table and the columns of it that a query shows, where it does nothing else.
    shown: BTreeMap<String, (QualifiedName, Vec<Ident>)>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A column of the table that the text belongs to.
    Own(Ident),
    Column(QualifiedName, Ident),
    Function(Routine),
    Sequence(QualifiedName),
    View(QualifiedName),
}

impl Draft {
    pub fn sql(&mut self, text: impl Into<String>, needs: impl IntoIterator<Item = Need>) -> Sql {
        let text = text.into();
        self.needs.entry(text.clone()).or_default().extend(needs);
        Sql::new(text)
    }

    pub fn needs_of(&self, sql: &Sql) -> BTreeSet<Need> {
        self.needs.get(sql.as_str()).cloned().unwrap_or_default()
    }

    pub fn show(&mut self, query: &Sql, table: &QualifiedName, columns: Vec<Ident>) {
        self.shown.insert(query.as_str().to_owned(), (table.clone(), columns));
    }

    /// What a query shows of a table, as a table.
    pub fn shown(&self, view: &View) -> Option<Table<Sql>> {
        let (of, columns) = self.shown.get(view.query.as_str())?;
        let of = self.schema.tables.get(of)?;
        let mut table = Table::new(view.name.clone(), RowSecurity::Disabled);
        let columns: Option<Vec<_>> = columns.iter().map(|name| of.column(name)).collect();
        let plain = |it: &Column<Sql>| {
            let (name, ty, collation) = (it.name.clone(), it.ty.clone(), it.collation.clone());
            Column { collation, ..Column::new(name, ty) }
        };
        table.columns = columns?.into_iter().map(plain).collect();
        Some(table)
    }

    /// Takes over what another draft knows of its texts.
    pub fn learn(&mut self, other: &Draft) {
        for (text, needs) in &other.needs {
            self.needs.entry(text.clone()).or_default().extend(needs.iter().cloned());
        }
        self.shown.extend(other.shown.clone());
    }

    /// Whether a text of that table means something.
    pub fn holds(&self, table: &Table<Sql>, sql: &Sql) -> bool {
        let Schema { tables, functions, sequences, views, .. } = &self.schema;
        let needs = self.needs.get(sql.as_str()).into_iter().flatten();
        needs.into_iter().all(|need| match need {
            Need::Own(column) => table.column(column).is_some(),
            Need::Column(of, column) => {
                tables.get(of).is_some_and(|table| table.column(column).is_some())
            }
            Need::Function(routine) => functions.contains_key(routine),
            Need::Sequence(name) => sequences.contains_key(name),
            Need::View(name) => views.contains_key(name),
        })
    }
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.schema.to_sql())
    }
}

pub fn id(name: &str) -> Ident {
    Ident::new(name).unwrap()
}
