//! Where the text of a run is shown and gathered.

use crate::TextListener;

/// Shows the text of one answer, and gathers it behind what the run said before.
pub(super) struct TextEmitter<'a> {
    pub(super) listener: &'a dyn TextListener,
    pub(super) text: &'a mut String,
    /// Whether this answer has shown anything yet.
    pub(super) begun: bool,
}

impl TextEmitter<'_> {
    pub(super) fn show(&mut self, more: String) {
        if more.is_empty() {
            return;
        }
        let apart = !self.begun && !self.text.is_empty();
        let piece = if apart { format!("\n\n{more}") } else { more };
        self.begun = true;
        self.text.push_str(&piece);
        self.listener.hear(&piece);
    }
}
