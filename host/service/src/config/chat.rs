//! What one message, and the session that it belongs to, may have.

/// The most characters of a message.
pub(crate) const MAX_MESSAGE_CHARS: usize = 100_000;
/// The most characters of `context` after formatting, as the specification has it.
pub(crate) const MAX_CONTEXT_CHARS: usize = 2_000;
/// The most characters of `peerId`.
pub(crate) const MAX_PEER_CHARS: usize = 200;
/// The most sessions in a list, as the specification has it.
pub const MAX_LISTED_SESSIONS: i64 = 100;
/// The most messages that wait behind the one being answered, in one session.
pub(crate) const MAX_WAITING_MESSAGES: usize = 8;
/// The most messages of a session that a model is told.
pub(crate) const MAX_HISTORY_MESSAGES: i64 = 200;
/// The most bytes of them, tool results included. Older ones are left out; the store keeps them all.
pub(crate) const MAX_HISTORY_BYTES: i64 = 400_000;
