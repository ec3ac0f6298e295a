//! Rust expressions as declared expressions: what each form says, with the token of every node. Only
//! the forms are judged here; names and types are looked up by [`link`](crate::policy::link).

use std::cell::RefCell;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{BinOp, Expr as Rust, ExprClosure, ExprLit, Lit, LitStr, Member, Pat, Stmt, UnOp};

use super::attr::string_literal;
use super::decl::path_name;
use super::{Ctxt, call, method, raw_sql, rust_type};
use crate::model::{ColumnRef, CompareOp, Expr, Literal, ShiftOp};
use crate::policy::link::{Problem, Shape};

/// What an expression can see.
pub(super) struct Scope<'a> {
    /// The table that it belongs to; none for a named predicate.
    pub(super) own: Option<Shape<'a>>,
    /// Whether it is about the values of a type, which may be said in SQL by hand.
    of_type: bool,
    /// Which of a row's two states may be named.
    pub(super) states: States,
    /// The rows of the lookups around, the innermost last.
    rows: RefCell<Vec<String>>,
    /// The raw SQL met on the way.
    pub(super) raw: RefCell<Vec<LitStr>>,
}

/// Whether `old.column` and `new.column` mean something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct States {
    pub(super) old: bool,
    pub(super) new: bool,
}

/// An expression with the tokens of each of its nodes.
#[derive(Clone)]
pub(super) struct Parsed {
    pub(super) expr: Expr,
    pub(super) spans: Spans,
}

/// The tokens of a node and of its parts: the same tree as the expression's.
#[derive(Clone)]
pub(super) struct Spans {
    at: TokenStream,
    parts: Vec<Spans>,
}

impl<'a> Scope<'a> {
    pub(super) fn of_table(own: Shape<'a>) -> Self {
        Scope { own: Some(own), ..Scope::of_predicate() }
    }

