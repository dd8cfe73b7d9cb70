//! What is seen of a credential before it is looked up.

/// What a credential's text says by itself, without a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glance {
    /// Its signature is right: whoever presents it is no stranger who guesses.
    Vouched,
    /// It is no valid credential, whatever the store holds.
    Refused,
    /// It has to be looked up.
    Unknown,
}
