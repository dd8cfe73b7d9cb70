//! What one account may have of swarms.

/// The most swarms of one account: `GET /v1/swarms` answers all of them at once.
pub(crate) const MAX_SWARMS_PER_ACCOUNT: i64 = 1_000;
/// The most characters of a swarm's name, from the API reference.
pub(crate) const MAX_SWARM_NAME_CHARS: usize = 100;
/// The most characters of a slug before its number: short enough for a path.
pub(crate) const MAX_SWARM_SLUG_CHARS: usize = 60;
/// The most characters of a description; a list of all swarms is then at most some megabytes.
pub(crate) const MAX_SWARM_DESCRIPTION_CHARS: usize = 1_000;
/// The most characters of an icon: an emoji may have a dozen, the name of an icon some more.
pub(crate) const MAX_SWARM_ICON_CHARS: usize = 64;
/// The most bytes of one credential of a swarm; vendors' keys have some 200. Each run of the swarm's agents looks for all of them in
/// whatever leaves, beside the agent's own secrets, which takes up to 1 KiB of memory for each byte.
pub(crate) const MAX_SWARM_CREDENTIAL_BYTES: usize = 4 << 10;
