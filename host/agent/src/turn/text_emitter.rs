//! Where the text of a run is shown and gathered.

use crate::{Event, EventSender};

/// Where text is shown and gathered.
pub(super) struct TextEmitter<'a> {
    pub(super) events: &'a EventSender,
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
        let content = if apart { format!("\n\n{more}") } else { more };
        self.begun = true;
        self.text.push_str(&content);
        self.events.send(Event::Text { content });
    }
}
