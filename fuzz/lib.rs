//! What every target has in common: a property of `rls-core/tests/fuzz`, tried on one text.

#[path = "../rls-core/tests/fuzz/properties.rs"]
pub mod properties;

pub use libfuzzer_sys;
use properties::Verdict;

/// As much as the command line has for reading source.
const STACK: usize = 1 << 30;

/// Panics where the property does not hold of the text.
pub fn hold(property: fn(&str) -> Verdict, text: &str) {
    let text = text.to_owned();
    let tried = std::thread::Builder::new().stack_size(STACK).spawn(move || property(&text));
    match tried.expect("a thread").join() {
        Ok(Ok(_)) => {}
        Ok(Err(why)) => panic!("{why}"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// A target: one of [`properties`].
#[macro_export]
macro_rules! target {
    ($property:ident) => {
        $crate::libfuzzer_sys::fuzz_target!(|text: &str| {
            $crate::hold($crate::properties::$property, text)
        });
    };
}
