//! What the CLI reads from source is what the compiler makes of it: scanned model == derived model,
//! for every example and for a gallery that uses all of the grammar.

mod gallery;
mod owned;
mod raw_names;

use std::path::PathBuf;

use rls_core::model::DeclaredTable;
use rls_core::syntax::scan::{Features, scan};
use rls_schema::{Function, Sequence, Table, Typed, View};

fn scanned(path: &str) -> Vec<DeclaredTable> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    let scan = scan(&[root], &Features::new());
    assert!(scan.errors.is_empty(), "{:?}", scan.errors);
    scan.tables.into_iter().map(|scanned| scanned.table).collect()
}

#[test]
fn the_example_todos() {
    assert_eq!(scanned("examples/todos/src/lib.rs"), [todos::Todo::table()]);
}

#[test]
fn the_example_saas() {
    let derived = [
        saas::AuditEntry::table(),
        saas::Document::table(),
        saas::Member::table(),
        saas::Organization::table(),
        saas::Project::table(),
        saas::ProjectMember::table(),
        saas::Share::table(),
    ];
    assert_eq!(scanned("examples/saas/src/lib.rs"), derived);
}

#[test]
fn the_gallery() {
    let derived = [
        gallery::EveryType::table(),
        gallery::Post::table(),
        gallery::Label::table(),
        gallery::Document::table(),
        gallery::Team::table(),
        gallery::Member::table(),
        gallery::Order::table(),
        gallery::Room::table(),
        gallery::Booking::table(),
        gallery::Other::table(),
        gallery::Happening::table(),
        gallery::Measure::table(),
        gallery::Visit::table(),
        gallery::Choice::table(),
        gallery::Person::table(),
    ];
    assert_eq!(scanned("tests/gallery/mod.rs"), derived);
}

#[test]
fn sequences_of_the_gallery() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/gallery/mod.rs");
    let found: Vec<_> = scan(&[root], &Features::new()).sequences.into_iter().collect();
    let found: Vec<_> = found.into_iter().map(|scanned| scanned.declared).collect();
    assert_eq!(found, [gallery::OrderNumber::sequence(), gallery::Ticket::sequence()]);
}

#[test]
fn types_of_the_gallery() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/gallery/mod.rs");
    let found = scan(&[root], &Features::new()).types.into_iter();
    let found: Vec<_> = found.map(|scanned| scanned.typed.unwrap()).collect();
    let derived = [
        gallery::Mood::typed(),
        gallery::Level::typed(),
        gallery::Email::typed(),
        gallery::Amount::typed(),
        gallery::GoodMood::typed(),
        gallery::Address::typed(),
        gallery::PersonId::typed(),
        gallery::UserId::typed(),
        gallery::Tagged::<gallery::Person>::typed(),
    ];
    assert_eq!(found, derived);
}

#[test]
fn functions_of_the_gallery() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/gallery/mod.rs");
    let found: Vec<_> = scan(&[root], &Features::new()).functions.into_iter().collect();
    let found: Vec<_> = found.into_iter().map(|scanned| scanned.declared).collect();
    let derived = [
        gallery::Touch::function(),
        gallery::OpenPosts::function(),
        gallery::Twice::function(),
        gallery::CleanUp::function(),
        gallery::AllPosts::function(),
    ];
    assert_eq!(found, derived);
}

#[test]
fn views_of_the_gallery() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/gallery/mod.rs");
    let found: Vec<_> = scan(&[root], &Features::new()).views.into_iter().collect();
    let found: Vec<_> = found.into_iter().map(|scanned| scanned.declared).collect();
    let derived =
        [gallery::NumberedRooms::view(), gallery::RoomCounts::view(), gallery::OpenRooms::view()];
    assert_eq!(found, derived);
}

#[test]
fn raw_names() {
    let derived = [raw_names::Paper::table(), raw_names::Kind::table()];
    assert_eq!(scanned("tests/raw_names/mod.rs"), derived);
    let settings = rls_core::Settings::new(rls_core::Provider::Neon);
    rls_core::resolve::resolve(derived.to_vec(), &settings).unwrap();
}

#[test]
fn owners() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/owned/mod.rs");
    let found = scan(&[root], &Features::new());
    assert!(found.errors.is_empty(), "{:?}", found.errors);
    let types: Vec<_> = found.types.iter().map(|scanned| scanned.typed.clone().unwrap()).collect();
    assert_eq!(types, [owned::Mood::typed(), owned::Word::typed(), owned::Pair::typed()]);
    assert_eq!(found.sequences[0].declared, owned::Number::sequence());
    assert_eq!(found.functions[0].declared, owned::Two::function());
    assert_eq!(found.tables[0].table, owned::Thing::table());
    assert_eq!(found.views[0].declared, owned::One::view());
    let of_types = types.iter().map(|typed| typed.types.last().and_then(|ty| ty.owner.as_ref()));
    let of_others = [
        found.sequences[0].declared.owner.as_ref(),
        found.functions[0].declared.owner.as_ref(),
        found.tables[0].table.owner.as_ref(),
        found.views[0].declared.owner.as_ref(),
    ];
    let owners: Vec<_> = of_types.chain(of_others).map(|owner| owner.unwrap().as_str()).collect();
    assert_eq!(
        owners,
        ["app_owner", "App Owner", "app_owner", "app_owner", "App Owner", "type", "app_owner"]
    );
}
