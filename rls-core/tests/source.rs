//! What is written as source and read again is what it was written from, and rustfmt has nothing to add.

#![cfg(all(feature = "source", feature = "scan"))]
#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use rls_core::model::*;
use rls_core::resolve::Declared;
use rls_core::source::write;
use rls_core::syntax::scan::{Features, Scan, scan};

fn workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

#[track_caller]
fn scanned(path: &Path) -> Declared {
    let scan = scan(&[path.to_owned()], &Features::new());
    assert!(scan.errors.is_empty(), "{:#?}", scan.errors);
    declared(scan)
}

fn declared(scan: Scan) -> Declared {
    Declared {
        tables: scan.tables.into_iter().map(|scanned| scanned.table).collect(),
        sequences: scan.sequences.into_iter().map(|scanned| scanned.declared).collect(),
        types: scan.types.into_iter().flat_map(|scanned| scanned.typed.unwrap().types).collect(),
        functions: scan.functions.into_iter().map(|scanned| scanned.declared).collect(),
        ..Declared::default()
    }
}

/// Writes it, reads it again, and lets rustfmt look at it.
#[track_caller]
fn comes_back(name: &str, declared: &Declared) -> String {
    let text = write(declared, "A test.").text;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("source_{name}.rs"));
    std::fs::write(&path, &text).unwrap();
    let again = scan(std::slice::from_ref(&path), &Features::new());
    assert!(again.errors.is_empty(), "{:#?}\n{text}", again.errors);
    let again = self::declared(again);
    assert_eq!(again.sequences, declared.sequences, "{text}");
    assert_eq!(each(&again), each(declared), "{text}");
    assert_eq!(again.functions, declared.functions, "{text}");
    for (again, table) in again.tables.iter().zip(&declared.tables) {
        assert_eq!(again, table, "{text}");
    }
    assert_eq!(again.tables.len(), declared.tables.len());
    for settings in ["use_small_heuristics=Default", "use_small_heuristics=Max"] {
        let rustfmt = Command::new("rustfmt")
            .args(["--check", "--edition", "2024", "--config", settings])
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&rustfmt.stdout);
        assert!(rustfmt.status.success(), "{settings}: {said}");
    }
    text
}

/// Every type once, by name.
fn each(declared: &Declared) -> BTreeMap<&QualifiedName, &DeclaredType> {
    let all = declared.tables.iter().flat_map(|table| &table.types).chain(&declared.types);
    all.map(|declared| (&declared.ty.name, declared)).collect()
}

/// Without what only people write: fields that are no columns, predicates by name.
fn as_pulled(mut declared: Declared) -> Declared {
    for table in &mut declared.tables {
        table.skipped.clear();
        let named = |policy: &Policy| {
            let mut nodes = policy.exprs().flat_map(Expr::nodes);
            nodes.any(|node| matches!(node, Expr::Named { .. }))
        };
        // An update that tells the old row from the new is two clauses, and columns have no crud.
        table.table.policies.retain(|_, policy| !named(policy));
    }
    declared
}

#[test]
fn the_gallery_comes_back() {
    let mut gallery = as_pulled(scanned(&workspace("tests/gallery/mod.rs")));
    for table in &mut gallery.tables {
        table.table.policies.retain(|_, policy| {
            !policy.exprs().flat_map(Expr::nodes).any(|node| matches!(node, Expr::Named { .. }))
        });
        let policies = table.table.policies.clone();
        table.policy_columns.retain(|name, _| policies.contains_key(name));
    }
    // A database does not know what its things were called before.
    gallery.tables.iter_mut().for_each(|table| table.renames = Renames::default());
    let of_tables = gallery.tables.iter_mut().flat_map(|table| &mut table.types);
    of_tables.chain(&mut gallery.types).for_each(|ty| ty.renames = Renames::default());
    comes_back("gallery", &gallery);
}

