//! Rust expressions as predicates and defaults: names are looked up, types are inferred, and every
//! mistake is told at its token.

use std::cell::RefCell;

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{BinOp, Expr as Rust, ExprCall, ExprLit, Lit, LitStr, UnOp};

use super::attr::string_literal;
use super::decl::path_name;
use super::{Ctxt, raw_sql};
use crate::model::{BaseType, CompareOp, Expr, Ident, Literal, PgType, SubjectType, TypeFamily};
use crate::resolve::nearest;

/// What an expression can see.
pub(super) struct Scope<'a> {
    /// The table's own name, as raw SQL may qualify with it.
    pub(super) table: &'a Ident,
    pub(super) columns: Vec<ScopeColumn<'a>>,
    /// Fields that are no columns, for a better message.
    pub(super) skipped: Vec<&'a str>,
    /// The raw SQL met on the way.
    pub(super) raw: RefCell<Vec<LitStr>>,
}

/// A column by the name of its field.
pub(super) struct ScopeColumn<'a> {
    pub(super) field: &'a str,
    pub(super) column: &'a Ident,
    /// None where the declaration of the type was a mistake: it then fits everything.
    pub(super) ty: Option<&'a PgType>,
}

/// An expression with what is known of its type.
struct Typed {
    expr: Expr,
    kind: Kind,
}

#[derive(Clone, PartialEq)]
enum Kind {
    Known(PgType),
    /// A number as it was written: fits every number.
    Number,
    /// A string as it was written: Postgres reads it as what it is compared with.
    Untyped,
    /// `auth_uid()`: text or uuid, as its partner wants it.
    Subject,
    /// Raw SQL, or a column whose type was a mistake.
    Unknown,
}

const FUNCTIONS: &[&str] = &["auth_uid", "claim", "is_null", "now", "sql"];

/// Compiles a Rust expression that must be boolean.
pub(super) fn predicate(rust: &Rust, scope: &Scope<'_>, ctxt: &Ctxt) -> Option<Expr> {
    match rust {
        Rust::Paren(inner) => predicate(&inner.expr, scope, ctxt),
        Rust::Group(inner) => predicate(&inner.expr, scope, ctxt),
        Rust::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => {
            Some(Expr::Not(Box::new(predicate(&unary.expr, scope, ctxt)?)))
        }
        Rust::Binary(binary) if matches!(binary.op, BinOp::And(_) | BinOp::Or(_)) => {
            // Both sides are read before giving up, so that both tell their mistakes.
            let left = predicate(&binary.left, scope, ctxt);
            let right = predicate(&binary.right, scope, ctxt);
            let (left, right) = (left?, right?);
            Some(match binary.op {
                BinOp::And(_) => Expr::And(joined(left, right, |e| match e {
                    Expr::And(all) => Ok(all),
                    other => Err(other),
                })),
                _ => Expr::Or(joined(left, right, |e| match e {
                    Expr::Or(any) => Ok(any),
                    other => Err(other),
                })),
            })
        }
        other => {
            let typed = value(other, scope, ctxt)?;
            boolean(other, typed, ctxt)
        }
    }
}

/// Flattens `(a && b) && c` into one list.
fn joined(left: Expr, right: Expr, split: impl Fn(Expr) -> Result<Vec<Expr>, Expr>) -> Vec<Expr> {
    let mut all = Vec::new();
    for side in [left, right] {
        match split(side) {
            Ok(operands) => all.extend(operands),
            Err(operand) => all.push(operand),
        }
    }
    all
}

fn boolean(rust: &Rust, typed: Typed, ctxt: &Ctxt) -> Option<Expr> {
    let is = match &typed.kind {
        Kind::Unknown => return Some(typed.expr),
        Kind::Known(ty) if ty.family() == TypeFamily::Boolean => return Some(typed.expr),
        Kind::Known(ty) => ty.to_string(),
        Kind::Number => "a number".to_owned(),
        Kind::Untyped => "a string".to_owned(),
        Kind::Subject => "the user's id".to_owned(),
    };
    let text = source(rust);
    let help = match typed.kind {
        Kind::Subject => "write `auth_uid(column)`".to_owned(),
        _ => format!("compare it, as in `{text} == ..`"),
    };
    ctxt.error_help(rust, format!("a predicate is true or false, and `{text}` is {is}"), help);
    None
}

