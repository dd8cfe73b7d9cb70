//! What one agent may have.

use skillgate_agent::MAX_DOCUMENT_DEPTH;

/// The most agents of one account.
pub const MAX_AGENTS_PER_ACCOUNT: i64 = 10_000;
/// The most skills of one agent.
pub const MAX_SKILLS_PER_AGENT: usize = 100;
/// The most characters of an agent's name, as the specification has it.
pub(crate) const MAX_NAME_CHARS: usize = 100;
/// The most bytes of an avatar's address: what browsers and proxies take.
pub(crate) const MAX_AVATAR_URL_BYTES: usize = 2_000;
/// The most bytes of SOUL.md and of WORKFLOW.md.
pub(crate) const MAX_MARKDOWN_BYTES: usize = 256 << 10;
/// The earlier versions of SOUL.md that are kept, the newest: 5 MiB at most, and weeks of daily changes.
pub(crate) const MAX_PERSONALITY_VERSIONS: i64 = 20;
/// The most rules of one agent: each request to the model has all their names.
pub(crate) const MAX_RULES: i64 = 100;
/// The most characters of a rule's name.
pub(crate) const MAX_RULE_NAME_CHARS: usize = 64;
/// The most bytes of a rule: the model is shown it whole, and of a tool's answer it is shown 64 KiB.
pub(crate) const MAX_RULE_BYTES: usize = 32 << 10;
/// The most bytes of `config` as JSON.
pub(crate) const MAX_CONFIG_BYTES: usize = 64 << 10;
/// The deepest nesting of `config`: what answers wrap around it keeps them within the limit on documents.
pub(crate) const MAX_CONFIG_DEPTH: usize = MAX_DOCUMENT_DEPTH - 4;
/// The most bytes of an assignment's `config` as JSON. The list of a skill's agents shows that of each, of up to
/// [`MAX_AGENTS_PER_ACCOUNT`].
pub(crate) const MAX_ASSIGNMENT_CONFIG_BYTES: usize = 4 << 10;
/// The most skills of the pool in one answer of `GET /api/skills`: with the descriptions and names of tools that a manifest may
/// have, some megabytes.
pub const MAX_LISTED_POOL_SKILLS: i64 = 1_000;

/// The most secrets of one agent, and the most that one request sets or deletes.
pub(crate) const MAX_SECRETS: usize = 64;
/// The most bytes that the values of one agent's secrets have together. Each run looks for all of them, in a dozen
/// spellings each, in whatever leaves: that takes up to 1 KiB of memory for each byte.
pub(crate) const MAX_SECRET_BYTES: usize = 16 << 10;
/// The most bytes of a secret's name.
pub(crate) const MAX_SECRET_NAME_BYTES: usize = 128;
/// The most bytes of a secret's value.
pub(crate) const MAX_SECRET_VALUE_BYTES: usize = 16 << 10;
