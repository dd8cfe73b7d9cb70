//! `limits`: what a skill says it needs. The operator's own limits stand above these.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{duration_option, size_option};

/// The limits that a manifest asks for; none where it says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Memory of one call, in bytes. Written `64MiB`.
    #[serde(default, with = "size_option", skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Wall time of one call, host calls included. Written `10s`.
    #[serde(
        default,
        with = "duration_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<Duration>,
    /// The largest result of one call, in bytes. Written `256KiB`.
    #[serde(default, with = "size_option", skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
}
