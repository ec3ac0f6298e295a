//! Source becomes a program: a crate of its own that depends on the facade and on what such source may
//! name, built without a warning, and run.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Builds and runs `main` in `root`, with each module under its name. Returns what it prints.
#[track_caller]
pub fn run(root: &Path, modules: &[(String, String)], main: &str) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Cargo.toml", &manifest(&workspace));
    // The versions that are there, for nothing is fetched.
    write("Cargo.lock", &fs::read_to_string(workspace.join("Cargo.lock")).unwrap());
    write("decimal/Cargo.toml", DECIMAL);
    write("decimal/src/lib.rs", "pub struct Decimal;\n");
    let mut library = "#![deny(warnings, clippy::all)]\n\n".to_owned();
    for (name, source) in modules {
        library += &format!("pub mod {name};\n");
        write(&format!("src/{name}.rs"), source);
    }
    write("src/lib.rs", &library);
    write("src/main.rs", main);
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(root).args(["run", "--offline", "--quiet", "--target-dir"]);
    cargo.arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    // What is said for the crate under test is not said of this one.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(name);
    }
    let done = cargo.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}\n{}", root.display());
    String::from_utf8(done.stdout).unwrap()
}

/// The structs and enums of a source, each with what it derives.
pub fn items(source: &str) -> Vec<(&str, &str)> {
    let mut derived = "";
    let mut items = Vec::new();
    for line in source.lines() {
        if let Some(derive) = line.strip_prefix("#[derive(").and_then(|it| it.strip_suffix(")]")) {
            derived = derive;
        }
        if let Some(item) = line.strip_prefix("pub struct ").or(line.strip_prefix("pub enum ")) {
            items.push((derived, item.split(|c: char| !c.is_alphanumeric()).next().unwrap()));
        }
    }
    items
}

/// The crates are those of the workspace, with the features that are built there.
fn manifest(workspace: &Path) -> String {
    format!(
        "[package]\nname = \"pulled-schema\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         chrono = {{ version = \"0.4\", default-features = false, features = [\"clock\"] }}\n\
         rls-schema = {{ path = {:?} }}\n\
         rust_decimal = {{ path = \"decimal\" }}\n\
         serde_json = \"1\"\n\
         uuid = {{ version = \"1\", default-features = false }}\n",
        workspace.canonicalize().unwrap()
    )
}

/// The workspace has no `rust_decimal`, and the derive goes by the name.
const DECIMAL: &str = "[package]\nname = \"rust_decimal\"\nedition = \"2024\"\n";
