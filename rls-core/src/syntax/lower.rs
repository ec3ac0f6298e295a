//! A declared struct becomes a table of the model.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{DeriveInput, LitStr};

use super::decl::{self, Decl, Field};
use super::grant::GrantDecl;
use super::lower_constraint::Lowering;
use super::predicate::{self, Parsed, Scope};
use super::rust_type::RustType;
use super::{Ctxt, column as columns, grant, lower_partition, lower_policy, rename};
use crate::model::{
    BaseType, Column, Commented, DeclaredGrant, DeclaredTable, Expr, Generated, Ident, IndexValue,
    PgType, QualifiedName, RowSecurity, Sequence, SequenceOwner, Table, usual_name,
};
use crate::policy::compile::Site;
use crate::policy::link::{self, Shape, ShapeColumn};
use crate::policy::optimize::Gate;
use crate::render;
use crate::resolve::Part;

/// A table with the places in the source that later messages point at.
pub struct Lowered {
    /// The table, as complete as its mistakes allow.
    pub table: DeclaredTable,
    /// What later rules may find fault with, and where it stands.
    pub places: BTreeMap<Part, TokenStream>,
    /// The fields whose types are declared elsewhere.
    pub declared: Vec<(String, RustType)>,
    /// The `sql("..")` in it, to be parsed in full by those who have a parser.
    pub raw: Vec<LitStr>,
}

/// Reads a struct with `#[derive(Table)]`. Mistakes go to `ctxt`; none is returned where it is no
/// table at all.
pub fn lower(input: &DeriveInput, ctxt: &Ctxt) -> Option<Lowered> {
    let decl = decl::read(input, ctxt)?;
    let columns: Vec<_> = decl.fields.iter().filter(|field| !field.skip).collect();
    duplicate_columns(&columns, ctxt);
    let scope = Scope::of_table(shape(&decl, &columns));
    let mut places = BTreeMap::from([(Part::Table, decl.ident.to_token_stream())]);
    for field in &columns {
        places.insert(Part::Column(field.column.clone()), field.ident.to_token_stream());
    }
    places.extend(decl.was.iter().map(|was| (Part::Was, was.at.to_token_stream())));
    for (at, (_, meta)) in decl.allowed.iter().enumerate() {
        places.insert(Part::Allow(at), meta.to_token_stream());
    }
    for (at, grant) in decl.grants.iter().enumerate() {
        places.insert(Part::Grant(at), grant.meta.to_token_stream());
        for (role, tokens) in &grant.roles {
            places.insert(Part::Grantee(at, role.clone()), tokens.to_token_stream());
        }
    }
    let grants = grants(&decl.grants, &scope, ctxt);
    let lowered = lower_policy::policies(&decl, &scope, &mut places, ctxt);
    let renames = rename::renames(&decl, lowered.policies.keys(), ctxt);
    let mut table = Table {
        columns: columns
            .iter()
            .map(|field| column(field, &decl, &scope, &mut places, ctxt))
            .collect(),
        policies: lowered.policies,
        ..Table::new(
            decl.name.clone(),
            if decl.row_security { RowSecurity::Enabled } else { RowSecurity::Disabled },
        )
    };
    let mut comments = comments(&decl, &columns);
    let mut partitions = BTreeMap::new();
    let lowering = Lowering {
        decl: &decl,
        scope: &scope,
        places: &mut places,
        ctxt,
        comments: &mut comments,
        partitions: &mut partitions,
    };
    lowering.run(&mut table);
    let table = DeclaredTable {
        rust_name: decl.ident.unraw().to_string(),
        fields: columns.iter().map(|field| field.field.clone()).collect(),
        skipped: skipped(&decl).map(str::to_owned).collect(),
        policy_indexes: decl.policy_indexes,
        force: decl.force,
        policy_columns: lowered.columns,
        implied_checks: lowered.implied_checks,
        allowed: decl.allowed.iter().map(|(allowed, _)| allowed.clone()).collect(),
        types: Vec::new(),
        sequences: columns.iter().filter_map(|field| own_sequence(&decl.name, field)).collect(),
        partitions,
        owner: decl.owner.clone(),
        grants,
        comments,
        renames,
        table,
    };
    let declared = columns
        .iter()
        .filter_map(|field| Some((field.field.clone(), field.declared.clone()?)))
        .collect();
    Some(Lowered { table, places, declared, raw: scope.raw.into_inner() })
}

