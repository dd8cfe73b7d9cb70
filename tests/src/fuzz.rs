//! What others send us, tried with bytes that nobody meant: one file a target, one function in it.
//!
//! Each `run` takes any bytes, never panics by the product's own fault, and panics when a promise is broken: accepted
//! input reads back as it was, a decision agrees with the rule that it was made from. `fuzz/` runs them under
//! libFuzzer for as long as one likes; `tests/it/fuzz.rs` runs each for a moment, the same inputs every time.
//! See `docs/fuzzing.md`.

pub mod egress_url;
pub mod mutate;
pub mod package;
pub mod permission_rule;
pub mod provider_frames;
pub mod signature_envelope;
pub mod skill_md;
pub mod tool_schema;

/// A target: the name of its corpus, `fuzz/corpus/<name>`, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 7] = [
    ("egress_url", egress_url::run),
    ("package", package::run),
    ("permission_rule", permission_rule::run),
    ("provider_frames", provider_frames::run),
    ("signature_envelope", signature_envelope::run),
    ("skill_md", skill_md::run),
    ("tool_schema", tool_schema::run),
];
