//! The text of an answer while the model still says it.

/// Hears the text of a run as the model says it, before the answer that it belongs to is committed: what is heard may
/// be said again, differently, when the process is lost in mid-answer.
///
/// Everything else that happens in a run is in its journal.
pub trait TextListener: Send + Sync {
    /// Takes a further piece of the current answer. Must not block: the run waits for it.
    fn hear(&self, piece: &str);
}
