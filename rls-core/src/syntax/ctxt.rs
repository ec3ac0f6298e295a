//! Collects errors, so that one run tells all of them.

use std::cell::RefCell;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// A mistake in a declaration: where, what, and what to write instead.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The first token at fault.
    pub start: Span,
    /// The last token at fault.
    pub end: Span,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// The errors found so far.
#[derive(Debug, Default)]
pub struct Ctxt {
    diagnostics: RefCell<Vec<Diagnostic>>,
}

impl Ctxt {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records a mistake at `tokens`.
    pub(crate) fn error(&self, tokens: impl ToTokens, message: impl Into<String>) {
        self.push(tokens, message.into(), None);
    }

    /// Records a mistake at `tokens`, with what to write instead.
    pub(crate) fn error_help(
        &self,
        tokens: impl ToTokens,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(tokens, message.into(), Some(help.into()));
    }

    /// Records what `syn` could not parse.
    pub(crate) fn syn_error(&self, error: syn::Error) {
        for error in error {
            self.diagnostics.borrow_mut().push(Diagnostic {
                start: error.span(),
                end: error.span(),
                message: error.to_string(),
                help: None,
            });
        }
    }

    fn push(&self, tokens: impl ToTokens, message: String, help: Option<String>) {
        let mut spans = tokens.into_token_stream().into_iter().map(|token| token.span());
        let start = spans.next().unwrap_or_else(Span::call_site);
        let end = spans.last().unwrap_or(start);
        self.diagnostics.borrow_mut().push(Diagnostic { start, end, message, help });
    }

    /// How many mistakes were found so far: what follows from one is not told again.
    pub(crate) fn count(&self) -> usize {
        self.diagnostics.borrow().len()
    }

    /// Everything found, in the order of finding.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics.into_inner()
    }
}

impl Diagnostic {
    /// The message and the help in one sentence.
    pub fn sentence(&self) -> String {
        match &self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message.clone(),
        }
    }

    /// The mistake as the compiler reports it.
    pub fn to_compile_error(&self) -> TokenStream {
        // `syn` puts the message at everything from the first token to the last.
        let ends = [self.start, self.end].map(|span| TokenTree::from(Ident::new("_at", span)));
        let tokens = TokenStream::from_iter(ends);
        syn::Error::new_spanned(tokens, self.sentence()).to_compile_error()
    }
}
