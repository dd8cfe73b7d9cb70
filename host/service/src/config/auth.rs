//! Access tokens, console sessions, the operator's identity provider, and keys of requests that are sent again.

use std::time::Duration;

/// How long an access token is valid when its request does not say, as the specification has it.
pub const DEFAULT_TOKEN_SECONDS: u32 = 900;
/// The longest that it may be valid, as the specification has it.
pub const MAX_TOKEN_SECONDS: u32 = 3_600;
/// The longest token that is read. Ours have some 500 bytes; identity providers put a person's groups in theirs.
pub(crate) const MAX_TOKEN_BYTES: usize = 8 << 10;
/// How far the signer's clock may be ahead of ours. Expiry has no such grace.
pub(crate) const MAX_CLOCK_SKEW: Duration = Duration::from_secs(60);

/// How long a log-in of the console lasts: a working day.
pub const CONSOLE_SESSION_LIFETIME: Duration = Duration::from_secs(12 * 3_600);
/// The most sessions of one API key: several people and browsers; the oldest ends for the next.
pub const MAX_CONSOLE_SESSIONS: i64 = 32;

/// How long the answer of a request with an `Idempotency-Key` is remembered.
pub const IDEMPOTENCY_LIFETIME: Duration = Duration::from_secs(24 * 3_600);
/// How long such a request may be worked on before another may take its place: longer than any takes, short enough to
/// retry after a crash of the host.
pub(crate) const IDEMPOTENCY_CLAIM: Duration = Duration::from_secs(120);
/// The longest answer that is kept: what creating calls answer is far below it.
pub const MAX_IDEMPOTENT_ANSWER_BYTES: usize = 64 << 10;
/// The most bytes of an `Idempotency-Key`.
pub const MAX_IDEMPOTENCY_KEY_BYTES: usize = 255;

/// How long the identity provider may take for one document.
pub(crate) const IDENTITY_PROVIDER_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of one of its documents.
pub(crate) const MAX_IDENTITY_DOCUMENT_BYTES: usize = 256 << 10;
/// The most of its keys that are read.
pub(crate) const MAX_IDENTITY_KEYS: usize = 64;
/// How long its keys are used before they are fetched again, so that a withdrawn key is refused within that time.
pub(crate) const IDENTITY_KEYS_FRESH: Duration = Duration::from_secs(600);
/// After this time they are fetched anew in the background, so that nobody waits for it.
pub(crate) const IDENTITY_KEYS_EARLY: Duration = Duration::from_secs(480);
/// How long they are used at most while the provider does not answer.
pub(crate) const IDENTITY_KEYS_STALE: Duration = Duration::from_secs(24 * 3_600);
/// The shortest time from the end of one attempt to fetch them to the next, whatever unknown keys tokens name.
pub(crate) const IDENTITY_KEYS_INTERVAL: Duration = Duration::from_secs(30);
/// The furthest end of one of its tokens: what says more, in milliseconds say, says something else.
pub(crate) const MAX_IDENTITY_TOKEN_SECONDS: i64 = 366 * 86_400;