/// Compiles a column's default.
pub(super) fn default(
    rust: &Rust,
    ty: Option<&PgType>,
    scope: &Scope<'_>,
    ctxt: &Ctxt,
) -> Option<Expr> {
    if let Some(name) = path_name(rust).filter(|name| scope.find(name).is_some()) {
        ctxt.error(rust, format!("a default cannot read another column, and `{name}` is one"));
        return None;
    }
    let typed = value(rust, scope, ctxt)?;
    let Some(ty) = ty else { return Some(typed.expr) };
    let fits = match &typed.kind {
        Kind::Unknown => true,
        Kind::Untyped => {
            ty.array || ![TypeFamily::Number, TypeFamily::Boolean].contains(&ty.family())
        }
        Kind::Number => ty.family() == TypeFamily::Number && !ty.array,
        Kind::Known(default) => default.family() == ty.family(),
        Kind::Subject => match subject_type(ty) {
            Some(ty) => return Some(Expr::AuthUid(ty)),
            None => false,
        },
    };
    if !fits {
        ctxt.error_help(
            rust,
            format!("the column is {ty}, and `{}` is not", source(rust)),
            "write a value of that type, or `sql(\"..\")`",
        );
        return None;
    }
    Some(typed.expr)
}

/// An expression of any type.
fn value(rust: &Rust, scope: &Scope<'_>, ctxt: &Ctxt) -> Option<Typed> {
    match rust {
        Rust::Paren(inner) => value(&inner.expr, scope, ctxt),
        Rust::Group(inner) => value(&inner.expr, scope, ctxt),
        Rust::Lit(literal) => constant(literal, false, ctxt),
        Rust::Path(_) => column(rust, scope, ctxt),
        Rust::Call(call) => function(call, scope, ctxt),
        Rust::MethodCall(call) => {
            let name = call.method.unraw().to_string();
            if name != "is_null" || !call.args.is_empty() {
                ctxt.error_help(
                    &call.method,
                    format!("unknown method `{name}`"),
                    "known is `is_null()`",
                );
                return None;
            }
            is_null(&call.receiver, scope, ctxt)
        }
        Rust::Unary(unary) => match (&unary.op, &*unary.expr) {
            (UnOp::Neg(_), Rust::Lit(literal)) => constant(literal, true, ctxt),
            (UnOp::Not(_), _) => Some(truth(predicate(rust, scope, ctxt)?)),
            _ => unsupported(rust, ctxt),
        },
        Rust::Binary(binary) => match compare_op(&binary.op) {
            Some(op) => compare(op, rust, &binary.left, &binary.right, scope, ctxt),
            None if matches!(binary.op, BinOp::And(_) | BinOp::Or(_)) => {
                Some(truth(predicate(rust, scope, ctxt)?))
            }
            None => unsupported(rust, ctxt),
        },
        Rust::Assign(assign) => {
            ctxt.error_help(assign.eq_token, "`=` assigns", "compare with `==`");
            None
        }
        _ => unsupported(rust, ctxt),
    }
}

fn unsupported<T>(rust: &Rust, ctxt: &Ctxt) -> Option<T> {
    ctxt.error_help(
        rust,
        format!("`{}` has no meaning in a predicate", source(rust)),
        "use columns, literals, `== != < <= > >= && || !`, `is_null()`, `auth_uid(column)`, `claim(\"path\")` or `sql(\"..\")`",
    );
    None
}

fn truth(expr: Expr) -> Typed {
    Typed { expr, kind: known(BaseType::Boolean) }
}

fn known(base: BaseType) -> Kind {
    Kind::Known(PgType::plain(base))
}

