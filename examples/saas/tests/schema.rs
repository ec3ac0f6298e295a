//! The SQL of the declaration, kept as a snapshot: who may do what, as the server will be told.

use rls_schema::{Provider, Settings};

#[test]
fn the_sql_is_as_reviewed() -> Result<(), Box<dyn std::error::Error>> {
    let schema = saas::declare(Settings::new(Provider::Neon)).build()?;
    insta::assert_snapshot!(schema.to_sql());
    Ok(())
}
