//! Which indexes make the policies of a table lookups, and which of them are there.
//!
//! Read off optimized predicates. Of the policy's own table, in USING: each alternative of the
//! predicate by itself, and in it the columns that have to equal something that is the same for every
//! row. Of a table that is looked into, in either gate: the columns that have to equal something,
//! those that belong to the request first, so that one index serves the list of USING and the probe
//! of WITH CHECK; then the column that the lookup gives, which makes the index hold all it takes.
//! WITH CHECK asks for no index on the policy's own table, whose row it has in hand.

use std::collections::{BTreeMap, BTreeSet};

use super::optimize::Gate;
use super::term::{Column, Term};
use crate::model::{CompareOp, DeclaredTable, Ident, Index, QualifiedName, Sql, Table, TypeFamily};

/// An index that a predicate is fast with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexNeed {
    /// The table it belongs on.
    pub table: QualifiedName,
    /// Its columns, in order.
    pub columns: Vec<Ident>,
    /// How many of them are searched by; those behind are only read.
    pub searched: usize,
    /// What it is for.
    pub why: String,
    /// What serves it.
    pub served: Served,
}

/// What serves a need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    /// The table's primary key.
    PrimaryKey,
    /// A UNIQUE constraint.
    Unique(Ident),
    /// A declared index.
    Index(Ident),
    /// An index that is made for it.
    Created(Ident),
    /// Nothing: the table is not declared, or makes no indexes for policies.
    Missing,
}

/// What an optimized predicate of a table asks for, none of it served yet.
pub(crate) fn needs(table: &QualifiedName, gate: Gate, predicate: &Term) -> Vec<IndexNeed> {
    let mut needs = Vec::new();
    if gate == Gate::Using {
        for alternative in alternatives(predicate) {
            let columns = searched(alternative, false);
            add(
                &mut needs,
                table,
                columns,
                None,
                "the rows that a request may see have one value there",
            );
        }
    }
    for (node, _) in predicate.nodes() {
        let Some(lookup) = node.lookup() else { continue };
        let (output, why) = match node {
            Term::Member { output, .. } => {
                (Some(output), "the rows that belong to a request are read from it")
            }
            _ => (None, "a lookup searches it once for each row"),
        };
        for alternative in alternatives(&lookup.filter) {
            let columns = of_lookup(alternative);
            add(&mut needs, &lookup.table, columns, output, why);
        }
    }
    needs
}

fn add(
    needs: &mut Vec<IndexNeed>,
    table: &QualifiedName,
    mut columns: Vec<Ident>,
    output: Option<&Column>,
    why: &str,
) {
    let searched = columns.len();
    if searched == 0 {
        return;
    }
    columns.extend(output.map(|column| column.name.clone()).filter(|name| !columns.contains(name)));
    let need = IndexNeed {
        table: table.clone(),
        columns,
        searched,
        why: why.to_owned(),
        served: Served::Missing,
    };
    if !needs.contains(&need) {
        needs.push(need);
    }
}

fn alternatives(term: &Term) -> &[Term] {
    match term {
        Term::Or(terms) => terms,
        other => std::slice::from_ref(other),
    }
}

/// Columns with values that belong to the request come first.
fn of_lookup(filter: &Term) -> Vec<Ident> {
    let mut columns = searched(filter, false);
    let correlated = searched(filter, true).into_iter().filter(|name| !columns.contains(name));
    columns.extend(correlated.collect::<Vec<_>>());
    columns
}