fn constant(literal: &ExprLit, negative: bool, ctxt: &Ctxt) -> Option<Typed> {
    let number = |digits: &str| {
        let sign = if negative { "-" } else { "" };
        Typed {
            expr: Expr::Literal(Literal::Number(format!("{sign}{digits}"))),
            kind: Kind::Number,
        }
    };
    Some(match &literal.lit {
        Lit::Bool(value) if !negative => truth(Expr::Literal(Literal::Bool(value.value))),
        Lit::Str(text) if !negative => {
            let value = text.value();
            if value.contains('\0') {
                ctxt.error(text, "a string in Postgres cannot contain a NUL byte");
                return None;
            }
            Typed { expr: Expr::Literal(Literal::Text(value)), kind: Kind::Untyped }
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
    })
}

fn column(rust: &Rust, scope: &Scope<'_>, ctxt: &Ctxt) -> Option<Typed> {
    let name = path_name(rust);
    if name.as_deref() == Some("None") {
        ctxt.error_help(rust, "nothing equals NULL", "write `column.is_null()`");
        return None;
    }
    let column = scope.lookup(rust, name.as_deref(), ctxt)?;
    Some(Typed {
        expr: Expr::Column(column.column.clone()),
        kind: column.ty.map_or(Kind::Unknown, |ty| Kind::Known(ty.clone())),
    })
}

impl<'a> Scope<'a> {
    fn find(&self, field: &str) -> Option<&ScopeColumn<'a>> {
        self.columns.iter().find(|column| column.field == field)
    }

    /// The column of that field, or a message that suggests one.
    fn lookup(
        &self,
        at: &impl ToTokens,
        field: Option<&str>,
        ctxt: &Ctxt,
    ) -> Option<&ScopeColumn<'a>> {
        let Some(field) = field else {
            ctxt.error_help(at, "this is not a column", "write the name of a field");
            return None;
        };
        if let Some(column) = self.find(field) {
            return Some(column);
        }
        let renamed = self.columns.iter().find(|column| column.column.as_str() == field);
        let fields = || self.columns.iter().map(|column| column.field);
        let help = if self.skipped.contains(&field) {
            "the field is marked `skip`".to_owned()
        } else if let Some(column) = renamed {
            format!("the field of that column is called `{}`", column.field)
        } else if let Some(near) = nearest(field, fields()) {
            format!("did you mean `{near}`?")
        } else {
            format!("the columns are {}", super::attr::quoted(&fields().collect::<Vec<_>>()))
        };
        ctxt.error_help(at, format!("unknown column `{field}`"), help);
        None
    }
}

fn function(call: &ExprCall, scope: &Scope<'_>, ctxt: &Ctxt) -> Option<Typed> {
    let name = path_name(&call.func).unwrap_or_default();
    let arguments: Vec<_> = call.args.iter().collect();
    match (name.as_str(), arguments.as_slice()) {
        ("auth_uid", []) => {
            Some(Typed { expr: Expr::AuthUid(SubjectType::Text), kind: Kind::Subject })
        }
        ("auth_uid", [column]) => {
            let found = scope.lookup(column, path_name(column).as_deref(), ctxt)?;
            let subject = match found.ty {
                Some(ty) => subject(column, ty, ctxt)?,
                None => Expr::AuthUid(SubjectType::Text),
            };
            Some(truth(Expr::Compare {
                op: CompareOp::Eq,
                left: Box::new(subject),
                right: Box::new(Expr::Column(found.column.clone())),
            }))
        }
        ("claim", [path]) => {
            let path = claim_path(path, ctxt)?;
            Some(Typed { expr: Expr::Claim(path), kind: known(BaseType::Text) })
        }
        ("is_null", [inner]) => is_null(inner, scope, ctxt),
        ("now", []) => Some(Typed { expr: Expr::Now, kind: known(BaseType::Timestamptz) }),
        ("sql", [text]) => {
            let Some(text) = string_literal(text) else {
                ctxt.error_help(text, "`sql` takes a string literal", "write `sql(\"..\")`");
                return None;
            };
            raw_sql::lexical(text, scope, ctxt)?;
            scope.raw.borrow_mut().push(text.clone());
            Some(Typed { expr: Expr::Sql(text.value().trim().to_owned()), kind: Kind::Unknown })
        }
        ("auth_uid", _) => {
            misused(call, "`auth_uid` takes one column", "write `auth_uid(column)`", ctxt)
        }
        ("claim", _) => misused(call, "`claim` takes one path", "write `claim(\"path\")`", ctxt),
        ("is_null", _) => {
            misused(call, "`is_null` takes one column", "write `column.is_null()`", ctxt)
        }
        ("now", _) => misused(call, "`now` takes nothing", "write `now()`", ctxt),
        ("sql", _) => misused(call, "`sql` takes one string", "write `sql(\"..\")`", ctxt),
        (name, _) => {
            let help = match nearest(name, FUNCTIONS.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "known are {}; other functions can be called in `sql(\"..\")`",
                    super::attr::quoted(FUNCTIONS)
                ),
            };
            ctxt.error_help(&call.func, format!("unknown function `{}`", source(&call.func)), help);
            None
        }
    }
}

fn misused(call: &ExprCall, message: &str, help: &str, ctxt: &Ctxt) -> Option<Typed> {
    ctxt.error_help(call, message, help);
    None
}

