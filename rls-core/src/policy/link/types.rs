//! Types of the schema's own: what they compare as, which values an enum has, and what domains say of
//! their values.

use super::{Kind, Linker, Others, Problem, Typed, beyond_the_row};
use crate::model::{
    BaseType, DeclaredType, Expr, Literal, PgType, QualifiedName, TypeForm, UserType,
};
use crate::policy::term::Term;
use crate::resolve::nearest;

/// Links what the values of a domain have to fulfil, which calls them `value`. `types` are those that
/// `base` may be one of.
pub fn of_value(
    expr: &Expr,
    base: Option<&PgType>,
    types: &[DeclaredType],
) -> (Term, Vec<Problem>) {
    if let Some((node, part)) = beyond_the_row(expr) {
        let message = format!("this is about a value alone, and `{part}` asks for more");
        let help = Some("say that in a policy, or in `sql(\"..\")`".to_owned());
        return (Term::Bool(false), vec![Problem { node, message, help }]);
    }
    let mut linker = Linker::new(Others::Unseen);
    linker.types = types;
    let kind = base.map_or(Kind::Unknown, |base| Kind::Known(linker.compared_as(base)));
    let value = Typed { term: Term::Raw("VALUE".to_owned()), kind };
    linker.parameters = vec![("value".to_owned(), 0, value)];
    let term = linker.boolean(expr);
    (term, linker.problems)
}

/// Links the default of a domain over `base`.
pub fn default_of_type(
    expr: &Expr,
    base: Option<&PgType>,
    types: &[DeclaredType],
) -> (Term, Vec<Problem>) {
    let mut linker = Linker::new(Others::Unseen);
    linker.types = types;
    linker.for_column(expr, base)
}

impl Linker<'_> {
    fn user_type(&self, name: &QualifiedName) -> Option<&UserType> {
        let of_tables = self.scope.iter().flatten().flat_map(|shape| shape.types);
        of_tables.chain(self.types).map(|declared| &declared.ty).find(|ty| &ty.name == name)
    }

    /// The type as which Postgres compares another: a domain is what stands under it.
    pub(super) fn compared_as(&self, ty: &PgType) -> PgType {
        let BaseType::Named(name) = &ty.base else { return ty.clone() };
        match self.user_type(name).map(|found| &found.form) {
            Some(TypeForm::Domain(domain)) if !(ty.array && domain.base.array) => {
                let base = self.compared_as(&domain.base);
                PgType { array: ty.array || base.array, ..base }
            }
            Some(TypeForm::Enum(_) | TypeForm::Composite(_) | TypeForm::Domain(_)) | None => {
                ty.clone()
            }
        }
    }

    /// Reports a string that is to be a value of an enum and is none.
    pub(super) fn known_value(&mut self, node: usize, expr: &Expr, partner: &Kind) {
        let Kind::Known(PgType { base: BaseType::Named(name), array: false, .. }) = partner else {
            return;
        };
        let Expr::Literal(Literal::Text(text)) = expr else { return };
        let Some(values) = self.user_type(name).and_then(UserType::values) else { return };
        if values.contains(text) {
            return;
        }
        let known = || values.iter().map(String::as_str);
        let help = match nearest(text, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let values: Vec<_> = known().map(|value| format!("`{value}`")).collect();
                format!("its values are {}", values.join(", "))
            }
        };
        self.problem(node, format!("`{text}` is no value of `{name}`"), help);
    }
}
