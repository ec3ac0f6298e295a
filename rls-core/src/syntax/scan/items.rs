//! Items that declare something: each is lowered as its derive would, and kept with where it stands. What
//! the compiler may leave out is refused here, for a table that is missed is a hole.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{DeriveInput, ItemFn};

use super::{Doubt, File, Scanned, ScannedObject, ScannedType, byte_range};
use crate::syntax::derives::{derives, rls_attribute};
use crate::syntax::places::source_error;
use crate::syntax::typed::Pending;
use crate::syntax::{
    Ctxt, LoweredType, cfg, lower, lower_enum, lower_function, lower_predicate, lower_sequence,
    lower_type, lower_view, parameters,
};

/// How an item that derives a type is read.
type Lower = fn(&DeriveInput, &Ctxt) -> Option<LoweredType>;

impl File<'_> {
    /// `#[predicate] fn ..`, under conditions that can be decided.
    pub(super) fn predicate(&mut self, input: &ItemFn) {
        if let Some(Doubt { path, range, condition }) = self.doubt.clone() {
            let message = format!(
                "whether the predicate `{}` exists depends on `{condition}`",
                input.sig.ident
            );
            let help = Some("only `cfg(feature = \"..\")` can stand on the way to it".to_owned());
            let error = source_error(&self.scan.sources, path, range, message, help);
            self.scan.errors.push(error);
            return;
        }
        let ctxt = Ctxt::new();
        let lowered = lower_predicate(input, &ctxt);
        self.report(ctxt);
        if let Some(lowered) = lowered {
            let places = lowered.places.into_iter();
            let places = places.map(|tokens| byte_range(tokens, self.offset)).collect();
            let twice = self.scan.predicates.add(lowered.predicate, self.path.clone(), places);
            if twice {
                self.error(
                    &input.sig.ident,
                    "a predicate of this name is declared already",
                    "give one of the two another name",
                );
            }
        } else if let Some(parameters) = parameters(input) {
            self.scan.predicates.add_broken(input.sig.ident.unraw().to_string(), parameters);
        }
    }

    pub(super) fn table(&mut self, mut input: DeriveInput) {
        input.attrs = match cfg::expand(&input.attrs, self.features) {
            Ok(attrs) => attrs,
            Err(attr) => return self.undecidable(&attr),
        };
        let rls = rls_attribute(&input).cloned();
        if derives("Sequence", &input.attrs, rls.is_some()) {
            let found = self.object(&input, lower_sequence);
            return self.scan.sequences.extend(found);
        }
        if derives("Function", &input.attrs, rls.is_some()) {
            let found = self.object(&input, lower_function);
            return self.scan.functions.extend(found);
        }
        // Without a query it is another's.
        if rls.is_some() && derives("View", &input.attrs, true) {
            let found = self.object(&input, lower_view);
            return self.scan.views.extend(found);
        }
        for (derive, lower) in [("PgEnum", lower_enum as Lower), ("PgType", lower_type)] {
            if derives(derive, &input.attrs, rls.is_some()) {
                return self.user_type(&mut input, lower);
            }
        }
        if !derives("Table", &input.attrs, rls.is_some()) {
            if let Some(attr) = rls {
                self.error(
                    attr,
                    "`#[rls(..)]` without `#[derive(Table)]` declares nothing",
                    "derive `Table`, by that name",
                );
            }
            return;
        }
        if let Some(Doubt { path, range, condition }) = self.doubt.clone() {
            let message =
                format!("whether the table of `{}` exists depends on `{condition}`", input.ident);
            let help = "only `cfg(feature = \"..\")` can stand on the way to a table";
            self.scan.errors.push(source_error(
                &self.scan.sources,
                path,
                range,
                message,
                Some(help.to_owned()),
            ));
            return;
        }
        if let Err(attr) = cfg::strip_fields(&mut input, self.features) {
            return self.undecidable(&attr);
        }
        let ctxt = Ctxt::new();
        let lowered = lower(&input, &ctxt);
        self.report(ctxt);
        if let Some(lowered) = lowered {
            let offset = self.offset;
            let table = self.scan.tables.len();
            let pending = lowered.declared.into_iter().map(|(field, ty)| {
                let range = byte_range(ty.ty.to_token_stream(), offset);
                Pending { table, field, ty, range }
            });
            self.scan.pending.extend(pending);
            self.scan.tables.push(Scanned {
                path: self.path.clone(),
                table: lowered.table,
                raw: lowered
                    .raw
                    .iter()
                    .map(|text| (text.value(), byte_range(text.to_token_stream(), offset)))
                    .collect(),
                places: lowered
                    .places
                    .into_iter()
                    .map(|(part, tokens)| (part, byte_range(tokens, offset)))
                    .collect(),
            });
        }
    }

    /// `#[derive(Sequence)] struct ..;` and the like, under conditions that can be decided.
    fn object<T>(
        &mut self,
        input: &DeriveInput,
        lower: impl Fn(&DeriveInput, &Ctxt) -> Option<T>,
    ) -> Option<ScannedObject<T>> {
        if let Some(Doubt { path, range, condition }) = self.doubt.clone() {
            let message = format!("whether `{}` exists depends on `{condition}`", input.ident);
            let help = Some("only `cfg(feature = \"..\")` can stand on the way to it".to_owned());
            let error = source_error(&self.scan.sources, path, range, message, help);
            self.scan.errors.push(error);
            return None;
        }
        let ctxt = Ctxt::new();
        let lowered = lower(input, &ctxt);
        self.report(ctxt);
        let range = byte_range(input.ident.to_token_stream(), self.offset);
        let path = self.path.clone();
        lowered.map(|declared| ScannedObject { path, range, declared })
    }

    /// `#[derive(PgEnum)] enum ..` and `#[derive(PgType)] struct ..`
    fn user_type(&mut self, input: &mut DeriveInput, lower: Lower) {
        if let Some(Doubt { path, range, condition }) = self.doubt.clone() {
            let message = format!("whether `{}` exists depends on `{condition}`", input.ident);
            let help = Some("only `cfg(feature = \"..\")` can stand on the way to it".to_owned());
            let error = source_error(&self.scan.sources, path, range, message, help);
            return self.scan.errors.push(error);
        }
        if let Err(attr) = cfg::strip_fields(input, self.features) {
            return self.undecidable(&attr);
        }
        let ctxt = Ctxt::new();
        let lowered = lower(input, &ctxt);
        self.report(ctxt);
        let range = byte_range(input.ident.to_token_stream(), self.offset);
        let (path, offset) = (self.path.clone(), self.offset);
        let found =
            lowered.map(|lowered| ScannedType { path, range, lowered, offset, typed: None });
        if found.is_none() {
            self.scan.mistaken_types.insert(input.ident.unraw().to_string());
        }
        self.scan.types.extend(found);
    }
}
