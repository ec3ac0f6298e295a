//! What the compiler says to each mistake a user can make, by kind. Every case must fail, and the
//! message must stand at the mistake: one message for each.

#[test]
fn every_mistake_is_told_at_its_token() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
