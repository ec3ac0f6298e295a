//! Ways as a strategy of proptest's: made at random, and made smaller part by part.

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::dice::Dice;
use super::pair::{Way, way, without};

#[derive(Debug)]
pub struct Ways {
    pub version: u32,
}

impl Strategy for Ways {
    type Tree = Shrinking;
    type Value = Way;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let mut dice = || Dice::new(runner.new_rng());
        let smallest = way(dice(), [dice(), dice()], self.version);
        Ok(Shrinking { smallest, tried: None, next: 0, shrank: false })
    }
}

pub struct Shrinking {
    /// The smallest that fails.
    smallest: Way,
    /// One that is smaller and may not.
    tried: Option<Way>,
    /// The part to leave out next.
    next: usize,
    shrank: bool,
}

impl Shrinking {
    fn advance(&mut self) -> bool {
        loop {
            match without(&self.smallest, self.next) {
                Some(smaller) if smaller != self.smallest => {
                    self.tried = Some(smaller);
                    return true;
                }
                Some(_) => self.next += 1,
                None if self.shrank => (self.shrank, self.next) = (false, 0),
                None => return false,
            }
        }
    }
}

impl ValueTree for Shrinking {
    type Value = Way;

    fn current(&self) -> Way {
        self.tried.as_ref().unwrap_or(&self.smallest).clone()
    }

    fn simplify(&mut self) -> bool {
        if let Some(smaller) = self.tried.take() {
            self.smallest = smaller;
            self.shrank = true;
        }
        self.advance()
    }

    fn complicate(&mut self) -> bool {
        self.tried = None;
        self.next += 1;
        self.advance()
    }
}
