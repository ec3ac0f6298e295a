//! Chances that a number seeds, on proptest's generator.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

pub struct Dice(TestRng);

/// The generator that a seed stands for: the same on every machine.
pub fn seeded(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

impl Dice {
    pub fn new(random: TestRng) -> Self {
        Dice(random)
    }

    /// Less than `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % end as u64).unwrap()
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    pub fn any<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.below(of.len())].clone())
    }

    /// At most so many of them, each once, in any order.
    pub fn some<T: Clone>(&mut self, of: &[T], most: usize) -> Vec<T> {
        let mut left = of.to_vec();
        let count = self.below(most + 1).min(left.len());
        (0..count).map(|_| left.remove(self.below(left.len()))).collect()
    }
}
