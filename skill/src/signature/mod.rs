//! Who vouches for a package: a DSSE envelope around a statement of what the package is.

mod canonical;
mod dsse;
mod key;
mod proof;
mod statement;
mod tool;
mod verify;

pub use dsse::{Envelope, PAYLOAD_TYPE, Signature, pae};
pub use key::{KeyId, decode_public_key, encode_public_key, key_id};
pub use proof::{KeyProof, ProofContext, check_proof, prove_possession};
pub use statement::{FileDigest, Statement, WORLD};
pub use tool::{ToolDigest, ToolFacts, ToolHints};
pub use verify::Verified;

use sha2::{Digest as _, Sha256};

/// SHA-256 of `bytes` as 64 lower-case hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
