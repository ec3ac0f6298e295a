//! Lookups in other tables: `EXISTS`, membership in what a SELECT gives, and both behind a function that
//! reads past policies.

use super::forms;
use super::parser::{Parser, joined};
use super::tokens::Tokens;
use crate::lex::TokenKind;
use crate::model::{CompareOp, Expr, Ident, Literal, QualifiedName};

impl<'a> Parser<'a> {
    /// `SELECT rls_private.f() AS f`, which gives the rows of a lookup as an array.
    pub(super) fn listed_past_policies(&mut self, value: &Expr) -> Option<Expr> {
        let start = self.tokens.at;
        let found = self.list_of_function(value);
        if found.is_none() {
            self.tokens.at = start;
        }
        found
    }

    fn list_of_function(&mut self, value: &Expr) -> Option<Expr> {
        if !self.tokens.take("select") {
            return None;
        }
        let (schema, _) = (self.tokens.name()?, self.tokens.sign('.').then_some(())?);
        let name = QualifiedName::new(schema, self.tokens.name()?);
        let called = self.tokens.sign('(') && self.tokens.sign(')');
        if called && self.tokens.take("as") {
            self.tokens.name()?;
        }
        let mut body = self.body(&name, Vec::new())?;
        let opens = body.tokens.take("array") && body.tokens.sign('(');
        let lookup = opens.then(|| body.select(Some(value.clone())))??;
        let closed = body.tokens.sign(')') && body.is_done();
        (called && closed).then(|| Expr::Definer(Box::new(lookup)))
    }

    /// `rls_private.f(a)`, which says whether there is a row.
    pub(super) fn answered_past_policies(
        &self,
        name: &QualifiedName,
        arguments: Vec<Expr>,
    ) -> Option<Expr> {
        let mut body = self.body(name, arguments)?;
        let lookup = body.any()?;
        let found = body.is_done() && matches!(lookup, Expr::Exists { .. });
        found.then(|| Expr::Definer(Box::new(lookup)))
    }

    /// A reader of what a function asks, behind its SELECT. It sees no table from outside.
    fn body(&self, name: &QualifiedName, arguments: Vec<Expr>) -> Option<Parser<'a>> {
        let text = self.words.lookups.get(name)?;
        let mut tokens = Tokens::of(text)?;
        let scope = Vec::new();
        tokens.take("select").then_some(Parser { tokens, words: self.words, scope, arguments })
    }

    /// `ARRAY( SELECT m.team_id FROM .. )`, `SELECT m.team_id FROM ..`, or a list of values.
    pub(super) fn looked_up_in(&mut self, value: Expr) -> Option<Expr> {
        let array = self.tokens.take("array") && self.tokens.sign('(');
        if self.tokens.word() == Some("select") {
            let lookup = self.select(Some(value))?;
            return (!array || self.tokens.sign(')')).then_some(lookup);
        }
        if array {
            return None;
        }
        let start = self.tokens.at;
        let first = self.operation()?;
        // One operand behind ANY is a container.
        if self.tokens.peek(0) == Some(&TokenKind::Punctuation(')')) {
            let (container, value) = (Box::new(first), Box::new(value));
            return Some(Expr::Contains { container, value });
        }
        self.tokens.at = start;
        let mut list = vec![self.operation()?];
        while self.tokens.sign(',') {
            list.push(self.operation()?);
        }
        Some(Expr::In { value: Box::new(value), list })
    }

    /// `SELECT column FROM table alias WHERE ..`: that a row of it fulfils the filter and, where a value is
    /// given, that its column equals that.
    pub(super) fn select(&mut self, value: Option<Expr>) -> Option<Expr> {
        if !self.tokens.take("select") {
            return None;
        }
        let output = self.tokens.at;
        while self.tokens.word() != Some("from") {
            self.tokens.peek(0)?;
            self.tokens.at += 1;
        }
        let from = self.tokens.at;
        // What adds up is a row, whether there are rows or not.
        let calls = (output..from).any(|at| self.tokens.is_at(at, '('));
        if value.is_none() && calls {
            return None;
        }
        self.tokens.at += 1;
        let schema = self.tokens.name()?;
        let name = if self.tokens.sign('.') {
            QualifiedName::new(schema, self.tokens.name()?)
        } else {
            QualifiedName::new(Ident::new("public").ok()?, schema)
        };
        let rust_name = self.words.names.table(&name)?.rust_name.clone();
        self.tokens.take("as");
        let next = self.tokens.word().map(str::to_owned);
        let clause = ["where", "offset", "limit", "order", "group", "join"];
        let alias = match next.as_deref() {
            Some(word) if clause.contains(&word) => name.name.clone(),
            Some(_) => self.tokens.name()?,
            None if self.tokens.peek(0)?.name().is_some() => self.tokens.name()?,
            None => name.name.clone(),
        };
        self.scope.push((alias.clone(), name));
        let filter = self.filter(value, output..from);
        self.scope.pop();
        let filter = Box::new(filter?);
        if self.tokens.take("offset") {
            self.tokens.number().filter(|number| number == "0")?;
        }
        let alias = forms::row_name(alias.as_str())?;
        Some(Expr::Exists { table: rust_name, alias, filter })
    }

    fn filter(&mut self, value: Option<Expr>, output: std::ops::Range<usize>) -> Option<Expr> {
        let filter = if self.tokens.take("where") { self.any()? } else { Expr::bool(true) };
        let Some(mut value) = value else { return Some(filter) };
        let end = std::mem::replace(&mut self.tokens.at, output.start);
        let column = self.operation()?;
        let whole = self.tokens.at == output.end;
        self.tokens.at = end;
        forms::deepen(&mut value);
        let same = match value {
            Expr::AuthUid => Expr::compare(CompareOp::Eq, Expr::AuthUid, column),
            value => Expr::compare(CompareOp::Eq, column, value),
        };
        whole.then(|| match filter {
            Expr::Literal(Literal::Bool(true)) => same,
            filter => joined(vec![same, filter], true),
        })
    }
}
