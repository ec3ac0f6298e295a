//! The SQL of the declaration, kept as a snapshot: a review shows what a change to the struct does
//! to the database.

use rls_schema::{Provider, Schema, Settings};
use todos::Todo;

#[test]
fn the_sql_is_as_reviewed() -> Result<(), Box<dyn std::error::Error>> {
    let schema = Schema::declare(Settings::new(Provider::Neon)).table::<Todo>().build()?;
    insta::assert_snapshot!(schema.to_sql());
    Ok(())
}

#[test]
fn the_build_script_compiles_the_same() -> Result<(), Box<dyn std::error::Error>> {
    let schema = Schema::declare(Settings::new(Provider::Neon)).table::<Todo>().build()?;
    assert_eq!(todos::SCHEMA_SQL, schema.to_sql());
    Ok(())
}
