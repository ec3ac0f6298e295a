//! What was applied is pulled, and what was pulled is what is there: read as source and put together, it
//! leaves nothing to do; and it is Rust, of which the derives make what was read, laid out as it would be.

use std::path::{Path, PathBuf};
use std::process::Command;

use rls_core::provider::Provider;
use rls_core::pull::{self, Pulled, Request};
use rls_core::syntax::scan::{Features, Scan, scan};

use super::compiled;
use super::draft::Draft;
use super::pair::Way;
use super::repair::repair;
use super::world::{World, read_back};

impl World {
    /// Makes the first schema of a way, and pulls it. Returns the source.
    pub async fn pull(&mut self, way: &Way) -> Result<String, String> {
        let first = declarable(&way.first);
        self.make(&first.schema).await?;
        let schemas = first.schema.namespaces.clone();
        let request = Request { schemas, provider: Some(Provider::Postgres) };
        let Pulled { settings, source, .. } = match pull::pull(&mut self.used, &request).await {
            Err(pull::Error::Nothing) => return Ok(String::new()),
            pulled => pulled.map_err(|error| format!("pulling: {error}"))?,
        };
        let scanned = read(&source.text);
        let resolved = scanned.resolve(&settings).map_err(|errors| {
            let said: Vec<_> = errors.iter().map(|error| format!("{}\n", error.message)).collect();
            format!("{}in:\n{}", said.concat(), source.text)
        })?;
        let left = read_back(&mut self.used, &resolved.schema).await;
        left.map_err(|why| format!("{why}\nof:\n{}\n{settings:#?}", source.text))?;
        Ok(source.text)
    }
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("roundtrip").join(name)
}

fn read(source: &str) -> Scan {
    let path = scratch("pulled.rs");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, source).unwrap();
    scan(&[path], &Features::new())
}

/// That sources are Rust, of which the derives make what is read off them.
pub fn compile(sources: &[String]) {
    let named = |(at, source): (usize, &String)| (format!("schema_{at}"), source.clone());
    let modules: Vec<_> = sources.iter().enumerate().map(named).collect();
    let mut print = String::new();
    let mut expected = String::new();
    for (name, source) in &modules {
        let scanned = read(source);
        let tables = scanned.tables.iter().map(|it| format!("{:?}", it.table));
        let sequences = scanned.sequences.iter().map(|it| format!("{:?}", it.declared));
        let functions = scanned.functions.iter().map(|it| format!("{:?}", it.declared));
        let views = scanned.views.iter().map(|it| format!("{:?}", it.declared));
        for said in tables.chain(sequences).chain(functions).chain(views) {
            expected += &format!("{said}\n");
        }
        for kind in ["Table", "Sequence", "Function", "View"] {
            let all = compiled::items(source).into_iter();
            for (_, item) in all.filter(|(derived, _)| *derived == kind) {
                let method = kind.to_lowercase();
                print += &format!(
                    "    println!(\"{{:?}}\", <{name}::{item} as rls_schema::{kind}>::{method}());\n"
                );
            }
        }
    }
    let main = format!("use pulled_schema::*;\n\nfn main() {{\n{print}}}\n");
    let root = scratch("crate");
    let printed = compiled::run(&root, &modules, &main);
    for (printed, expected) in printed.lines().zip(expected.lines()) {
        assert_eq!(printed, expected);
    }
    assert_eq!(printed.lines().count(), expected.lines().count());
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--check", "--edition", "2024"]);
    rustfmt.args(modules.iter().map(|(name, _)| root.join(format!("src/{name}.rs"))));
    let done = rustfmt.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
}

/// Without the lookups of policies that no source declares: they come of what is said otherwise.
fn declarable(draft: &Draft) -> Draft {
    let mut draft = draft.clone();
    draft.schema.functions.retain(|routine, _| !routine.is_private());
    repair(&mut draft);
    draft
}
