//! What a skill is: manifest, permissions, package, signature.
//!
//! The crate's one invariant: **it only decides.** It does no input or output, starts no task and
//! reads no clock, so that a decision on the same bytes is the same on every host. Whoever
//! enforces (the runtime, the server, the command line) asks here and keeps to the answer.
//!
//! - [`Manifest`] is what a `SKILL.md` says, read leniently or strictly.
//! - [`Permissions`] are both what a skill asks for and what was granted to it;
//!   [`Effective`] decides with both, and answers a refusal with a [`Denial`].
//! - [`Package`] is a skill directory in one deterministic ZIP archive.
//! - [`Envelope`] is the signature over a [`Statement`] about the package; only
//!   [`Package::verify`] makes a [`Verified`].

mod error;
mod manifest;
mod package;
mod permission;
mod signature;

pub use error::{GrammarError, ManifestError, PackageError, SignatureError};
pub use manifest::{ConfigKey, ConfigType, Limits, Manifest, check_skill_name};
pub use manifest::{display_duration, display_size, parse_duration, parse_size};
pub use package::{
    COMPONENT, Contents, Digest, MANIFEST, MAX_FILES, MAX_UNPACKED, Package, SIGNATURE, check_path,
};
pub use permission::{
    Denial, Effective, FileAccess, FilePermission, HttpRule, Injection, KnowledgeAccess,
    KvPermission, LlmPermission, MAX_RULES, Permissions, SecretPermission,
};
pub use signature::{
    Envelope, FileDigest, KeyId, KeyProof, PAYLOAD_TYPE, ProofContext, Signature, Statement,
    ToolDigest, ToolFacts, ToolHints, Verified, WORLD, check_proof, decode_public_key,
    encode_public_key, key_id, pae, prove_possession, sha256_hex,
};

// The key types are part of this crate's interface.
pub use ed25519_dalek::{SigningKey, VerifyingKey};