impl Lowered {
    /// The expression at a site.
    pub fn expression(&self, site: &Site) -> Option<&Expr> {
        let table = &self.table.table;
        match site {
            Site::Policy(name, Gate::Using) => table.policies.get(name)?.using.as_ref(),
            Site::Policy(name, Gate::Check) => table.policies.get(name)?.with_check.as_ref(),
            Site::Default(name) => table.column(name)?.default.as_ref(),
            Site::Generated(name) => Some(&table.column(name)?.generated.as_ref()?.expr),
            Site::Check(name) => Some(&table.checks.get(name)?.expr),
            Site::IndexKey(name, at) => {
                let of_index = table.indexes.get(name).and_then(|index| index.keys.get(*at));
                let of_exclusion = || Some(&table.exclusions.get(name)?.elements.get(*at)?.key);
                match &of_index.or_else(of_exclusion)?.value {
                    IndexValue::Expr(expr) => Some(expr),
                    IndexValue::Column(_) => None,
                }
            }
            Site::IndexPredicate(name) => {
                let of_index = table.indexes.get(name).and_then(|index| index.predicate.as_ref());
                of_index.or_else(|| table.exclusions.get(name)?.predicate.as_ref())
            }
            Site::PartitionKey(of, at) => lower_partition::key(table, of, *at),
        }
    }
}

/// The table as its own expressions see it.
fn shape<'a>(decl: &'a Decl<'_>, columns: &[&'a Field<'_>]) -> Shape<'a> {
    Shape {
        rust_name: decl.rust_name.as_str(),
        table: &decl.name,
        columns: columns
            .iter()
            .map(|field| ShapeColumn {
                field: &field.field,
                name: &field.column,
                ty: field.ty.as_ref(),
                nullable: field.nullable,
            })
            .collect(),
        skipped: skipped(decl).collect(),
        // They are brought along when all of them are known.
        types: &[],
    }
}

fn skipped<'a>(decl: &'a Decl<'_>) -> impl Iterator<Item = &'a str> {
    decl.fields.iter().filter(|field| field.skip).map(|field| field.field.as_str())
}

fn duplicate_columns(fields: &[&Field<'_>], ctxt: &Ctxt) {
    for (at, field) in fields.iter().enumerate() {
        if let Some(other) = fields[..at].iter().find(|other| other.column == field.column) {
            ctxt.error_help(
                field.ident,
                format!("column `{}` is already that of the field `{}`", field.column, other.field),
                "give one of the two another name with `column = \"..\"`",
            );
        }
        // Postgres keeps these names for its own columns of every table.
        const SYSTEM: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];
        if SYSTEM.contains(&field.column.as_str()) {
            ctxt.error_help(
                field.ident,
                format!("every table has a system column `{}` already", field.column),
                "give the column another name with `column = \"..\"`",
            );
        }
    }
}

fn column(
    field: &Field<'_>,
    decl: &Decl<'_>,
    scope: &Scope<'_>,
    places: &mut BTreeMap<Part, TokenStream>,
    ctxt: &Ctxt,
) -> Column {
    // The mistake is reported; the table goes on to find others.
    let ty = field.ty.clone().unwrap_or_else(|| PgType::plain(BaseType::Text));
    let numbered = field.identity.as_ref();
    let options = numbered.map(|numbered| numbered.options.as_kept(&ty.base));
    // Whoever says the name that Postgres gives anyway has said nothing.
    let usual = usual_name(decl.name.name.as_str(), Some(field.column.as_str()), "seq");
    let sequence = numbered.and_then(|numbered| numbered.sequence.clone());
    Column {
        collation: field.collation.clone(),
        nullable: field.nullable,
        default: default(field, decl, scope, places, ctxt),
        identity: numbered.map(|numbered| numbered.kind),
        numbering: options.unwrap_or_default(),
        sequence: sequence.filter(|name| name.as_str() != usual),
        generated: generated(field, decl, scope, places, ctxt),
        ..Column::new(field.column.clone(), ty)
    }
}

