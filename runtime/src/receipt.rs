//! The record that each call leaves. It holds digests and counts, never arguments, results or secrets.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// What one call did. Serialised in camelCase.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The skill's name.
    pub skill: String,
    /// The skill's version, when its manifest has one.
    pub version: Option<String>,
    /// SHA-256 of the package that was verified, in hex.
    pub package_digest: String,
    /// Key id of the publisher. Set by the caller, who verified the signature.
    pub publisher_key: Option<String>,
    /// The tool called.
    pub tool: String,
    /// SHA-256 of the arguments as they came, in hex.
    pub arguments_sha256: String,
    /// SHA-256 of the outcome as JSON, in hex.
    pub result_sha256: String,
    /// Each use of a permission that left the sandbox or changed something, in order; at most [`MAX_USES`].
    pub uses: Vec<Use>,
    /// Wall time of the call in microseconds.
    pub duration_us: u64,
    /// The most linear memory the guest held, in bytes.
    pub peak_memory: u64,
    /// How it ended: see [`Outcome::kind`](crate::Outcome::kind).
    pub outcome: &'static str,
}

/// One use of a permission.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Use {
    /// `http`, `kv`, `files`, or `secrets`.
    pub permission: &'static str,
    /// The destination, key or path. Query strings are left out: they may hold a secret.
    pub detail: String,
    /// Bytes that went out and came in.
    pub bytes: u64,
}

/// The most uses one receipt records; later ones are left out.
pub const MAX_USES: usize = 256;

/// Collects the uses of one call. Shared with the tasks that carry its HTTP requests.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<Vec<Use>>);

impl Uses {
    /// Adds a use and gives its place for [`Uses::add_bytes`].
    pub(crate) fn record(
        &self,
        permission: &'static str,
        detail: impl Into<String>,
        bytes: u64,
    ) -> usize {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() < MAX_USES {
            uses.push(Use {
                permission,
                detail: detail.into(),
                bytes,
            });
            return uses.len() - 1;
        }
        MAX_USES
    }

    /// As [`Uses::record`], but goes on with the last use when that is of the same thing: a file
    /// written in many pieces is one use.
    pub(crate) fn record_more(&self, permission: &'static str, detail: &str, bytes: u64) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |last: &&mut Use| last.permission == permission && last.detail == detail;
        if let Some(last) = uses.last_mut().filter(same) {
            last.bytes = last.bytes.saturating_add(bytes);
        } else if uses.len() < MAX_USES {
            let detail = detail.into();
            uses.push(Use {
                permission,
                detail,
                bytes,
            });
        }
    }

    /// Adds bytes to a use recorded earlier.
    pub(crate) fn add_bytes(&self, place: usize, bytes: u64) {
        if let Some(used) = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_mut(place)
        {
            used.bytes = used.bytes.saturating_add(bytes);
        }
    }

    /// All uses so far.
    pub(crate) fn take(&self) -> Vec<Use> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