/// The type in which the subject is compared with a column, if it can be.
fn subject_type(ty: &PgType) -> Option<SubjectType> {
    match ty.family() {
        TypeFamily::Text => Some(SubjectType::Text),
        TypeFamily::Uuid => Some(SubjectType::Uuid),
        TypeFamily::Boolean | TypeFamily::Number | TypeFamily::DateTime | TypeFamily::Other => None,
    }
}

fn subject(at: &Rust, ty: &PgType, ctxt: &Ctxt) -> Option<Expr> {
    let subject = subject_type(ty).map(Expr::AuthUid);
    if subject.is_none() {
        ctxt.error_help(
            at,
            format!("the user's id is text or uuid, and `{}` is {ty}", source(at)),
            "make it a `String` or a `Uuid`",
        );
    }
    subject
}

/// `"o.rol"` for nested claims, `["https://example.com/role"]` for keys with dots in them.
fn claim_path(path: &Rust, ctxt: &Ctxt) -> Option<Vec<String>> {
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

fn is_null(inner: &Rust, scope: &Scope<'_>, ctxt: &Ctxt) -> Option<Typed> {
    let inner = value(inner, scope, ctxt)?;
    Some(truth(Expr::IsNull(Box::new(inner.expr))))
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

fn compare(
    op: CompareOp,
    whole: &Rust,
    left_rust: &Rust,
    right_rust: &Rust,
    scope: &Scope<'_>,
    ctxt: &Ctxt,
) -> Option<Typed> {
    let left = value(left_rust, scope, ctxt);
    let right = value(right_rust, scope, ctxt);
    let (mut left, mut right) = (left?, right?);
    if let (Kind::Subject, Kind::Known(ty)) = (&left.kind, &right.kind) {
        left = Typed { expr: subject(right_rust, ty, ctxt)?, kind: right.kind.clone() };
    }
    if let (Kind::Known(ty), Kind::Subject) = (&left.kind, &right.kind) {
        right = Typed { expr: subject(left_rust, ty, ctxt)?, kind: left.kind.clone() };
    }
    if !comparable(&left.kind, &right.kind) {
        ctxt.error_help(
            whole,
            format!(
                "`{}` is {} and `{}` is {}, which Postgres does not compare",
                source(left_rust),
                left.kind.describe(),
                source(right_rust),
                right.kind.describe()
            ),
            match (&left.kind, &right.kind) {
                (Kind::Untyped | Kind::Number, Kind::Known(_))
                | (Kind::Known(_), Kind::Untyped | Kind::Number) => {
                    "write a literal of the other's type"
                }
                _ => "cast one of them in `sql(\"..\")`",
            },
        );
        return None;
    }
    Some(truth(Expr::Compare { op, left: Box::new(left.expr), right: Box::new(right.expr) }))
}

fn comparable(left: &Kind, right: &Kind) -> bool {
    match (left, right) {
        (Kind::Unknown, _) | (_, Kind::Unknown) => true,
        (Kind::Known(left), Kind::Known(right)) => match left.family() {
            TypeFamily::Other => left == right,
            family => family == right.family(),
        },
        // Postgres reads a string as anything but refuses most of it for numbers and booleans.
        (Kind::Known(ty), Kind::Untyped) | (Kind::Untyped, Kind::Known(ty)) => {
            ![TypeFamily::Number, TypeFamily::Boolean].contains(&ty.family())
        }
        (Kind::Known(ty), Kind::Number) | (Kind::Number, Kind::Known(ty)) => {
            ty.family() == TypeFamily::Number
        }
        (Kind::Subject, Kind::Untyped) | (Kind::Untyped, Kind::Subject) => true,
        (Kind::Number, Kind::Number)
        | (Kind::Untyped, Kind::Untyped)
        | (Kind::Subject, Kind::Subject) => true,
        (Kind::Number, Kind::Untyped | Kind::Subject)
        | (Kind::Untyped | Kind::Subject, Kind::Number) => false,
        (Kind::Subject, Kind::Known(_)) | (Kind::Known(_), Kind::Subject) => false,
    }
}

impl Kind {
    fn describe(&self) -> String {
        match self {
            Kind::Known(ty) => ty.to_string(),
            Kind::Number => "a number".to_owned(),
            Kind::Untyped => "a string".to_owned(),
            Kind::Subject => "the user's id".to_owned(),
            Kind::Unknown => "unknown".to_owned(),
        }
    }
}

/// An expression as it was written, short enough for a message.
fn source(rust: &Rust) -> String {
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
