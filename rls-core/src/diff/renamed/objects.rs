//! What stands beside tables, behind renames.

use super::Renamed;
use crate::model::{
    Argument, Attribute, Body, Composite, Domain, DomainCheck, EnumType, Function, Ident, Index,
    QualifiedName, ReturnedColumn, Returns, Sequence, SequenceOwner, Sql, Trigger, TypeForm,
    UserType, View,
};

impl Renamed {
    pub(super) fn sequence(&self, sequence: Sequence) -> Sequence {
        let Sequence { name, ty, options, owner } = sequence;
        let owner = owner.map(|SequenceOwner { table, column }| {
            let table = self.relation(table);
            let column = self.column_of(&table, column);
            SequenceOwner { table, column }
        });
        Sequence { name: self.relation(name), ty, options, owner }
    }

    pub(super) fn user_type(&self, ty: UserType<Sql>) -> UserType<Sql> {
        let UserType { name, form } = ty;
        let form = match form {
            TypeForm::Enum(EnumType { values }) => {
                let values = values.into_iter().map(|value| self.value(&name, value)).collect();
                TypeForm::Enum(EnumType { values })
            }
            TypeForm::Domain(Domain { base, collation, not_null, default, checks }) => {
                let checks = checks.into_iter().map(|(name, DomainCheck { expr, not_valid })| {
                    (name, DomainCheck { expr: self.alone(expr), not_valid })
                });
                TypeForm::Domain(Domain {
                    base: self.ty(base),
                    collation,
                    not_null,
                    default: default.map(|sql| self.alone(sql)),
                    checks: checks.collect(),
                })
            }
            TypeForm::Composite(Composite { attributes }) => {
                let attribute = |Attribute { name, ty, collation }| Attribute {
                    name,
                    ty: self.ty(ty),
                    collation,
                };
                let attributes = attributes.into_iter().map(attribute).collect();
                TypeForm::Composite(Composite { attributes })
            }
        };
        UserType { name, form }
    }

    fn value(&self, ty: &QualifiedName, value: String) -> String {
        let key = (ty.clone(), value);
        self.values.get(&key).cloned().unwrap_or(key.1)
    }

    /// The text of a body stays in the database as it is, unless Postgres has read it.
    pub(super) fn function(&self, function: Function) -> Function {
        let Function { name, arguments, returns, attributes, body } = function;
        let argument = |Argument { name, ty, mode, default }| Argument {
            name,
            ty: self.ty(ty),
            mode,
            default: default.map(|sql| self.alone(sql)),
        };
        let column = |ReturnedColumn { name, ty }| ReturnedColumn { name, ty: self.ty(ty) };
        let returns = match returns {
            Returns::Value(ty) => Returns::Value(self.ty(ty)),
            Returns::SetOf { set_of } => Returns::SetOf { set_of: self.ty(set_of) },
            Returns::Table { table } => {
                Returns::Table { table: table.into_iter().map(column).collect() }
            }
            Returns::Procedure => Returns::Procedure,
        };
        let body = match body {
            Body::Text(text) => Body::Text(text),
            Body::Standard { standard } => Body::Standard { standard: self.alone(standard) },
        };
        let arguments = arguments.into_iter().map(argument).collect();
        Function { name, arguments, returns, attributes, body }
    }

    /// A view keeps the names of its own columns.
    pub(super) fn view(&self, view: View) -> View {
        let View {
            name,
            query,
            kind,
            columns,
            security_invoker,
            security_barrier,
            check_option,
            indexes,
            triggers,
        } = view;
        let index = |(name, index): (Ident, Index<Sql>)| {
            let index = index.map(&name, &mut |_, sql| self.alone(sql.clone()));
            (name, index)
        };
        let trigger =
            |trigger: Trigger| Trigger { when: trigger.when.map(|sql| self.alone(sql)), ..trigger };
        View {
            name,
            query: self.query(query),
            kind,
            columns,
            security_invoker,
            security_barrier,
            check_option,
            indexes: indexes.into_iter().map(index).collect(),
            triggers: triggers.into_iter().map(|(name, item)| (name, trigger(item))).collect(),
        }
    }
}
