//! Comments.

use super::{function, ident, literal, qualified};
use crate::model::Commented;

/// COMMENT ON; NULL takes it away.
pub(super) fn comment(on: &Commented, text: Option<&str>) -> String {
    let on = match on {
        Commented::Schema(name) => format!("SCHEMA {}", ident(name)),
        // It is what a domain answers to as well.
        Commented::Type(name) => format!("TYPE {}", qualified(name)),
        Commented::Sequence(name) => format!("SEQUENCE {}", qualified(name)),
        Commented::Table(name) => format!("TABLE {}", qualified(name)),
        Commented::View(name) => format!("VIEW {}", qualified(name)),
        Commented::MaterializedView(name) => format!("MATERIALIZED VIEW {}", qualified(name)),
        Commented::Column(table, name) => format!("COLUMN {}.{}", qualified(table), ident(name)),
        Commented::Constraint(table, name) => {
            format!("CONSTRAINT {} ON {}", ident(name), qualified(table))
        }
        Commented::Index(name) => format!("INDEX {}", qualified(name)),
        Commented::Policy(table, name) => format!("POLICY {} ON {}", ident(name), qualified(table)),
        Commented::Function(routine) => format!("ROUTINE {}", function::routine(routine)),
        Commented::Trigger(table, name) => {
            format!("TRIGGER {} ON {}", ident(name), qualified(table))
        }
    };
    format!("COMMENT ON {on} IS {}", text.map_or_else(|| "NULL".to_owned(), literal))
}
