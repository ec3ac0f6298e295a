//! Which files are read.

use crate::support::{NEON, Project, TODOS};
use crate::{mistake, table, tables};

#[test]
fn modules_are_followed_wherever_they_are() {
    let project = Project::empty();
    project.write("rls.toml", NEON);
    let root =
        "pub mod a;\nmod dir;\n#[path = \"odd name.rs\"]\nmod odd;\nmod inline { mod deep; }\n";
    project.write("src/lib.rs", format!("{root}fn f() {{ {} }}", table("InFunction")));
    project.write("src/a.rs", format!("mod b;\nmod inner {{ {} }}", table("Inside")));
    project.write("src/a/b.rs", table("B"));
    project.write("src/dir/mod.rs", "mod r#type;");
    project.write("src/dir/type.rs", table("Keyword"));
    project.write("src/odd name.rs", table("Odd"));
    project.write("src/inline/deep.rs", table("Deep"));
    project.write("src/not_named.rs", table("NotNamed"));
    assert_eq!(tables(&project), 6);
    let sql = project.run(&["sql"]).exits(0).out;
    for name in ["in_function", "inside", "b", "keyword", "odd", "deep"] {
        assert!(sql.contains(&format!("CREATE TABLE public.{name} (")), "{name}: {sql}");
    }
}

#[test]
fn source_names_the_files_to_read() {
    let project =
        Project::new("provider = \"neon\"\nsource = [\"db/a.rs\", \"b.rs\"]\n", "not Rust");
    project.write("db/a.rs", table("A"));
    project.write("b.rs", table("B"));
    assert_eq!(tables(&project), 2);
    project.write("rls.toml", "provider = \"neon\"\nsource = [\"gone.rs\"]\n");
    assert!(mistake(&project).1.contains("cannot read the file"));
}

#[test]
fn cargo_knows_roots_and_features() {
    let project = Project::new(NEON, &table("InSchema"));
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
        [lib]\npath = \"lib/root.rs\"\n[features]\ndefault = [\"on\"]\non = [\"deep\"]\ndeep = []\noff = []\n";
    project.write("Cargo.toml", manifest);
    let gated = |name: &str| format!("#[cfg(feature = \"{name}\")]\n{}", table(name));
    project.write("lib/root.rs", format!("{}{}", gated("deep"), gated("off")));
    project.write("src/main.rs", format!("mod schema;\nfn main() {{}}\n{}", table("InMain")));
    project.write("tests/t.rs", table("InTest"));
    project.write("build.rs", table("InBuild"));
    assert_eq!(tables(&project), 3);
    project.write("rls.toml", "provider = \"neon\"\nfeatures = [\"off\", \"on\"]");
    assert_eq!(tables(&project), 4);
    project.write("rls.toml", "provider = \"neon\"\nfeatures = []");
    assert_eq!(tables(&project), 2);
}

#[test]
fn a_module_that_two_roots_share_is_read_once() {
    let project = Project::empty();
    project.write("rls.toml", NEON);
    project.write("src/schema.rs", table("Shared"));
    project.write("src/lib.rs", "mod schema;");
    project.write("src/main.rs", "mod schema;");
    assert_eq!(tables(&project), 1);
    project.write("src/main.rs", "#[path = \"../src/schema.rs\"]\nmod schema;");
    assert_eq!(tables(&project), 1);
}

#[test]
fn a_manifest_that_cargo_refuses_is_an_error() {
    let project = Project::new(NEON, TODOS);
    project.write("Cargo.toml", "nonsense");
    project.run(&["check"]).exits(1).says("cargo metadata failed");
    project.run(&["check", "--json"]).exits(1).says("cargo metadata failed").json();
    project.write("Cargo.toml", "[workspace]\nmembers = []");
    project.both(&["check"]).0.exits(1).says("workspace without a package").says("--project DIR");
}

#[test]
fn nothing_to_read_and_nothing_declared_are_errors() {
    let project = Project::empty();
    project.write("rls.toml", NEON);
    project.both(&["check"]).0.exits(1).says("nothing to read").says("src/schema.rs");
    project.write("src/main.rs", "fn main() {}");
    for command in ["check", "sql", "generate", "diff"] {
        project.both(&[command]).0.exits(1).says("no struct derives `Table` in src/main.rs");
    }
}

#[test]
fn features_decide_and_tests_are_not_the_program() {
    let schema = format!(
        "#[cfg(feature = \"billing\")]\nmod billing {{ {} }}\n#[cfg(test)]\nmod tests {{ {} }}\n\
         #[cfg_attr(feature = \"billing\", derive(Table))]\npub struct Gated {{ pub id: i64 }}\n{}",
        table("Invoice"),
        table("InTest"),
        table("Always"),
    );
    let project = Project::new(NEON, &schema);
    assert_eq!(tables(&project), 1);
    project.write("rls.toml", "provider = \"neon\"\nfeatures = [\"billing\"]");
    assert_eq!(tables(&project), 3);
}

#[test]
fn what_only_the_compiler_knows_is_an_error_where_it_hides_a_table() {
    let project = Project::new(NEON, &format!("{}#[cfg(unix)]\nmod unix;\n", table("A")));
    project.write("src/unix.rs", "pub struct Plain;");
    assert_eq!(tables(&project), 1);
    project.write("src/unix.rs", table("Hidden"));
    let (place, message) = mistake(&project);
    assert_eq!(place, "src/schema.rs:3:1");
    assert!(message.contains("`Hidden`") && message.contains("cfg(unix)"), "{message}");
    let schema = "#[derive(Table)]\npub struct A {\n    pub id: i64,\n    #[cfg(windows)]\n    pub path: String,\n}";
    assert_eq!(mistake(&Project::new(NEON, schema)).0, "src/schema.rs:4:5");
}

#[test]
fn a_table_in_a_macro_is_an_error() {
    let rules = format!(
        "{}\nmacro_rules! table {{ () => {{ #[derive(Table)] #[rls(table = \"a\")] struct A {{ id: i64 }} }} }}",
        table("A")
    );
    let (place, message) = mistake(&Project::new(NEON, &rules));
    assert_eq!(place, "src/schema.rs:4:1");
    assert!(message.contains("macro"), "{message}");
    let call = "wrap! { #[derive(Debug, rls_schema::Table)]\n#[rls(table = \"a\")] struct A { id: i64 } }\n";
    assert_eq!(mistake(&Project::new(NEON, call)).0, "src/schema.rs:1:1");
}

#[test]
fn an_included_table_is_not_passed_over() {
    let project = Project::new(NEON, &format!("{}include!(\"more.rs\");", table("A")));
    project.write("src/more.rs", table("B"));
    let run = project.run(&["check"]);
    assert!(run.code == 1 || run.out.contains("2 tables"), "{run}");
}