#[test]
fn the_examples_come_back() {
    for example in ["todos", "saas"] {
        let path = workspace(&format!("examples/{example}/src/lib.rs"));
        let mut declared = as_pulled(scanned(&path));
        for table in &mut declared.tables {
            let policies = table.table.policies.clone();
            table.policy_columns.retain(|name, _| policies.contains_key(name));
            table.implied_checks.retain(|name| policies.contains_key(name));
            table.comments.retain(|on, _| match on {
                Commented::Policy(_, name) => policies.contains_key(name),
                _ => true,
            });
        }
        comes_back(example, &declared);
    }
}

fn id(name: &str) -> Ident {
    Ident::new(name).unwrap()
}

#[test]
fn every_name_and_text_comes_back() {
    let nasty = [
        "a",
        "type",
        "self",
        "Self",
        "ownerId",
        "owner id",
        "über",
        "日本語",
        "quo\"te",
        "back\\slash",
        "it's",
        "a.b",
        "1st",
        "select",
        "\u{202e}turned",
        "_",
        "ünïcödé_ünïcödé_ünïcödé_ünïcödé",
        "x23456789012345678901234567890123456789012345678901234567890123",
    ];
    let mut tables = Vec::new();
    for (at, name) in nasty.iter().enumerate() {
        let qualified = QualifiedName::new(id("My \"Schema\""), id(name));
        let mut table: Table = Table::new(qualified.clone(), RowSecurity::Enabled);
        let mut fields = Vec::new();
        for (at, name) in nasty.iter().enumerate() {
            let text = format!("{name}\n--\t'\"# */ \\");
            table.columns.push(Column {
                default: Some(Expr::Literal(Literal::Text(text))),
                ..Column::new(id(name), PgType::parse("text").unwrap())
            });
            fields.push(format!("field_{at}"));
        }
        for name in nasty {
            let index = Index::btree([id(name), id("a")].into_iter().take(1 + at % 2));
            table.indexes.insert(
                id(&format!("{:.55} {at}", name.replace(|c: char| !c.is_ascii(), "?"))),
                index,
            );
            let sql = Expr::Sql(format!("'{}' <> $x$\"#\"##$x$", name.replace('\'', "''")));
            table
                .checks
                .insert(id(name), Check { expr: sql, no_inherit: false, not_valid: at % 2 == 0 });
        }
        let mut declared = DeclaredTable::from(table);
        declared.rust_name = format!("Table{at}");
        declared.fields = fields;
        let comments = ["One line.", "two\nlines", " space ", "*/ \"# '", "* star", "", "日本語"];
        for (comment, column) in
            comments.iter().zip(nasty).filter(|(comment, _)| !comment.is_empty())
        {
            let on = Commented::Column(qualified.clone(), id(column));
            declared.comments.insert(on, (*comment).to_owned());
        }
        tables.push(declared);
    }
    comes_back("names", &Declared { tables, ..Declared::default() });
}

/// Settings of extensions have two words, bodies have lines, and one without arguments says so where
/// rustfmt would lay it out otherwise.
#[test]
fn functions_come_back() {
    let settings = [("app.who", "it's \"x\""), ("r.type", "a, b"), ("search_path", "")];
    let bodies = ["", "a", "a\nb", "\nbegin\n\treturn '\"#';   \r\nend\n", "\u{202e}\\"];
    let mut functions = Vec::new();
    for (at, body) in bodies.iter().enumerate() {
        for settings in [&settings[..], &settings[..at % 3]] {
            let mut attributes = Attributes::of(id("plpgsql"));
            attributes.settings = settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]))
                .collect();
            let ty = if settings.is_empty() { "text" } else { "pg_catalog.trigger" };
            functions.push(DeclaredFunction {
                function: Function {
                    name: QualifiedName::new(id("public"), id(&format!("f{}", functions.len()))),
                    arguments: Vec::new(),
                    returns: Returns::Value(PgType::parse(ty).unwrap()),
                    attributes,
                    body: Body::Text((*body).to_owned()),
                },
                owner: (at == 2).then(|| id("Front Desk")),
                grants: Vec::new(),
                comment: (at == 1).then(|| "What it does.".to_owned()),
                allowed: Vec::new(),
            });
        }
    }
    let text = comes_back("functions", &Declared { functions, ..Declared::default() });
    assert!(text.contains("set(app::who = "), "{text}");
    assert!(text.contains("arguments = [],"), "{text}");
}
