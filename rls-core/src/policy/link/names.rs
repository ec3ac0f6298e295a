//! Names: columns, parameters, tables that are looked in, named predicates.

use super::{Linker, Others, Shape, truth};
use crate::model::{BaseType, ColumnRef, Expr, Ident, NamedPredicate, PgType, TypeFamily};
use crate::policy::kind::{Kind, Typed, comparable, settle};
use crate::policy::term::{Column, Lookup, Term};
use crate::resolve::nearest;

impl<'a> Linker<'a> {
    /// A function of ours has no `search_path`, so that nobody can put an operator in its way; and
    /// without the one that `citext` brings along, Postgres compares it as text.
    pub(super) fn no_citext_in_definer(&mut self, node: usize, kind: &Kind) {
        if let Kind::Known(PgType { base: BaseType::Named(name), .. }) = kind
            && self.in_definer
            && name.name.as_str() == "citext"
        {
            let message = "in `definer(..)` Postgres would compare `citext` with regard to case";
            self.problem(node, message, "look it up without `definer(..)`, or by another column");
        }
    }

    pub(super) fn column(&mut self, node: usize, column: &ColumnRef) -> Typed {
        let unknown = |name: &str| Typed {
            term: Ident::new(name).map_or(Term::Bool(false), |name| {
                Term::Column(Column { up: column.up, name, ty: None, nullable: true })
            }),
            kind: Kind::Unknown,
        };
        let place = self.scope.len().checked_sub(column.up + 1);
        let Some(Some(shape)) = place.and_then(|place| self.scope.get(place)) else {
            if place.is_none() {
                let message = format!("there is no column `{}` here", column.field);
                self.problem(node, message, "a named predicate sees its parameters and no table");
            }
            return unknown(&column.field);
        };
        match shape.columns.iter().find(|known| known.field == column.field) {
            Some(found) => Typed {
                term: Term::Column(Column {
                    up: column.up,
                    name: found.name.clone(),
                    ty: found.ty.cloned(),
                    nullable: found.nullable,
                }),
                kind: found.ty.map_or(Kind::Unknown, |ty| Kind::Known(self.compared_as(ty))),
            },
            None => {
                let (message, help) =
                    unknown_column(shape, &column.field, column.up > 0 || self.scope.len() > 1);
                self.problem(node, message, help);
                unknown(&column.field)
            }
        }
    }

