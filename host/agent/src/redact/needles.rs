//! The automaton that knows all spellings.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, BuildError};

/// An Aho-Corasick automaton over all spellings, and how much of a spelling each of its states stands for.
///
/// The crate's own searches are not used: they begin anew after each match, so that a text may be read as often as
/// the longest spelling is long, and they can't tell how much of a chunk's end may be the beginning of a match.
pub(super) struct Needles {
    automaton: NFA,
    /// By state: how many bytes before the text's end its longest possible beginning of a spelling begins.
    depths: Vec<u32>,
}

impl Needles {
    /// Builds the automaton. The spellings are not empty.
    ///
    /// # Errors
    /// When there are more of them than 2^31 states can stand for.
    pub(super) fn new(spellings: &[String]) -> Result<Self, BuildError> {
        let automaton = NFA::builder().prefilter(false).build(spellings)?;
        let depths = Vec::new();
        let mut needles = Self { automaton, depths };
        for spelling in spellings {
            needles.measure(spelling);
        }
        Ok(needles)
    }

    /// Walks along one spelling, whose states stand for 1, 2, 3… of its bytes.
    fn measure(&mut self, spelling: &str) {
        let Ok(mut state) = self.automaton.start_state(Anchored::Yes) else {
            return;
        };
        for (place, byte) in (1..).zip(spelling.bytes()) {
            state = self.automaton.next_state(Anchored::Yes, state, byte);
            let index = state.as_usize();
            if self.depths.len() <= index {
                self.depths.resize(index + 1, 0);
            }
            if let Some(depth) = self.depths.get_mut(index) {
                *depth = place;
            }
        }
    }

    /// How many spellings there are.
    pub(super) fn count(&self) -> usize {
        self.automaton.patterns_len()
    }

    /// The length of the longest, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.automaton.max_pattern_len()
    }

    /// The state before any text.
    pub(super) fn start(&self) -> StateID {
        // An automaton of this kind always has it; state 0 is the one that never matches.
        self.automaton
            .start_state(Anchored::No)
            .unwrap_or(StateID::ZERO)
    }

    /// The state after one more byte.
    pub(super) fn next(&self, state: StateID, byte: u8) -> StateID {
        self.automaton.next_state(Anchored::No, state, byte)
    }

    /// The lengths of the spellings that end here.
    pub(super) fn ending(&self, state: StateID) -> impl Iterator<Item = usize> {
        let is_match = self.automaton.is_match(state);
        let count = if is_match {
            self.automaton.match_len(state)
        } else {
            0
        };
        let length = move |index| {
            let pattern = self.automaton.match_pattern(state, index);
            self.automaton.pattern_len(pattern)
        };
        (0..count).map(length)
    }

    /// How many of the last bytes may be the beginning of a spelling, at most.
    pub(super) fn begun(&self, state: StateID) -> usize {
        let depth = self.depths.get(state.as_usize()).copied();
        depth.unwrap_or_default() as usize
    }
}
