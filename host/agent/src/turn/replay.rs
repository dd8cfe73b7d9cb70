//! From journalled steps back to where the run was.

use crate::{Message, Step};

/// The messages that a run added to its conversation: what the model said, and what its tools answered.
/// A call that never ended is answered with a note, so that the list is always a valid history.
pub fn transcript(steps: &[Step]) -> Vec<Message> {
    let _ = steps;
    Vec::new()
}
