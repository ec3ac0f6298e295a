//! A table as a struct.

use super::attribute::{self, Code, Item};
use super::file::File;
use super::object::{self, called, counting, documented, grant, owned, string, switch};
use super::{constraint, declare, expression, names, policy, rust_type, trigger};
use crate::model::{
    Column, Commented, DeclaredTable, Expr, Generated, Ident, Identity, RowSecurity, Sequence,
};

/// The struct, under its attributes.
pub(super) fn write(declared: &DeclaredTable, file: &mut File) -> String {
    file.import("rls_schema", "Table");
    let table = &declared.table;
    let placed = constraint::place(declared);
    let mut items = called("table", &table.name, &declared.rust_name);
    items.extend(switches(declared));
    items.extend(placed.table);
    for (name, trigger) in &table.triggers {
        let on = Commented::Trigger(table.name.clone(), name.clone());
        let field = |column: &Ident| names::field(declared, column);
        let comment = declared.comments.get(&on);
        items.push(trigger::write(name, trigger, &table.name.schema, field, comment));
    }
    items.extend(policy::items(declared));
    items.extend(declared.owner.as_ref().map(owned));
    let field = |column: &Ident| names::field(declared, column);
    items.extend(declared.grants.iter().map(|granted| grant(granted, field)));
    items.extend(declared.allowed.iter().map(policy::allow));
    let comment = declared.comments.get(&Commented::Table(table.name.clone()));
    let documentation = documented(comment, 0, &mut items);
    let attributes = attribute::write(items, 0);
    let mut source = format!("{documentation}#[derive(Table)]\n{attributes}");
    source += &format!("pub struct {} {{\n", declared.rust_name);
    let columns = table.columns.iter().zip(&declared.fields).zip(placed.fields);
    for ((column, field), placed) in columns {
        source += &self::field(column, field, placed, declared, file);
    }
    source + "}\n"
}

fn switches(declared: &DeclaredTable) -> Vec<Item> {
    let mut items = Vec::new();
    let open = declared.table.row_security == RowSecurity::Disabled;
    items.extend(open.then(|| switch("row_security", false)));
    items.extend(declared.force.map(|force| switch("force", force)));
    items.extend((!declared.policy_indexes).then(|| switch("policy_indexes", false)));
    items
}

fn field(
    column: &Column,
    field: &str,
    placed: Vec<Item>,
    declared: &DeclaredTable,
    file: &mut File,
) -> String {
    let mut items = Vec::new();
    if column.name.as_str() != field {
        items.push(string("column", column.name.as_str()));
    }
    let ty = rust_type::of(&column.ty, column.nullable, file);
    if !ty.exact {
        items.push(string("sql_type", &column.ty.to_string()));
    }
    items.extend(
        column
            .collation
            .as_ref()
            .map(|collation| Item::Value("collation", Code::literal(names::of_catalog(collation)))),
    );
    let key = |item: &Item| matches!(item, Item::Flag("primary_key"));
    let (key, placed): (Vec<_>, Vec<_>) = placed.into_iter().partition(key);
    items.extend(key);
    items.extend(filled(column, declared));
    items.extend(placed);
    let name = declared.table.name.clone();
    let comment = declared.comments.get(&Commented::Column(name, column.name.clone()));
    let documentation = documented(comment, 4, &mut items);
    let attributes = attribute::write(items, 4);
    format!("{documentation}{attributes}{}", object::field(field, &ty.text))
}

/// What fills a column without being asked.
fn filled(column: &Column, declared: &DeclaredTable) -> Option<Item> {
    if let Some(identity) = column.identity {
        return Some(self::identity(column, identity).in_brackets());
    }
    if let Some(Generated { expr, stored }) = &column.generated {
        let code = expression::code(expr);
        return Some(if *stored {
            Item::Value("generated", code)
        } else {
            Item::List("generated", vec![Item::Bare(code), Item::Bare(Code::other("virtual"))])
        });
    }
    let default = column.default.as_ref()?;
    let own = declared
        .sequences
        .iter()
        .find(|sequence| sequence.owner.as_ref().is_some_and(|owner| owner.column == column.name));
    if let Some(sequence) = own {
        return Some(serial(sequence, column, declared).in_brackets());
    }
    let code = match counted(default) {
        Some(name) => {
            Code::other(format!("next({})", names::qualified(&name, &declared.table.name.schema)))
        }
        None => expression::code(default),
    };
    Some(Item::Value("default", code))
}

/// The sequence that a default is the next number of, and nothing else.
fn counted(default: &Expr) -> Option<crate::model::QualifiedName> {
    let Expr::Sql(sql) = default else { return None };
    let sql = crate::model::Sql::new(sql.as_str());
    let public = Ident::literal("public");
    let name = crate::policy::grants::counted_with(&sql, &public)?;
    (declare::next_of(&name) == sql).then_some(name)
}

fn identity(column: &Column, identity: Identity) -> Item {
    let name = column.sequence.iter().map(|name| string("sequence", name.as_str()));
    let options: Vec<_> = name.chain(counting(&column.numbering)).collect();
    match (identity, options.is_empty()) {
        (Identity::ByDefault, true) => Item::Flag("identity"),
        (Identity::Always, true) => Item::Value("identity", Code::other("always")),
        (identity, false) => {
            let always = (identity == Identity::Always).then_some(Item::Flag("always"));
            Item::List("identity", always.into_iter().chain(options).collect())
        }
    }
}

fn serial(sequence: &Sequence, column: &Column, declared: &DeclaredTable) -> Item {
    let table = &declared.table.name.name;
    let usual = Ident::shortened(&format!("{table}_{}_seq", column.name)).ok();
    let name = (usual.as_ref() != Some(&sequence.name.name))
        .then(|| string("name", sequence.name.name.as_str()));
    let options: Vec<_> = name.into_iter().chain(counting(&sequence.options)).collect();
    if options.is_empty() { Item::Flag("serial") } else { Item::List("serial", options) }
}
