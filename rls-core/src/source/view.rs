//! Views as structs without fields, whose columns go by their own names.

use super::attribute::{self, Code, Item};
use super::constraint::{in_calls, index_items, named_after};
use super::file::File;
use super::names::{self, Structs};
use super::object::{called, documented, grant, owned, string};
use super::{expression, policy, text, trigger};
use crate::model::{
    CheckOption, Commented, DeclaredView, Ident, Index, IndexKey, IndexValue, QualifiedName, Sql,
    View, ViewKind,
};

/// All of them.
pub(super) fn write_all(
    views: &[DeclaredView],
    structs: &mut Structs,
    file: &mut File,
) -> Vec<String> {
    let mut write = |declared: &DeclaredView| {
        file.import("rls_schema", "View");
        write(declared, &structs.called(&declared.view.name, "View"))
    };
    views.iter().map(&mut write).collect()
}

fn write(declared: &DeclaredView, rust_name: &str) -> String {
    let DeclaredView { view, owner, grants, comments, allowed } = declared;
    let mut items = called("view", &view.name, rust_name);
    items.extend(options(view));
    if !view.columns.is_empty() {
        let columns = view.columns.iter().map(names::column).collect();
        items.push(Item::Value("columns", Code::array(columns)));
    }
    items.extend(view.indexes.iter().map(|(own, index)| self::index(own, index, declared)));
    for (own, item) in &view.triggers {
        let on = Commented::Trigger(view.name.clone(), own.clone());
        let (schema, comment) = (&view.name.schema, comments.get(&on));
        items.push(trigger::write(own, item, schema, names::column, comment));
    }
    items.extend(comments.iter().filter_map(|(on, text)| match on {
        Commented::Column(_, column) => Some(self::column(column, text)),
        _ => None,
    }));
    items.extend(owner.as_ref().map(owned));
    items.extend(grants.iter().map(|granted| grant(granted, names::column)));
    items.extend(allowed.iter().map(policy::allow));
    let documentation = documented(comments.get(&view.commented()), 0, &mut items);
    items.push(Item::Value("query", query(&view.query)));
    let attributes = attribute::write(items, 0);
    format!("{documentation}#[derive(View)]\n{attributes}pub struct {rust_name};\n")
}

/// What it is, where that is not what goes without saying.
fn options(view: &View) -> Vec<Item> {
    let mut items = Vec::new();
    match view.kind {
        ViewKind::Materialized => items.push(Item::Flag("materialized")),
        ViewKind::Plain if view.security_invoker => {}
        ViewKind::Plain => items.push(Item::Value("security_invoker", Code::literal("false"))),
    }
    items.extend(view.security_barrier.then_some(Item::Flag("security_barrier")));
    let check = match view.check_option {
        CheckOption::None => None,
        CheckOption::Local => Some("local"),
        CheckOption::Cascaded => Some("cascaded"),
    };
    items.extend(check.map(|check| Item::Value("check_option", Code::other(check))));
    items
}

/// On lines of its own it is none of the literals whose lines rustfmt would move.
fn query(query: &Sql) -> Code {
    let text = query.as_str();
    if text.contains('\n') {
        Code::other(expression::raw(text))
    } else {
        Code::literal(text::literal(text))
    }
}

fn column(column: &Ident, comment: &str) -> Item {
    let name = Item::Value("name", Code::other(names::column(column)));
    Item::List("column", vec![name, string("comment", comment)])
}

fn index(own: &Ident, index: &Index<Sql>, declared: &DeclaredView) -> Item {
    let view = &declared.view.name;
    let usual = Ident::shortened(&format!("{}_{}_idx", view.name, named_after(&index.keys))).ok();
    let called = (usual.as_ref() != Some(own)).then_some(own);
    let keys = index.keys.iter().map(key).collect();
    let mut items = vec![Item::Value("columns", Code::array(keys))];
    let code = |sql: &Sql| Code::other(expression::raw(sql.as_str().trim()));
    items.extend(index_items(called, index, names::column, code));
    let on = Commented::Index(QualifiedName::new(view.schema.clone(), own.clone()));
    items.extend(declared.comments.get(&on).map(|text| string("comment", text)));
    Item::List("index", items)
}

fn key(key: &IndexKey<Sql>) -> String {
    let code = match &key.value {
        IndexValue::Column(column) => names::column(column),
        IndexValue::Expr(sql) => expression::raw(sql.as_str().trim()),
    };
    in_calls(code, key)
}
