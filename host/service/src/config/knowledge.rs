//! Knowledge.

use std::num::NonZero;
use std::time::Duration;

use skillgate_runtime::PlaceLimits;

/// The most chunks of one request. Source: the specification.
pub const MAX_CHUNKS: usize = 100;
/// The most characters of a chunk. Source: the specification.
pub const MAX_CHUNK_CHARS: usize = 4_000;
/// The most entries that one list gives. Source: the specification.
pub const MAX_LISTED_ENTRIES: i64 = 100;
/// The most entries that one search gives: with their texts they are a tenth of what models read at once.
pub const MAX_SEARCH_RESULTS: usize = 50;
/// The cosine from which on two texts are one. Source: the specification.
pub(crate) const DUPLICATE_COSINE: f32 = 0.95;
/// The most characters of a source: paths of files have at most 4,096 bytes, addresses of pages about 2,000.
pub(crate) const MAX_SOURCE_CHARS: usize = 2_000;
/// The most bytes of a chunk's metadata, as JSON: it is kept beside the text, and should not outgrow it.
pub(crate) const MAX_METADATA_BYTES: usize = 8 << 10;
/// The deepest nesting of metadata: it is keys and values.
pub(crate) const MAX_METADATA_DEPTH: usize = 8;
/// The most characters of a search: as long as a chunk, so that a chunk itself can be searched for.
pub(crate) const MAX_QUERY_CHARS: usize = MAX_CHUNK_CHARS;
/// Entries that are embedded anew at once.
pub(crate) const EMBEDDED_AT_ONCE: i64 = 64;
/// The most bytes of a chunk's metadata as it is sent, which may have space in it and write letters as `\u00e4`.
pub(crate) const MAX_SENT_METADATA_BYTES: usize = 6 * MAX_METADATA_BYTES;
/// The pause after embedding anew failed, as when the provider is down.
pub(crate) const EMBEDDING_PAUSE: Duration = Duration::from_secs(30);

/// Bounds of knowledge.
#[derive(Debug, Clone, Copy)]
pub struct KnowledgeLimits {
    /// Entries of one agent or swarm: so many are searched within some ten milliseconds.
    pub scope_entries: i64,
    /// Bytes of one account's entries, with their vectors and the terms of their words: some 16 KiB for the longest text.
    pub account_bytes: i64,
    /// Bytes of vectors that are kept in memory, of all scopes. What is evicted is read again when it is searched next.
    pub memory: u64,
    /// How long the vectors of a scope that nobody searches are kept in memory.
    pub idle: Duration,
    /// Requests with chunks that are received or worked on at once: each has up to 4 MiB in memory.
    pub receiving: PlaceLimits,
    /// Searches and comparisons at once: each takes a processor.
    pub work: PlaceLimits,
    /// How long a search waits for the embedding provider, before words alone have to do.
    pub query_patience: Duration,
}

impl Default for KnowledgeLimits {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let queue = Duration::from_secs(10);
        Self {
            scope_entries: 100_000,
            account_bytes: 8 << 30,
            memory: 512 << 20,
            idle: Duration::from_secs(1_800),
            receiving: PlaceLimits {
                per_account: 4,
                in_all: 32,
                queue,
            },
            work: PlaceLimits {
                per_account: processors.div_ceil(2),
                in_all: processors,
                queue,
            },
            query_patience: Duration::from_secs(10),
        }
    }
}
