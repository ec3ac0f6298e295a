//! The SQL of the declaration, kept as a snapshot: who may do what, as the server will be told.

use rls_schema::{Provider, Schema, Settings};

#[test]
fn the_sql_is_as_reviewed() -> Result<(), Box<dyn std::error::Error>> {
    let schema = saas::declare(Settings::new(Provider::Neon)).build()?;
    insta::assert_snapshot!(schema.to_sql());
    Ok(())
}

#[test]
fn the_migrations_lead_to_what_is_declared() -> Result<(), Box<dyn std::error::Error>> {
    let mut last: serde_json::Value =
        serde_json::from_str(include_str!("../migrations/schema.snapshot.json"))?;
    let last: Schema = serde_json::from_value(last["schema"].take())?;
    let declared = saas::declare(Settings::new(Provider::Neon)).build()?;
    assert_eq!(
        last, declared,
        "`cargo rls generate --project examples/saas` writes what is missing"
    );
    Ok(())
}
