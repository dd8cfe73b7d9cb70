//! Puts text together: runs of space become one, blocks are set apart by one empty line.

/// The space that is owed before the next word.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Paragraph,
}

/// The text so far.
#[derive(Default)]
pub(super) struct Writer {
    title: String,
    text: String,
    gap: Gap,
    /// What the next word begins with, such as `- `.
    mark: String,
    preformatted: bool,
}

impl Writer {
    /// The page's title; the first one counts.
    pub(super) fn title(&mut self, title: &str) {
        if self.title.is_empty() {
            self.title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    }

    /// Running text.
    pub(super) fn text(&mut self, text: &str) {
        if self.preformatted {
            self.word(text);
            return;
        }
        if text.starts_with(char::is_whitespace) {
            self.owe(Gap::Space);
        }
        for word in text.split_whitespace() {
            self.word(word);
            self.gap = Gap::Space;
        }
        if !text.ends_with(char::is_whitespace) && self.gap == Gap::Space {
            self.gap = Gap::None;
        }
    }

    /// What follows stands on a new line.
    pub(super) fn line(&mut self) {
        self.owe(Gap::Line);
    }

    /// What follows is a new block.
    pub(super) fn paragraph(&mut self) {
        self.owe(Gap::Paragraph);
    }

    /// What follows is a heading of this level.
    pub(super) fn heading(&mut self, level: usize) {
        self.paragraph();
        self.mark = format!("{} ", "#".repeat(level));
    }

    /// What follows is an item of a list.
    pub(super) fn item(&mut self) {
        self.line();
        self.mark = "- ".to_owned();
    }

    /// Whether white space counts from here on.
    pub(super) fn preformatted(&mut self, on: bool) {
        self.paragraph();
        self.preformatted = on;
    }

    /// Title and text.
    pub(super) fn finish(self) -> String {
        let text = self.text.trim_end();
        match (self.title.is_empty(), text.is_empty()) {
            (true, _) => text.to_owned(),
            (false, true) => self.title,
            (false, false) => format!("{}\n\n{text}", self.title),
        }
    }

    fn owe(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    fn word(&mut self, word: &str) {
        if word.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str(match self.gap {
                Gap::None => "",
                Gap::Space => " ",
                Gap::Line => "\n",
                Gap::Paragraph => "\n\n",
            });
        }
        self.gap = Gap::None;
        self.text.push_str(&std::mem::take(&mut self.mark));
        self.text.push_str(word);
    }
}
