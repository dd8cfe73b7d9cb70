//! The record that each call leaves. It holds digests and counts, never arguments, results or
//! secrets; and it is at most [`MAX_RECEIPT`] bytes of JSON, whatever the guest does.

mod detail;
mod uses;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use data_encoding::HEXLOWER;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::agent_usage::AgentMeter;
use crate::call::Call;
use crate::load::Loaded;
use detail::{MAX_NAME, shorten};
pub use uses::{Collected, MAX_USES, Uses};

/// The most bytes that one receipt takes as JSON. Follows from the bounds on its parts: see its test.
pub const MAX_RECEIPT: usize = 64 << 10;

/// What one call did. Serialised in camelCase.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The skill's name.
    pub skill: String,
    /// The skill's version, when its manifest has one.
    pub version: Option<String>,
    /// The digest of the package that was verified; hex in the JSON.
    pub package_digest: skillgate_skill::Digest,
    /// Key id of the publisher. Set by the caller, who verified the signature.
    pub publisher_key: Option<String>,
    /// The tool called.
    pub tool: String,
    /// SHA-256 of the arguments as they came; hex in the JSON.
    pub arguments_sha256: Sha256Digest,
    /// SHA-256 of the outcome as JSON; of a host fault, of its kind alone. Hex in the JSON.
    pub result_sha256: Sha256Digest,
    /// What left the sandbox or changed something, by permission and destination, in the order in
    /// which destinations came up; at most [`MAX_USES`].
    pub uses: Vec<Use>,
    /// How many further uses there were, of destinations that `uses` has no room for. Left out of
    /// the JSON when there were none.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: u64,
    /// Bytes of the omitted uses. Left out of the JSON when there were none.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted_bytes: u64,
    /// Wall time of the call in microseconds.
    pub duration_us: u64,
    /// The most linear memory the guest held, in bytes.
    pub peak_memory: u64,
    /// How it ended: see [`Outcome::kind`](crate::Outcome::kind); `host_fault` when the host failed.
    pub outcome: &'static str,
}

/// A SHA-256, shown as 64 hexadecimal digits. Kept as it is: each call makes two, and few receipts are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Sha256Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

/// All uses of one permission for one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Use {
    /// `http`, `kv`, `files`, or `secrets`.
    pub permission: &'static str,
    /// The destination, key or path; at most 256 bytes, and a digest of the whole when it was longer.
    /// Query strings are left out: they may hold a secret.
    pub detail: String,
    /// How often.
    pub count: u64,
    /// Bytes that went out and came in, counted as they did, also when the exchange failed later.
    /// The length of a query string is among them.
    pub bytes: u64,
}

/// The outcome of a call that the host failed.
pub(crate) const HOST_FAULT: &str = "host_fault";

/// What is known of a call while it runs, so that it leaves a receipt however it ends.
#[derive(Debug)]
pub(crate) struct CallRecord {
    begun: Instant,
    pub(crate) uses: Uses,
    /// What all calls of the agent use.
    pub(crate) agent: Arc<AgentMeter>,
    /// In bytes.
    peak_memory: AtomicU64,
}

impl CallRecord {
    /// The record of a call that begins now, for the agent whose meter this is.
    pub(crate) fn begin(agent: Arc<AgentMeter>) -> Self {
        Self {
            begun: Instant::now(),
            uses: Uses::default(),
            agent,
            peak_memory: AtomicU64::new(0),
        }
    }

    /// Notes that the guest holds this many bytes.
    pub(crate) fn holds(&self, memory: u64) {
        self.peak_memory.fetch_max(memory, Ordering::Relaxed);
    }

    /// Makes the receipt of a call that ended with the outcome `kind`, which is `result` as JSON.
    pub(crate) fn receipt(
        &self,
        skill: &Loaded,
        call: &Call,
        kind: &'static str,
        result: &[u8],
    ) -> Receipt {
        let uses = self.uses.take();
        let version = skill.manifest.version.as_deref();
        Receipt {
            skill: shorten(&skill.manifest.name, MAX_NAME).into_owned(),
            version: version.map(|version| shorten(version, MAX_NAME).into_owned()),
            package_digest: skill.digest,
            publisher_key: None,
            tool: shorten(&call.tool, MAX_NAME).into_owned(),
            arguments_sha256: Sha256Digest::of(call.arguments.as_bytes()),
            result_sha256: Sha256Digest::of(result),
            uses: uses.listed,
            omitted: uses.omitted,
            omitted_bytes: uses.omitted_bytes,
            duration_us: u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            peak_memory: self.peak_memory.load(Ordering::Relaxed),
            outcome: kind,
        }
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use skillgate_skill::Package;

    use super::*;

    /// The largest receipt there can be, with `text` repeated as every text in it.
    fn largest(text: &str) -> usize {
        let uses = Uses::default();
        let long = text.repeat(1000);
        for permission in ["http", "kv", "files", "secrets"] {
            for number in 0..MAX_USES {
                // The number comes first, so that each is a use of its own, of every length.
                let length = long.floor_char_boundary(number * 4 * text.len());
                uses.record(permission, format!("{number}{}", &long[..length]), u64::MAX);
                uses.record(permission, format!("{number}{long}"), u64::MAX);
            }
        }
        let uses = uses.take();
        assert!(uses.omitted > 0, "the receipt is not full");
        let name = || shorten(&long, MAX_NAME).into_owned();
        let files = BTreeMap::from([(
            "SKILL.md".to_owned(),
            b"---\nname: a\ndescription: b\n---\n".to_vec(),
        )]);
        let package_digest = Package::from_files_lenient(files).unwrap().digest();
        let receipt = Receipt {
            skill: name(),
            version: Some(name()),
            package_digest,
            publisher_key: Some("f".repeat(64)),
            tool: name(),
            arguments_sha256: Sha256Digest([255; 32]),
            result_sha256: Sha256Digest([255; 32]),
            uses: uses.listed,
            omitted: uses.omitted,
            omitted_bytes: uses.omitted_bytes,
            duration_us: u64::MAX,
            peak_memory: u64::MAX,
            outcome: HOST_FAULT,
        };
        serde_json::to_vec(&receipt).unwrap().len()
    }

    #[test]
    fn no_text_makes_a_receipt_larger_than_its_bound() {
        for text in ["\0", "\u{1b}", "\"", "\\", "\n", "x", "é", "😀", "\u{7f}"] {
            let bytes = largest(text);
            assert!(bytes <= MAX_RECEIPT, "{text:?}: {bytes} bytes");
        }
    }

    #[test]
    fn the_bound_follows_from_those_on_the_parts() {
        let most_of_a_use = serde_json::to_vec(&Use {
            permission: "secrets",
            detail: String::new(),
            count: u64::MAX,
            bytes: u64::MAX,
        });
        // Beside the uses: names, five digests of at most 128 bytes, numbers, keys.
        let head = 3 * (MAX_NAME + 32) + 5 * 128 + 512;
        let fixed = MAX_USES * (most_of_a_use.unwrap().len() + 1);
        assert!(head + fixed + uses::MAX_DETAILS <= MAX_RECEIPT);
    }
}
