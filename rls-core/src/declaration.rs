//! The user's side: the trait that the derive implements, and collecting tables into a schema.

use crate::model::{
    DeclaredFunction, DeclaredSequence, DeclaredTable, DeclaredView, Schema, TypedAs,
};
use crate::provider::Settings;
use crate::resolve::{Declared, ResolveErrors, resolve};

/// A declared table. Implemented by `#[derive(Table)]`.
pub trait Table {
    /// The table as declared: columns, constraints and policies, for any provider.
    fn table() -> DeclaredTable;
}

/// A declared sequence that belongs to no column. Implemented by `#[derive(Sequence)]`.
pub trait Sequence {
    /// The sequence as declared.
    fn sequence() -> DeclaredSequence;
}

/// A Rust type that columns can have. Implemented by `#[derive(PgEnum)]` and `#[derive(PgType)]`.
#[diagnostic::on_unimplemented(
    message = "no Postgres type is known for `{Self}`",
    label = "this is no type of Postgres",
    note = "derive `PgEnum` or `PgType` for it, or name one with `#[rls(sql_type = \"..\")]`"
)]
pub trait Typed {
    /// What it is in the database.
    fn typed() -> TypedAs;
}

/// A declared function or procedure. Implemented by `#[derive(Function)]`.
pub trait Function {
    /// The function as declared.
    fn function() -> DeclaredFunction;
}

/// A declared view. Implemented by `#[derive(View)]`.
pub trait View {
    /// The view as declared.
    fn view() -> DeclaredView;
}

/// Tables on their way to becoming a [`Schema`].
#[derive(Clone, Debug)]
pub struct Declaration {
    settings: Settings,
    declared: Declared,
}

impl Declaration {
    /// Adds a table by its Rust type.
    #[must_use]
    pub fn table<T: Table>(mut self) -> Self {
        self.declared.tables.push(T::table());
        self
    }

    /// Adds a sequence by its Rust type.
    #[must_use]
    pub fn sequence<S: Sequence>(mut self) -> Self {
        self.declared.sequences.push(S::sequence());
        self
    }

    /// Adds an enum, domain or composite type by its Rust type. Those that tables use come along with
    /// them.
    #[must_use]
    pub fn ty<T: Typed>(mut self) -> Self {
        self.declared.types.extend(T::typed().types);
        self
    }

    /// Adds a function by its Rust type.
    #[must_use]
    pub fn function<F: Function>(mut self) -> Self {
        self.declared.functions.push(F::function());
        self
    }

    /// Adds a view by its Rust type.
    #[must_use]
    pub fn view<V: View>(mut self) -> Self {
        self.declared.views.push(V::view());
        self
    }

    /// Puts the tables together: checks the rules that span them, compiles every expression for
    /// the provider and derives the privileges.
    ///
    /// # Errors
    /// All violations at once: a table declared twice, an unknown role, a foreign key to nowhere.
    pub fn build(self) -> Result<Schema, ResolveErrors> {
        Ok(resolve(self.declared, &self.settings)?.schema)
    }
}

impl Schema {
    /// Begins a schema for a provider.
    pub fn declare(settings: Settings) -> Declaration {
        Declaration { settings, declared: Declared::default() }
    }

    /// The SQL that makes this schema in an empty database: the same text for the same
    /// declaration, always, so that it can be kept as a snapshot.
    pub fn to_sql(&self) -> String {
        crate::plan::from_nothing(self).to_sql()
    }
}
