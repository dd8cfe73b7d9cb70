//! What one account may have.

/// The most models of one tier: a run tries them one after the other.
pub(crate) const MAX_MODELS_PER_TIER: usize = 16;
/// The most characters of a model's name; vendors' names have some 40.
pub(crate) const MAX_MODEL_NAME_CHARS: usize = 128;

/// Limits of one account. What is over them is refused with `LimitReached`; a rate limit with `Invalid`.
#[derive(Debug, Clone, Copy)]
pub struct AccountLimits {
    /// Valid API keys: each has a rate limit of its own, so that their number bounds what an account may send.
    pub api_keys: i64,
    /// API keys that ended and are still listed; the oldest are deleted first.
    pub ended_api_keys: i64,
    /// The highest `rateLimit` that a key may be given through the API, in requests a minute. `None`: ten times the
    /// operator's own figure for keys that have none.
    pub max_rate_limit: Option<u32>,
    /// Versions of skills.
    pub versions: i64,
    /// Bytes of all their packages.
    pub package_bytes: i64,
    /// Bytes of all tools of one agent's skills, as names, descriptions and schemas: every request to the model has them.
    pub tool_bytes: usize,
}

impl Default for AccountLimits {
    fn default() -> Self {
        Self {
            api_keys: 200,
            ended_api_keys: 200,
            max_rate_limit: None,
            versions: 2_000,
            package_bytes: 4 << 30,
            tool_bytes: 1 << 20,
        }
    }
}
