//! Enums, domains, composite types and newtypes as tokens.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use rls_core::model::{
    Attribute, Composite, DeclaredType, Domain, DomainCheck, EnumType, TypeForm, UserType,
};
use rls_core::syntax::{Ctxt, LoweredForm, LoweredType, RustType};
use syn::DeriveInput;
use syn::spanned::Spanned;

use crate::expand::{ident, map, option, pg_type, qualified};
use crate::expr::expr;
use crate::fallback::derived;
use crate::rename;
use crate::sequence::commented;

/// `impl Typed for ..`, of what `lower` makes of the item.
pub(crate) fn expand(
    input: &DeriveInput,
    lower: fn(&DeriveInput, &Ctxt) -> Option<LoweredType>,
) -> TokenStream {
    let signature = quote!(typed() -> ::rls_schema::model::TypedAs);
    derived(input, lower, &quote!(Typed), &signature, |lowered| body(&lowered.form))
}

fn body(form: &LoweredForm) -> TokenStream {
    match form {
        LoweredForm::Own { declared, parts } => {
            let declared = self::declared(declared);
            let parts = parts.iter().map(|(at, ty)| {
                let ty = typed(ty);
                quote!(.with_part(#at, #ty))
            });
            quote!(p::TypedAs::declared(#declared) #(#parts)*)
        }
        LoweredForm::Inner(ty) => {
            let ty = pg_type(ty);
            quote!(p::TypedAs { ty: #ty, types: p::vec![] })
        }
        LoweredForm::InnerDeclared(ty) => typed(ty),
    }
}

/// What a Rust type says that it is. Where it says nothing, the compiler blames it.
pub(crate) fn typed(rust: &RustType) -> TokenStream {
    let RustType { ty, name: _, array } = rust;
    let typed = quote_spanned!(ty.span()=> <#ty as ::rls_schema::Typed>::typed());
    if *array { quote!(#typed.in_array(true)) } else { typed }
}

fn declared(declared: &DeclaredType) -> TokenStream {
    let DeclaredType { ty: UserType { name, form }, owner, comments, renames } = declared;
    let renames = rename::renames(renames);
    let (name, owner) = (qualified(name), option(owner.as_ref().map(ident)));
    let form = match form {
        TypeForm::Enum(EnumType { values }) => {
            quote!(Enum(p::EnumType { values: p::vec![#(p::String::from(#values)),*] }))
        }
        TypeForm::Domain(domain) => {
            let domain = self::domain(domain);
            quote!(Domain(#domain))
        }
        TypeForm::Composite(Composite { attributes }) => {
            let attributes = attributes.iter().map(|Attribute { name, ty, collation }| {
                let (name, ty) = (ident(name), pg_type(ty));
                let collation = option(collation.as_ref().map(qualified));
                quote!(p::Attribute { name: #name, ty: #ty, collation: #collation })
            });
            quote!(Composite(p::Composite { attributes: p::vec![#(#attributes),*] }))
        }
    };
    let comments = comments.iter().map(|(on, text)| {
        let on = commented(on);
        quote!((#on, p::String::from(#text)))
    });
    quote! {
        p::DeclaredType {
            ty: p::UserType { name: #name, form: p::TypeForm::#form },
            owner: #owner,
            comments: p::BTreeMap::from([#(#comments),*]),
            renames: #renames,
        }
    }
}

fn domain(domain: &Domain) -> TokenStream {
    let Domain { base, collation, not_null, default, checks } = domain;
    let base = pg_type(base);
    let collation = option(collation.as_ref().map(qualified));
    let default = option(default.as_ref().map(expr));
    let checks = map(checks, |DomainCheck { expr: condition, not_valid }| {
        let condition = expr(condition);
        quote!(p::DomainCheck { expr: #condition, not_valid: #not_valid })
    });
    quote! {
        p::Domain {
            base: #base,
            collation: #collation,
            not_null: #not_null,
            default: #default,
            checks: #checks,
        }
    }
}