fn default(
    field: &Field<'_>,
    decl: &Decl<'_>,
    scope: &Scope<'_>,
    places: &mut BTreeMap<Part, TokenStream>,
    ctxt: &Ctxt,
) -> Option<Expr> {
    if let Some(sequence) = own_sequence(&decl.name, field) {
        return Some(Expr::Sql(render::next_of(&sequence.name).as_str().to_owned()));
    }
    let rust = field.default.as_ref()?;
    if let Some(sequence) = columns::next(rust, &decl.name.schema, ctxt) {
        return Some(Expr::Sql(render::next_of(&sequence?).as_str().to_owned()));
    }
    let Parsed { expr, spans } = predicate::parse(rust, scope, ctxt)?;
    let own = scope.own.as_ref()?;
    let (_, problems) = link::default(&expr, field.ty.as_ref(), own);
    let sound = problems.is_empty();
    spans.report(problems, ctxt);
    for (node, at) in spans.in_order().into_iter().enumerate() {
        places.insert(Part::Expr(Site::Default(field.column.clone()), node), at);
    }
    sound.then_some(expr)
}

fn generated(
    field: &Field<'_>,
    decl: &Decl<'_>,
    scope: &Scope<'_>,
    places: &mut BTreeMap<Part, TokenStream>,
    ctxt: &Ctxt,
) -> Option<Generated> {
    let from = field.generated.as_ref()?;
    let Parsed { expr, spans } = predicate::parse(&from.expr, scope, ctxt)?;
    let own = scope.own.as_ref()?;
    let (_, mut problems) = link::generated(&expr, field.ty.as_ref(), own);
    for (node, part) in expr.nodes().enumerate() {
        let Expr::Column(column) = part else { continue };
        let read = decl.fields.iter().find(|other| other.field == column.field);
        if read.is_some_and(|other| other.generated.is_some()) {
            let message = format!("`{}` is generated, and none is made of another", column.field);
            let help = Some("write out what that one is computed from".to_owned());
            problems.push(link::Problem { node, message, help });
        }
    }
    let sound = problems.is_empty();
    spans.report(problems, ctxt);
    for (node, at) in spans.in_order().into_iter().enumerate() {
        places.insert(Part::Expr(Site::Generated(field.column.clone()), node), at);
    }
    sound.then_some(Generated { expr, stored: from.stored })
}

/// The sequence of a serial column, under the name that Postgres would give.
pub(super) fn own_sequence(table: &QualifiedName, field: &Field<'_>) -> Option<Sequence> {
    let serial = field.serial.as_ref()?;
    let usual = || usual_sequence(&table.name, &field.column);
    // One that is declared elsewhere is filled in when it is known.
    let ty = match &field.declared {
        Some(_) => PgType::plain(BaseType::BigInt),
        None => field.ty.clone().filter(columns::countable)?,
    };
    let owner = SequenceOwner { table: table.clone(), column: field.column.clone() };
    Some(Sequence {
        name: QualifiedName::new(table.schema.clone(), serial.name.clone().or_else(usual)?),
        options: serial.options.as_kept(&ty.base),
        ty,
        owner: Some(owner),
    })
}

/// What it is called by itself.
pub(super) fn usual_sequence(table: &Ident, column: &Ident) -> Option<Ident> {
    Ident::shortened(&format!("{table}_{column}_seq")).ok()
}

/// Privileges by name, with the columns that their fields are.
pub(super) fn grants(read: &[GrantDecl], scope: &Scope<'_>, ctxt: &Ctxt) -> Vec<DeclaredGrant> {
    let of_fields = |grant: &GrantDecl| {
        let columns = lower_policy::columns(&grant.columns, scope, ctxt);
        grant.declared(columns.unwrap_or_default())
    };
    let declared: Vec<_> = read.iter().map(of_fields).collect();
    grant::twice(read, &declared, ctxt);
    declared
}

fn comments(decl: &Decl<'_>, columns: &[&Field<'_>]) -> BTreeMap<Commented, String> {
    let table = decl.comment.clone().map(|text| (Commented::Table(decl.name.clone()), text));
    let columns = columns.iter().filter_map(|field| {
        let column = Commented::Column(decl.name.clone(), field.column.clone());
        Some((column, field.comment.clone()?))
    });
    let policies = decl.policies.iter().filter_map(|policy| {
        let name = Commented::Policy(decl.name.clone(), policy.name.clone());
        Some((name, policy.comment.clone()?))
    });
    let triggers = decl.triggers.iter().filter_map(|trigger| {
        let name = Commented::Trigger(decl.name.clone(), trigger.name.clone());
        Some((name, trigger.comment.clone()?))
    });
    table.into_iter().chain(columns).chain(policies).chain(triggers).collect()
}
