//! Embeddings: texts as vectors, the cosine of which says how much two texts have to do with each other.

mod hashed_ngrams;
mod openai;
mod words;

use async_trait::async_trait;

use crate::ProviderError;

pub use hashed_ngrams::HashedNgrams;
pub use openai::{DEFAULT_BASE_URL, MAX_DIMENSION, OpenAiEmbedder, OpenAiEmbedderConfig};
pub use words::words;

/// Makes vectors of texts.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// The name that vectors are kept under. Vectors of two names are never compared, so that whatever changes a vector changes the
    /// name, too.
    fn name(&self) -> &str;

    /// How many numbers each vector has.
    fn dimension(&self) -> usize;

    /// Whether it takes this machine's processor, and does not wait for another one's.
    fn computes_here(&self) -> bool {
        false
    }

    /// Embeds texts: a vector for each, in their order. Long computing happens apart from the threads that serve requests.
    ///
    /// # Errors
    /// When a provider gave no vectors, or not those that were asked for.
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, ProviderError>;
}
