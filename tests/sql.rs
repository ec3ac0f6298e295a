//! The SQL of the gallery, kept as snapshots: for each provider, and with the guide's blanket
//! grants.

#[path = "gallery/mod.rs"]
mod gallery;

use rls_schema::model::Ident;
use rls_schema::{Grants, Provider, Schema, Settings};

fn sql(provider: Provider, grants: Grants) -> Result<String, Box<dyn std::error::Error>> {
    let mut roles = vec![Ident::new("Front Desk")?];
    if provider != Provider::Neon {
        roles.push(Ident::new("anonymous")?);
    }
    if provider == Provider::Postgres {
        roles.push(Ident::new("authenticated")?);
    }
    let declared = Schema::declare(Settings { grants, roles, ..Settings::new(provider) })
        .table::<gallery::Post>()
        .table::<gallery::EveryType>()
        .table::<gallery::Label>()
        .table::<gallery::Team>()
        .table::<gallery::Member>()
        .table::<gallery::Room>()
        .table::<gallery::Booking>()
        .table::<gallery::Other>()
        .table::<gallery::Person>()
        .table::<gallery::Happening>()
        .table::<gallery::Measure>()
        .table::<gallery::Visit>()
        .table::<gallery::Choice>()
        .sequence::<gallery::OrderNumber>()
        .sequence::<gallery::Ticket>()
        .function::<gallery::Touch>()
        .function::<gallery::OpenPosts>()
        .function::<gallery::Twice>()
        .function::<gallery::CleanUp>()
        .function::<gallery::AllPosts>()
        .view::<gallery::NumberedRooms>()
        .view::<gallery::RoomCounts>()
        .view::<gallery::OpenRooms>();
    // Its columns are granted one by one, and the blanket form grants all.
    let declared = match grants {
        Grants::Policies => declared.table::<gallery::Document>().table::<gallery::Order>(),
        Grants::Schema | Grants::Declared => declared,
    };
    Ok(declared.build()?.to_sql())
}

#[test]
fn for_neon() -> Result<(), Box<dyn std::error::Error>> {
    insta::assert_snapshot!(sql(Provider::Neon, Grants::Policies)?);
    Ok(())
}

#[test]
fn for_supabase() -> Result<(), Box<dyn std::error::Error>> {
    insta::assert_snapshot!(sql(Provider::Supabase, Grants::Policies)?);
    Ok(())
}

#[test]
fn for_plain_postgres() -> Result<(), Box<dyn std::error::Error>> {
    insta::assert_snapshot!(sql(Provider::Postgres, Grants::Policies)?);
    Ok(())
}

#[test]
fn with_blanket_grants() -> Result<(), Box<dyn std::error::Error>> {
    insta::assert_snapshot!(sql(Provider::Neon, Grants::Schema)?);
    Ok(())
}

#[test]
fn the_order_of_declaration_does_not_matter() -> Result<(), Box<dyn std::error::Error>> {
    let settings =
        Settings { roles: vec![Ident::new("Front Desk")?], ..Settings::new(Provider::Neon) };
    let declare = || Schema::declare(settings.clone());
    let one = declare().table::<gallery::Post>().table::<gallery::Label>().build()?;
    let other = declare().table::<gallery::Label>().table::<gallery::Post>().build()?;
    assert_eq!(one.to_sql(), other.to_sql());
    Ok(())
}

#[test]
fn a_table_declared_twice_is_refused() {
    let settings = Settings::new(Provider::Neon);
    let twice =
        Schema::declare(settings).table::<gallery::Label>().table::<gallery::Label>().build();
    let errors = twice.map_err(|errors| errors.to_string());
    assert!(errors.is_err_and(|text| text.contains("`public.label` is declared twice")));
}
