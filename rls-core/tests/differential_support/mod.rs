//! Random predicates, and tables to ask them of.

pub mod data;
pub mod generate;
pub mod random;
