//! Secrets: a skill learns whether one is there, never its value. The host puts the value into a
//! request after the request's destination was allowed.

use crate::host;

/// True when the skill asked for this secret, was granted it, and it has a value.
pub fn exists(name: &str) -> bool {
    host::secrets::exists(name)
}
