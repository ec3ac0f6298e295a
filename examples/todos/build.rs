//! Compiles the declaration to SQL while the crate is built, from source and without a database.

use std::path::PathBuf;
use std::process::ExitCode;

use rls_schema::{Provider, Settings, scan};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=src");
    let settings = Settings::new(Provider::Neon);
    let schema = match scan::schema(&["src/lib.rs".into()], &scan::Features::new(), &settings) {
        Ok(schema) => schema,
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| println!("cargo::error={mistake}"));
            return ExitCode::FAILURE;
        }
    };
    let file = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("schema.sql");
    if let Err(error) = std::fs::write(&file, schema.to_sql()) {
        println!("cargo::error=cannot write {}: {error}", file.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
