//! Functions that policies call to look past the policies of other tables.

use super::{Ident, PgType, QualifiedName, Sql};

/// The schema that functions of ours live in. No role but the owner reaches it by name: policies
/// find what they call without.
pub const PRIVATE_SCHEMA: &str = "rls_private";

/// A function that reads with the rights of its owner. All of them are `LANGUAGE sql STABLE PARALLEL
/// RESTRICTED SECURITY DEFINER SET search_path = ''`, and no name has two: what a provider knows of the
/// token may be in the backend that was told, and nowhere else. The body is text that Postgres reads
/// with an empty path, so all names in it are qualified.
///
/// Source: Postgres manual, `CREATE FUNCTION`, "Writing SECURITY DEFINER Functions Safely".
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Function {
    /// Schema and name.
    pub name: QualifiedName,
    /// What it is called with.
    pub arguments: Vec<Argument>,
    /// The type of its one value.
    pub returns: PgType,
    /// One query.
    pub body: Sql,
}

/// An argument of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Argument {
    /// What the body calls it.
    pub name: Ident,
    /// Its type; Postgres keeps no modifiers here.
    pub ty: PgType,
}

/// What tells a function from every other one: several may share a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routine {
    /// Schema and name.
    pub name: QualifiedName,
    /// The types of its arguments, without modifiers.
    pub arguments: Vec<PgType>,
}

impl Function {
    /// What tells it from others.
    pub fn routine(&self) -> Routine {
        let Function { name, arguments, .. } = self.as_kept();
        Routine { name, arguments: arguments.into_iter().map(|argument| argument.ty).collect() }
    }

    /// The function as Postgres keeps it: types have no modifiers there.
    pub fn as_kept(&self) -> Function {
        let Function { name, arguments, returns, body } = self;
        let kept =
            |Argument { name, ty }: &Argument| Argument { name: name.clone(), ty: unmodified(ty) };
        Function {
            name: name.clone(),
            arguments: arguments.iter().map(kept).collect(),
            returns: unmodified(returns),
            body: body.clone(),
        }
    }
}

fn unmodified(ty: &PgType) -> PgType {
    PgType { modifiers: Vec::new(), ..ty.clone() }
}