    pub(super) fn of_predicate() -> Self {
        Scope {
            own: None,
            of_type: false,
            states: States::default(),
            rows: RefCell::new(Vec::new()),
            raw: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn of_type() -> Self {
        Scope { of_type: true, ..Scope::of_predicate() }
    }

    /// The same scope where the states of a row may be named.
    pub(super) fn with_states(&self, states: States) -> Self {
        Scope { own: self.own.clone(), states, ..Scope::of_predicate() }
    }
}

impl Spans {
    /// The tokens of every node, in preorder.
    pub(super) fn in_order(&self) -> Vec<TokenStream> {
        let mut all = vec![self.at.clone()];
        all.extend(self.parts.iter().flat_map(Spans::in_order));
        all
    }

    /// Reports what linking found.
    pub(super) fn report(&self, problems: Vec<Problem>, ctxt: &Ctxt) {
        let all = self.in_order();
        for Problem { node, message, help } in problems {
            let at = all.get(node).unwrap_or(&self.at);
            match help {
                Some(help) => ctxt.error_help(at, message, help),
                None => ctxt.error(at, message),
            }
        }
    }
}

impl Parsed {
    pub(super) fn leaf(expr: Expr, at: impl ToTokens) -> Parsed {
        Parsed::node(expr, at, Vec::new())
    }

    pub(super) fn node(expr: Expr, at: impl ToTokens, parts: Vec<Spans>) -> Parsed {
        Parsed { expr, spans: Spans { at: at.to_token_stream(), parts } }
    }
}

/// All of the operands hold, or at least one does; lists in lists become one.
pub(super) fn joined(operands: Vec<Parsed>, and: bool, at: impl ToTokens) -> Parsed {
    let (mut exprs, mut parts) = (Vec::new(), Vec::new());
    for Parsed { expr, spans } in operands {
        match (expr, and) {
            (Expr::And(inner), true) | (Expr::Or(inner), false) => {
                exprs.extend(inner);
                parts.extend(spans.parts);
            }
            (expr, _) => {
                exprs.push(expr);
                parts.push(spans);
            }
        }
    }
    Parsed::node(if and { Expr::And(exprs) } else { Expr::Or(exprs) }, at, parts)
}

/// Reads an expression of any type. Operands are all read before giving up, so that each tells its
/// mistakes.
pub(super) fn parse(rust: &Rust, scope: &Scope<'_>, ctxt: &Ctxt) -> Option<Parsed> {
    match rust {
        Rust::Paren(inner) => parse(&inner.expr, scope, ctxt),
        Rust::Group(inner) => parse(&inner.expr, scope, ctxt),
        // rustfmt puts the body of a long closure in braces.
        Rust::Block(block) if block.label.is_none() && block.attrs.is_empty() => {
            match block.block.stmts.as_slice() {
                [Stmt::Expr(inner, None)] => parse(inner, scope, ctxt),
                _ => unsupported(rust, ctxt),
            }
        }
        Rust::Lit(literal) => constant(literal, false, ctxt),
        Rust::Path(_) => name(rust, scope, ctxt),
        Rust::Field(field) => match &field.member {
            Member::Named(member) => row_column(rust, &field.base, member, scope, ctxt),
            Member::Unnamed(_) => unsupported(rust, ctxt),
        },
        Rust::Call(found) => call::function(found, scope, ctxt),
        Rust::MethodCall(found) => method::method(found, scope, ctxt),
        Rust::Index(index) => json(rust, &index.expr, &index.index, scope, ctxt),
        Rust::Cast(cast) => {
            let value = parse(&cast.expr, scope, ctxt);
            let ty = rust_type::known(&cast.ty);
            let ty = ty.map_err(|bad| ctxt.error_help(&cast.ty, bad.message, bad.help)).ok();
            let Parsed { expr, spans } = value?;
            Some(Parsed::node(Expr::Cast { value: Box::new(expr), ty: ty? }, rust, vec![spans]))
        }
        Rust::Unary(unary) => match (&unary.op, &*unary.expr) {
            (UnOp::Neg(_), Rust::Lit(literal)) => constant(literal, true, ctxt),
            (UnOp::Not(_), inner) => {
                let Parsed { expr, spans } = parse(inner, scope, ctxt)?;
                Some(Parsed::node(Expr::Not(Box::new(expr)), rust, vec![spans]))
            }
            _ => unsupported(rust, ctxt),
        },
        Rust::Binary(binary) => {
            let left = parse(&binary.left, scope, ctxt);
            let right = parse(&binary.right, scope, ctxt);
            if let Some(op) = compare_op(&binary.op) {
                return Some(compare(op, rust, left?, right?));
            }
            match &binary.op {
                BinOp::And(_) => Some(joined(vec![left?, right?], true, rust)),
                BinOp::Or(_) => Some(joined(vec![left?, right?], false, rust)),
                BinOp::Add(_) => Some(shift(ShiftOp::Later, rust, left?, right?)),
                BinOp::Sub(_) => Some(shift(ShiftOp::Earlier, rust, left?, right?)),
                _ => unsupported(rust, ctxt),
            }
        }
        Rust::Assign(assign) => {
            ctxt.error_help(assign.eq_token, "`=` assigns", "compare with `==`");
            None
        }
        _ => unsupported(rust, ctxt),
    }
}

pub(super) fn unsupported<T>(rust: &Rust, ctxt: &Ctxt) -> Option<T> {
    ctxt.error_help(
        rust,
        format!("`{}` has no meaning in a predicate", source(rust)),
        "use columns, literals, `== != < <= > >= && || !`, `is_null()`, `is_in([..])`, \
         `contains(..)`, `auth_uid(column)`, `claim(\"path\")`, `exists(Table, |row| ..)` or \
         `sql(\"..\")`",
    );
    None
}

fn constant(literal: &ExprLit, negative: bool, ctxt: &Ctxt) -> Option<Parsed> {
    let number = |digits: &str| {
        let sign = if negative { "-" } else { "" };
        Literal::Number(format!("{sign}{digits}"))
    };
    let value = match &literal.lit {
        Lit::Bool(value) if !negative => Literal::Bool(value.value),
        Lit::Str(text) if !negative => {
            let value = text.value();
            if value.contains('\0') {
                ctxt.error(text, "a string in Postgres cannot contain a NUL byte");
                return None;
            }
            Literal::Text(value)
        }
        Lit::Int(digits) => number(digits.base10_digits()),
        Lit::Float(digits) => number(digits.base10_digits()),
        _ => {
            ctxt.error_help(
                literal,
                "this literal has no meaning in SQL",
                "use a string, a number, `true` or `false`",
            );
            return None;
        }
    };
    Some(Parsed::leaf(Expr::Literal(value), literal))
}

/// A column of the policy's own table, or a parameter of a named predicate.
fn name(rust: &Rust, scope: &Scope<'_>, ctxt: &Ctxt) -> Option<Parsed> {
    let Some(name) = path_name(rust) else {
        ctxt.error_help(rust, "this is not a column", "write the name of a field");
        return None;
    };
    if name == "None" {
        ctxt.error_help(rust, "nothing equals NULL", "write `column.is_null()`");
        return None;
    }
    let rows = scope.rows.borrow();
    if rows.contains(&name) {
        ctxt.error_help(rust, format!("`{name}` is a whole row"), "name one of its columns");
        return None;
    }
    let expr = match scope.own {
        Some(_) => Expr::Column(ColumnRef { up: rows.len(), field: name }),
        None => Expr::Parameter(name),
    };
    Some(Parsed::leaf(expr, rust))
}

/// `member.team_id`, `old.status`, `new.status`.
fn row_column(
    rust: &Rust,
    base: &Rust,
    member: &syn::Ident,
    scope: &Scope<'_>,
    ctxt: &Ctxt,
) -> Option<Parsed> {
    let field = member.unraw().to_string();
    let rows = scope.rows.borrow();
    let row = path_name(base).unwrap_or_default();
    let up = rows.iter().rev().position(|name| *name == row);
    let up = match (up, row.as_str()) {
        (Some(up), _) => up,
        (None, "old") if scope.states.old => rows.len(),
        (None, "new") if scope.states.new => rows.len(),
        (None, state @ ("old" | "new")) => {
            let help = match state {
                "old" => "USING sees the old row: in `update`, `delete` and `using`",
                _ => "WITH CHECK sees the new row: in `update`, `insert` and `with_check`",
            };
            ctxt.error_help(rust, format!("there is no `{state}` row here"), help);
            return None;
        }
        (None, _) => {
            let help = match rows.last() {
                Some(row) => format!("a column of the row that is looked for is `{row}.{field}`"),
                None => "a column of the table itself is written without one".to_owned(),
            };
            ctxt.error_help(base, format!("there is no row `{}` here", source(base)), help);
            return None;
        }
    };
    Some(Parsed::leaf(Expr::Column(ColumnRef { up, field }), rust))
}

fn compare_op(op: &BinOp) -> Option<CompareOp> {
    Some(match op {
        BinOp::Eq(_) => CompareOp::Eq,
        BinOp::Ne(_) => CompareOp::Ne,
        BinOp::Lt(_) => CompareOp::Lt,
        BinOp::Le(_) => CompareOp::Le,
        BinOp::Gt(_) => CompareOp::Gt,
        BinOp::Ge(_) => CompareOp::Ge,
        _ => return None,
    })
}

pub(super) fn compare(op: CompareOp, at: impl ToTokens, left: Parsed, right: Parsed) -> Parsed {
    let parts = vec![left.spans, right.spans];
    Parsed::node(Expr::compare(op, left.expr, right.expr), at, parts)
}

fn shift(op: ShiftOp, at: &Rust, time: Parsed, by: Parsed) -> Parsed {
    let expr = Expr::Shift { op, time: Box::new(time.expr), by: Box::new(by.expr) };
    Parsed::node(expr, at, vec![time.spans, by.spans])
}

/// `data["a"]["b"]`, `data[0]`.
fn json(rust: &Rust, value: &Rust, key: &Rust, scope: &Scope<'_>, ctxt: &Ctxt) -> Option<Parsed> {
    let key = match key {
        Rust::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
        Rust::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_digits().to_owned(),
        other => {
            ctxt.error_help(other, "this is no key", "write a string or a number in the brackets");
            return None;
        }
    };
    let Parsed { expr, spans } = parse(value, scope, ctxt)?;
    Some(match expr {
        Expr::Json { value, mut path } => {
            path.push(key);
            Parsed::node(Expr::Json { value, path }, rust, spans.parts)
        }
        value => {
            Parsed::node(Expr::Json { value: Box::new(value), path: vec![key] }, rust, vec![spans])
        }
    })
}

/// `|row| ..`: the name of the row and what is said of it.
pub(super) fn closure(
    closure: &ExprClosure,
    scope: &Scope<'_>,
    ctxt: &Ctxt,
) -> Option<(String, Parsed)> {
    let parameter = match closure.inputs.first() {
        Some(Pat::Ident(pat)) if closure.inputs.len() == 1 && pat.subpat.is_none() => &pat.ident,
        Some(other) if closure.inputs.len() == 1 => {
            let help = "write `exists(Table, |row| ..)`";
            ctxt.error_help(other, "the row has a name and nothing else", help);
            return None;
        }
        found => {
            let help = "write `exists(Table, |row| ..)`";
            match found {
                Some(_) => ctxt.error_help(&closure.inputs, "the closure takes one row", help),
                // Where there is none, there is no place for it either.
                None => ctxt.error_help(closure, "the closure takes one row", help),
            }
            return None;
        }
    };
    let row = parameter.unraw().to_string();
    if ["old", "new"].contains(&row.as_str()) {
        ctxt.error_help(parameter, format!("`{row}` is a row already"), "choose another name");
        return None;
    }
    scope.rows.borrow_mut().push(row.clone());
    let body = parse(&closure.body, scope, ctxt);
    scope.rows.borrow_mut().pop();
    Some((row, body?))
}

/// SQL written by hand. In a lookup, names may belong to a table that cannot be seen from here.
pub(super) fn raw(
    text: &LitStr,
    at: impl ToTokens,
    scope: &Scope<'_>,
    ctxt: &Ctxt,
) -> Option<Parsed> {
    let own = scope.own.as_ref().filter(|_| scope.rows.borrow().is_empty());
    if scope.own.is_none() && !scope.of_type {
        ctxt.error_help(
            at,
            "a named predicate is used by many tables, and SQL written by hand belongs to one",
            "write the `sql(\"..\")` where the predicate is used",
        );
        return None;
    }
    raw_sql::lexical(text, own, ctxt)?;
    scope.raw.borrow_mut().push(text.clone());
    Some(Parsed::leaf(Expr::Sql(text.value().trim().to_owned()), at))
}

/// `"o.rol"` for nested claims, `["https://example.com/role"]` for keys with dots in them.
pub(super) fn claim_path(path: &Rust, ctxt: &Ctxt) -> Option<Vec<String>> {
    let keys: Option<Vec<String>> = match path {
        Rust::Array(array) => {
            array.elems.iter().map(|key| string_literal(key).map(LitStr::value)).collect()
        }
        single => {
            string_literal(single).map(|path| path.value().split('.').map(str::to_owned).collect())
        }
    };
    let keys = keys.filter(|keys| {
        !keys.is_empty() && keys.iter().all(|key| !key.is_empty() && !key.contains('\0'))
    });
    if keys.is_none() {
        ctxt.error_help(
            path,
            "this is not the path of a claim",
            "write `claim(\"o.rol\")`, or `claim([\"key.with.dots\"])`",
        );
    }
    keys
}

/// An expression as it was written, short enough for a message.
pub(super) fn source(rust: &impl ToTokens) -> String {
    let text = rust.to_token_stream().to_string();
    let text = text
        .replace(" (", "(")
        .replace("( ", "(")
        .replace(" )", ")")
        .replace(" . ", ".")
        .replace(" ,", ",");
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
