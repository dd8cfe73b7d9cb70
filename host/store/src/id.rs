//! Names of rows.

use uuid::Uuid;

/// A new id: UUID v7, so that later ones sort later.
pub(crate) fn new() -> String {
    Uuid::now_v7().to_string()
}

/// A new id as the API shows it for some nouns: `<prefix>_<32 hexadecimal digits>`.
pub(crate) fn prefixed(prefix: &str) -> String {
    format!("{prefix}_{}", Uuid::now_v7().simple())
}
