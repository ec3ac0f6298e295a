//! Expressions, from the loosest binding to the tightest. Source: Postgres manual, "Operator Precedence".

use super::Words;
use super::forms;
use super::tokens::Tokens;
use crate::lex::TokenKind;
use crate::model::{
    BaseType, ColumnRef, CompareOp, Expr, Ident, Literal, PRIVATE_SCHEMA, PgType, QualifiedName,
    TextForm, TypeFamily,
};

/// Reads one text.
pub(super) struct Parser<'a> {
    pub(super) tokens: Tokens<'a>,
    pub(super) words: Words<'a>,
    /// The tables in scope with the names that they have in the text, the innermost last.
    pub(super) scope: Vec<(Ident, QualifiedName)>,
    /// What the parameters of a function's body stand for, outside of it.
    pub(super) arguments: Vec<Expr>,
}

/// More than anybody writes, and less than the stack holds.
const DEEPEST: usize = 60;

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, table: &QualifiedName, words: Words<'a>) -> Option<Self> {
        let depth = text.chars().scan(0_usize, |depth, c| {
            *depth = match c {
                '(' => *depth + 1,
                ')' => depth.saturating_sub(1),
                _ => *depth,
            };
            Some(*depth)
        });
        if depth.max()? > DEEPEST {
            return None;
        }
        let scope = vec![(table.name.clone(), table.clone())];
        Some(Parser { tokens: Tokens::of(text)?, words, scope, arguments: Vec::new() })
    }

    pub(super) fn is_done(&self) -> bool {
        self.tokens.is_done()
    }

    /// All of it.
    pub(super) fn whole(&mut self) -> Option<Expr> {
        self.any()
    }

    /// All of it, or where it is a list of conditions, those that are known beside those that are not.
    pub(super) fn partly(&mut self) -> Option<Expr> {
        let start = self.tokens.at;
        if let Some(expr) = self.any().filter(|_| self.tokens.is_done()) {
            return Some(expr);
        }
        self.tokens.at = start;
        let whole = self.tokens.sign('(');
        let first = self.operand()?;
        let word = self.tokens.word().filter(|word| ["and", "or"].contains(word))?.to_owned();
        let mut operands = vec![first];
        while self.tokens.take(&word) {
            operands.push(self.operand()?);
        }
        if whole && !self.tokens.sign(')') {
            return None;
        }
        let known = operands.iter().any(|operand| !matches!(operand, Expr::Sql(_)));
        known.then(|| joined(operands, word == "and"))
    }

    /// One of several conditions: what stands in brackets, or a word and what stands in brackets.
    fn operand(&mut self) -> Option<Expr> {
        let start = self.tokens.at;
        if let Some(expr) = self.not()
            && self.ends_here()
        {
            return Some(expr);
        }
        self.tokens.at = start;
        let mut depth = 0_usize;
        while let Some(token) = self.tokens.peek(0) {
            match token {
                TokenKind::Punctuation('(') => depth += 1,
                TokenKind::Punctuation(')') if depth == 0 => break,
                TokenKind::Punctuation(')') => depth -= 1,
                TokenKind::Word(word) if depth == 0 && (word == "and" || word == "or") => break,
                // Its AND joins no conditions.
                TokenKind::Word(word) if word == "between" && depth == 0 => return None,
                _ => {}
            }
            self.tokens.at += 1;
        }
        let text = self.tokens.between(start, self.tokens.at);
        (!text.is_empty()).then(|| Expr::Sql(text.to_owned()))
    }

    fn ends_here(&self) -> bool {
        match self.tokens.peek(0) {
            None | Some(TokenKind::Punctuation(')')) => true,
            Some(token) => token.word().is_some_and(|word| word == "and" || word == "or"),
        }
    }

    pub(super) fn any(&mut self) -> Option<Expr> {
        let mut operands = vec![self.all()?];
        while self.tokens.take("or") {
            operands.push(self.all()?);
        }
        Some(joined(operands, false))
    }

    fn all(&mut self) -> Option<Expr> {
        let mut operands = vec![self.not()?];
        while self.tokens.take("and") {
            operands.push(self.not()?);
        }
        Some(joined(operands, true))
    }

    fn not(&mut self) -> Option<Expr> {
        if self.tokens.take("not") {
            return Some(Expr::Not(Box::new(self.not()?)));
        }
        let value = self.comparison()?;
        if self.tokens.take_all(&["is", "null"]) {
            return Some(Expr::IsNull(Box::new(value)));
        }
        Some(value)
    }

    fn comparison(&mut self) -> Option<Expr> {
        let left = self.operation()?;
        if self.tokens.take("in") {
            return self.list(left);
        }
        let start = self.tokens.at;
        let Some(operator) = self.tokens.operator() else { return Some(left) };
        let form = match operator.as_str() {
            "~~" => Some(TextForm::Like),
            "~~*" => Some(TextForm::ILike),
            _ => None,
        };
        if let Some(form) = form {
            let pattern = self.operation()?;
            let (value, pattern) = (Box::new(left), Box::new(pattern));
            return Some(Expr::Matches { form, value, pattern });
        }
        let op = match operator.as_str() {
            "=" => CompareOp::Eq,
            "<>" | "!=" => CompareOp::Ne,
            "<" => CompareOp::Lt,
            "<=" => CompareOp::Le,
            ">" => CompareOp::Gt,
            ">=" => CompareOp::Ge,
            _ => {
                self.tokens.at = start;
                return Some(left);
            }
        };
        if op == CompareOp::Eq && self.tokens.take("any") {
            return self.list(left);
        }
        let right = self.operation()?;
        // The subject stands in front, where `auth_uid(column)` puts it.
        Some(match (op, left, right) {
            (CompareOp::Eq, left, Expr::AuthUid) => Expr::compare(op, Expr::AuthUid, left),
            (op, left, right) => Expr::compare(op, left, right),
        })
    }

    /// What a value may equal: a list, an array or the rows of a lookup, in brackets.
    fn list(&mut self, value: Expr) -> Option<Expr> {
        let open = self.tokens.at;
        if !self.tokens.sign('(') {
            return None;
        }
        let extra = self.tokens.sign('(');
        let list = if let (true, Some(list)) = (extra, self.listed_past_policies(&value)) {
            Some(list)
        } else if self.tokens.take("array") && self.tokens.sign('[') {
            let list = self.elements(']')?;
            Some(Expr::In { value: Box::new(value), list })
        } else {
            self.tokens.at = open + 1 + usize::from(extra);
            self.looked_up_in(value)
        }?;
        if extra {
            if !self.tokens.sign(')') {
                return None;
            }
            self.casts()?;
        } else {
            self.casts()?;
        }
        self.tokens.sign(')').then_some(list)
    }

    /// Up to the closing bracket, which is taken.
    fn elements(&mut self, close: char) -> Option<Vec<Expr>> {
        let mut list = Vec::new();
        loop {
            list.push(self.operation()?);
            if self.tokens.sign(close) {
                return Some(list);
            }
            if !self.tokens.sign(',') {
                return None;
            }
        }
    }

    /// `a -> 'b'`, `now() - interval`, and what binds more tightly.
    pub(super) fn operation(&mut self) -> Option<Expr> {
        let mut value = self.cast()?;
        loop {
            let start = self.tokens.at;
            let Some(operator) = self.tokens.operator() else { return Some(value) };
            value = match operator.as_str() {
                "->>" | "#>>" | "->" | "#>" => {
                    let key = self.cast()?;
                    forms::at_path(value, &operator, &key)?
                }
                "+" | "-" => forms::shift(value, &operator, self.cast()?)?,
                "@>" => forms::contains(value, self.cast()?)?,
                _ => {
                    self.tokens.at = start;
                    return Some(value);
                }
            };
        }
    }

    fn cast(&mut self) -> Option<Expr> {
        let mut value = self.primary()?;
        while self.tokens.peek(0) == Some(&TokenKind::Operator("::".to_owned())) {
            self.tokens.at += 1;
            let ty = self.tokens.ty()?;
            value = self.as_type(value, ty)?;
        }
        Some(value)
    }

    /// Casts that say nothing of a list.
    fn casts(&mut self) -> Option<()> {
        while self.tokens.peek(0) == Some(&TokenKind::Operator("::".to_owned())) {
            self.tokens.at += 1;
            self.tokens.ty()?;
        }
        Some(())
    }

    /// A value as another type: what the server says for itself is left out.
    fn as_type(&self, value: Expr, ty: PgType) -> Option<Expr> {
        let text = ty.family() == TypeFamily::Text;
        Some(match value {
            Expr::Literal(Literal::Text(text)) if ty.base == BaseType::Interval => {
                Expr::Interval(forms::interval(&text)?)
            }
            Expr::Literal(Literal::Text(text))
                if ty.family() == TypeFamily::Number && forms::is_number(&text) =>
            {
                Expr::Literal(Literal::Number(text))
            }
            Expr::Literal(_) | Expr::AuthUid => value,
            Expr::Role if text => value,
            Expr::Column(column) if text && self.family(&column) == Some(TypeFamily::Text) => {
                Expr::Column(column)
            }
            Expr::Claim(path) if path.is_empty() => {
                (ty.base == BaseType::Jsonb).then(forms::claims)?
            }
            Expr::Claim(_) | Expr::Json { .. } if ty.base == BaseType::Text => value,
            value if forms::is_castable(&ty) => Expr::Cast { value: Box::new(value), ty },
            _ => return None,
        })
    }

    fn family(&self, column: &ColumnRef) -> Option<TypeFamily> {
        let (_, table) = self.scope.iter().rev().nth(column.up)?;
        let named = self.words.names.table(table)?;
        let (name, _) = named.fields.iter().find(|(_, field)| **field == column.field)?;
        Some(self.words.schema.tables.get(table)?.column(name)?.ty.family())
    }

    fn primary(&mut self) -> Option<Expr> {
        if self.tokens.sign('(') {
            let select = self.tokens.take("select");
            let value = self.any()?;
            if select && self.tokens.take("as") {
                self.tokens.name()?;
            }
            return self.tokens.sign(')').then_some(value);
        }
        if let Some(digits) = self.tokens.number() {
            return Some(Expr::Literal(Literal::Number(digits)));
        }
        if let Some(number) = self.tokens.parameter() {
            let mut value = self.arguments.get(number.checked_sub(1)?)?.clone();
            self.scope.iter().for_each(|_| forms::deepen(&mut value));
            return Some(value);
        }
        if let Some(text) = self.tokens.string() {
            return Some(Expr::Literal(Literal::Text(text)));
        }
        for (word, value) in [("true", true), ("false", false)] {
            if self.tokens.take(word) {
                return Some(Expr::bool(value));
            }
        }
        if self.tokens.take("current_user") {
            return Some(Expr::Role);
        }
        if self.tokens.take("exists") {
            let open = self.tokens.sign('(');
            let lookup = open.then(|| self.select(None))??;
            return self.tokens.sign(')').then_some(lookup);
        }
        if self.tokens.take("nullif") {
            return self.setting();
        }
        let first = self.tokens.name()?;
        let second = if self.tokens.sign('.') { Some(self.tokens.name()?) } else { None };
        if self.tokens.sign('(') {
            return self.call(&first, second.as_ref());
        }
        self.column(&first, second.as_ref())
    }

    /// `NULLIF(current_setting('request.jwt.claims', true), '')`: the claims of plain Postgres, once they
    /// are `jsonb`.
    fn setting(&mut self) -> Option<Expr> {
        let written = "current_setting";
        let called = self.tokens.sign('(') && self.tokens.take(written) && self.tokens.sign('(');
        let name = called.then(|| self.cast())??;
        let is_claims = name == Expr::Literal(Literal::Text("request.jwt.claims".to_owned()));
        let optional = self.tokens.sign(',') && self.tokens.take("true") && self.tokens.sign(')');
        let empty = (optional && self.tokens.sign(',')).then(|| self.cast())??;
        let empty = empty == Expr::Literal(Literal::Text(String::new())) && self.tokens.sign(')');
        (is_claims && empty).then(forms::claims)
    }

    /// A function of the language, by the name that it has in SQL.
    fn call(&mut self, first: &Ident, second: Option<&Ident>) -> Option<Expr> {
        let arguments = if self.tokens.sign(')') { Vec::new() } else { self.elements(')')? };
        let auth = first.as_str() == "auth";
        if let Some(second) = second.filter(|_| first.as_str() == PRIVATE_SCHEMA) {
            let name = QualifiedName::new(first.clone(), second.clone());
            return self.answered_past_policies(&name, arguments);
        }
        match (second.map(Ident::as_str), arguments.as_slice()) {
            (Some("user_id" | "uid"), []) if auth => Some(Expr::AuthUid),
            (Some("session" | "jwt"), []) if auth => Some(forms::claims()),
            (None, []) if first.as_str() == "now" => Some(Expr::Now),
            (None, [value, prefix]) if first.as_str() == "starts_with" => {
                let (value, pattern) = (Box::new(value.clone()), Box::new(prefix.clone()));
                Some(Expr::Matches { form: TextForm::StartsWith, value, pattern })
            }
            _ => None,
        }
    }

    /// A column: without a name in front of its own table, or else of the innermost one that has it.
    fn column(&self, first: &Ident, second: Option<&Ident>) -> Option<Expr> {
        let (alias, column) = match second {
            Some(column) => (Some(first), column),
            None => (None, first),
        };
        let found = self.scope.iter().rev().enumerate().find(|(_, (name, table))| {
            let has =
                self.words.names.table(table).is_some_and(|it| it.fields.contains_key(column));
            alias.map_or(has, |alias| alias == name && has)
        });
        let (up, (_, table)) = found?;
        let field = self.words.names.table(table)?.fields.get(column)?.clone();
        Some(Expr::Column(ColumnRef { up, field }))
    }
}

/// All or any of the operands; one stays what it is.
pub(super) fn joined(mut operands: Vec<Expr>, and: bool) -> Expr {
    if operands.len() == 1 {
        return operands.remove(0);
    }
    let flat = operands.into_iter().flat_map(|operand| match (operand, and) {
        (Expr::And(inner), true) | (Expr::Or(inner), false) => inner,
        (operand, _) => vec![operand],
    });
    let flat = flat.collect();
    if and { Expr::And(flat) } else { Expr::Or(flat) }
}