/// The columns of the innermost table that have to equal something: a value from a row further out,
/// or one that is the same for every row.
fn searched(term: &Term, correlated: bool) -> Vec<Ident> {
    let conjuncts = match term {
        Term::And(terms) => terms.as_slice(),
        other => std::slice::from_ref(other),
    };
    // What is compared with a constant is the same for every request, and often for many rows.
    let (constant, of_request): (Vec<_>, Vec<_>) =
        conjuncts.iter().partition(|conjunct| compares_constants(conjunct));
    let in_order = of_request.into_iter().chain(constant);
    let mut columns = Vec::new();
    for name in in_order.filter_map(|conjunct| searched_by(conjunct, correlated)) {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    columns
}

fn compares_constants(conjunct: &Term) -> bool {
    let constant = |term: &Term| matches!(term, Term::Constant(_));
    match conjunct {
        Term::Compare { left, right, .. } => constant(left) || constant(right),
        Term::In { list, .. } => list.iter().all(constant),
        _ => false,
    }
}

fn searched_by(conjunct: &Term, correlated: bool) -> Option<&Ident> {
    let fits = |value: &Term| !value.reads(0) && value.reads_outside() == correlated;
    match conjunct {
        Term::Compare { op: CompareOp::Eq, left, right } if fits(right) => own_column(left),
        Term::Compare { op: CompareOp::Eq, left, right } if fits(left) => own_column(right),
        Term::Any { value, array } if fits(array) => own_column(value),
        Term::In { value, list } if list.iter().all(fits) => own_column(value),
        Term::Member { value, lookup, .. } if !correlated && !lookup.filter.reads_beyond(1) => {
            own_column(value)
        }
        Term::AnyOfCall { value, .. } if !correlated => own_column(value),
        _ => None,
    }
}

/// A column that is worth an index: half of all rows are true.
fn own_column(term: &Term) -> Option<&Ident> {
    match term {
        Term::Column(Column { up: 0, name, ty, .. }) => {
            let boolean = ty.as_ref().is_some_and(|ty| ty.family() == TypeFamily::Boolean);
            (!boolean).then_some(name)
        }
        _ => None,
    }
}

/// What is made for needs: by table, the indexes to add.
pub(crate) type Created = BTreeMap<QualifiedName, BTreeMap<Ident, Index<Sql>>>;

/// Decides which indexes to make, the longest first, for a longer one serves shorter needs too.
pub(crate) fn create<'a>(
    tables: &BTreeMap<QualifiedName, DeclaredTable>,
    needs: impl Iterator<Item = &'a IndexNeed>,
) -> Created {
    let mut needs: Vec<_> = needs.collect();
    needs.sort_by(|one, other| {
        let length = other.columns.len().cmp(&one.columns.len());
        length.then_with(|| (&one.table, &one.columns).cmp(&(&other.table, &other.columns)))
    });
    let mut taken: BTreeSet<QualifiedName> = tables.values().flat_map(relations).collect();
    let mut created = Created::new();
    for need in needs {
        let Some(declared) = tables.get(&need.table) else { continue };
        if !declared.policy_indexes || served(need, Some(declared), &created) != Served::Missing {
            continue;
        }
        let Some(name) = free_name(need, &taken) else { continue };
        taken.insert(QualifiedName::new(need.table.schema.clone(), name.clone()));
        let index = Index::btree(need.columns.iter().cloned());
        created.entry(need.table.clone()).or_default().insert(name, index);
    }
    created
}

/// Tables, indexes and the indexes behind keys share one name space in each schema.
fn relations(DeclaredTable { table, .. }: &DeclaredTable) -> Vec<QualifiedName> {
    let keys = table.primary_key.iter().map(|key| &key.name).chain(table.uniques.keys());
    let names = keys.chain(table.indexes.keys()).chain([&table.name.name]);
    names.map(|name| QualifiedName::new(table.name.schema.clone(), name.clone())).collect()
}

/// `table_column_column_idx`, with a number where that is taken.
fn free_name(need: &IndexNeed, taken: &BTreeSet<QualifiedName>) -> Option<Ident> {
    let columns: Vec<_> = need.columns.iter().map(Ident::as_str).collect();
    let wanted = format!("{}_{}_idx", need.table.name, columns.join("_"));
    let numbered = (2..).map(|number| format!("{wanted}{number}"));
    let mut names = std::iter::once(wanted.clone()).chain(numbered);
    names.find_map(|name| {
        let name = Ident::shortened(&name).ok()?;
        let free = !taken.contains(&QualifiedName::new(need.table.schema.clone(), name.clone()));
        free.then_some(name)
    })
}

/// What serves a need: an index that begins with one of the columns that are searched by. One column
/// mostly leaves few rows, and a second index that begins alike would cost each write.
pub(crate) fn served(
    need: &IndexNeed,
    declared: Option<&DeclaredTable>,
    created: &Created,
) -> Served {
    let serves = |columns: &[Ident]| {
        columns.first().is_some_and(|first| need.columns[..need.searched].contains(first))
    };
    let Some(DeclaredTable { table, .. }) = declared else { return Served::Missing };
    if table.primary_key.as_ref().is_some_and(|key| serves(&key.columns)) {
        return Served::PrimaryKey;
    }
    if let Some((name, _)) = table.uniques.iter().find(|(_, unique)| serves(&unique.columns)) {
        return Served::Unique(name.clone());
    }
    let indexed = |columns: Option<Vec<Ident>>| columns.is_some_and(|columns| serves(&columns));
    if let Some((name, _)) = table.indexes.iter().find(|(_, index)| indexed(index.plain_columns()))
    {
        return Served::Index(name.clone());
    }
    let mut made = created.get(&need.table).into_iter().flatten();
    let found = made.find(|(_, index)| indexed(index.plain_columns()));
    found.map_or(Served::Missing, |(name, _)| Served::Created(name.clone()))
}

/// The columns with which an index, or the index behind a key, begins.
pub(crate) fn leading<E>(table: &Table<E>, created: &Created) -> BTreeSet<Ident> {
    let primary_key = table.primary_key.iter().map(|key| key.columns.clone());
    let uniques = table.uniques.values().map(|key| key.columns.clone());
    let indexes = table.indexes.values().filter_map(Index::plain_columns);
    let made = created.get(&table.name).into_iter().flat_map(BTreeMap::values);
    primary_key
        .chain(uniques)
        .chain(indexes)
        .chain(made.filter_map(Index::plain_columns))
        .filter_map(|columns| columns.into_iter().next())
        .collect()
}