    /// What the parameter stands for, seen from the lookups that are around it now.
    pub(super) fn parameter(&mut self, node: usize, name: &str) -> Typed {
        let depth = self.scope.len();
        let found = self.parameters.iter().rev().find(|(known, ..)| known == name);
        let found = found.map(|(_, linked_at, argument)| {
            let by = isize::try_from(depth - linked_at).unwrap_or_default();
            self.raw_moved |= by > 0 && holds_raw(&argument.term);
            Typed { term: argument.term.clone().shifted(by), kind: argument.kind.clone() }
        });
        found.unwrap_or_else(|| {
            let known = self.parameters.iter().map(|(known, ..)| known.as_str());
            let help = match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a named predicate sees its parameters and no table".to_owned(),
            };
            self.problem(node, format!("unknown parameter `{name}`"), help);
            Typed { term: Term::Bool(false), kind: Kind::Unknown }
        })
    }

    pub(super) fn exists(&mut self, node: usize, table: &str, alias: &str, filter: &Expr) -> Term {
        let shape = self.table(node, table);
        let name = shape.as_ref().map(|shape| shape.table.clone());
        let ambiguous = self.called.iter().any(|other| other == alias);
        self.scope.push(shape);
        self.called.push(alias.to_owned());
        self.rows.push(alias.to_owned());
        let filter = self.boolean(filter);
        self.rows.pop();
        self.called.pop();
        self.scope.pop();
        if ambiguous && holds_raw(&filter) {
            let message =
                format!("in SQL written by hand, `{alias}` could be either of two tables");
            self.problem(node, message, "give the row another name");
        }
        match name {
            Some(table) => Term::Exists(Box::new(Lookup {
                table,
                alias: alias.to_owned(),
                filter,
                probe: false,
            })),
            None => Term::Bool(false),
        }
    }

    pub(super) fn table(&mut self, node: usize, path: &str) -> Option<Shape<'a>> {
        let name = Expr::last_segment(path);
        let shapes = match self.others {
            Others::All(shapes) => shapes,
            Others::Unseen => {
                // A table sees itself.
                let own = self.scope.first().cloned().flatten();
                return own.filter(|own| own.rust_name == name);
            }
        };
        let found: Vec<_> = shapes.iter().filter(|shape| shape.rust_name == name).collect();
        match found.as_slice() {
            [one] => Some((*one).clone()),
            [] => {
                let known = shapes.iter().map(|shape| shape.rust_name);
                let help = match nearest(name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a struct that derives `Table`".to_owned(),
                };
                self.problem(node, format!("unknown table `{name}`"), help);
                None
            }
            [one, other, ..] => {
                let message = format!(
                    "`{name}` declares both the table `{}` and the table `{}`",
                    one.table, other.table
                );
                self.problem(node, message, "give one of the structs another name");
                None
            }
        }
    }

    pub(super) fn definer(&mut self, node: usize, lookup: &Expr) -> Typed {
        let outer = std::mem::replace(&mut self.in_definer, true);
        let term = self.boolean(lookup);
        self.in_definer = outer;
        if outer {
            self.problem(
                node,
                "this is inside of a `definer(..)` already",
                "take one of the two away",
            );
        }
        match term {
            Term::Exists(lookup) => truth(Term::Definer(lookup)),
            term => {
                // Of an unseen table, nothing is known.
                if !matches!(lookup, Expr::Exists { .. }) {
                    let message = "`definer` takes a lookup";
                    self.problem(node, message, "write `definer(exists(Table, |row| ..))`");
                }
                truth(term)
            }
        }
    }

    pub(super) fn named(
        &mut self,
        node: usize,
        path: &str,
        predicate: Option<&NamedPredicate>,
        arguments: &[Expr],
    ) -> Typed {
        let Some(predicate) = predicate else {
            for argument in arguments {
                self.value(argument);
            }
            if matches!(self.others, Others::All(_)) {
                let message = format!("unknown predicate `{path}`");
                self.problem(node, message, "declare it with `#[rls_schema::predicate]`");
            }
            return truth(Term::Bool(false));
        };
        let depth = self.scope.len();
        let (name, wanted) = (&predicate.name, predicate.parameters.len());
        if wanted != arguments.len() {
            let takes = match wanted {
                0 => "nothing".to_owned(),
                1 => "one argument".to_owned(),
                _ => format!("{wanted} arguments"),
            };
            let given = arguments.len();
            let message = format!(
                "`{name}` takes {takes}, and here {} {given}",
                if given == 1 { "is" } else { "are" }
            );
            let names: Vec<_> =
                predicate.parameters.iter().map(|(name, _)| name.as_str()).collect();
            let path = Expr::last_segment(path);
            self.problem(node, message, format!("write `{path}({})`", names.join(", ")));
            for argument in arguments {
                self.value(argument);
            }
            return truth(Term::Bool(false));
        }
        let (mut linked, mut raw) = (Vec::new(), None);
        for (at, argument) in arguments.iter().enumerate() {
            let argument_node = self.next;
            let mut typed = self.value(argument);
            let Some((parameter, ty)) = predicate.parameters.get(at) else { continue };
            let kind = Kind::Known(ty.clone());
            if settle(&mut typed, &kind).is_err() || !comparable(&typed.kind, &kind) {
                let (argument, is) = (self.text(argument), typed.kind.describe());
                let message =
                    format!("`{parameter}` of `{name}` is {ty}, and `{argument}` is {is}");
                self.problem(argument_node, message, "");
            }
            // What Postgres would take a string for in the body depends on what it meets there.
            let term = match typed.kind {
                Kind::Untyped if ty.family() != TypeFamily::Text => {
                    Term::Cast { value: Box::new(typed.term), ty: ty.clone() }
                }
                _ => typed.term,
            };
            if holds_raw(&term) {
                raw = raw.or(Some(argument_node));
            }
            linked.push((parameter.clone(), depth, Typed { term, kind }));
        }
        // The body's own problems are told where it is declared, once.
        let (next, problems) = (self.next, self.problems.len());
        let outer = std::mem::replace(&mut self.parameters, linked);
        let moved_before = std::mem::take(&mut self.raw_moved);
        let term = self.boolean(&predicate.body);
        self.parameters = outer;
        self.next = next;
        let moved = self.raw_moved;
        self.raw_moved |= moved_before;
        if moved && let Some(raw) = raw {
            self.problems.truncate(problems);
            let message = format!(
                "`{name}` looks in a table for this, where names of SQL written by hand could mean that table's"
            );
            self.problem(raw, message, "name a column, or write the whole lookup here");
        } else if self.problems.len() > problems {
            self.problems.truncate(problems);
            self.problem(node, format!("the predicate `{name}` has a mistake of its own"), "");
        }
        truth(term)
    }
}

fn holds_raw(term: &Term) -> bool {
    term.nodes().any(|(node, _)| matches!(node, Term::Raw(_)))
}

fn unknown_column(shape: &Shape<'_>, field: &str, qualify: bool) -> (String, String) {
    let fields = || shape.columns.iter().map(|column| column.field);
    let renamed = shape.columns.iter().find(|column| column.name.as_str() == field);
    let truth = if qualify { None } else { nearest(field, ["true", "false"]) };
    let help = if shape.skipped.contains(&field) {
        "the field is marked `skip`".to_owned()
    } else if let Some(column) = renamed {
        format!("the field of that column is called `{}`", column.field)
    } else if let Some(near) = nearest(field, fields()).or(truth) {
        format!("did you mean `{near}`?")
    } else {
        let names: Vec<_> = fields().map(|name| format!("`{name}`")).collect();
        format!("the columns are {}", names.join(", "))
    };
    let of = if qualify { format!(" of `{}`", shape.rust_name) } else { String::new() };
    (format!("unknown column `{field}`{of}"), help)
}
