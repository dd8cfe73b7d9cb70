//! An embedder behind the `embeddings` endpoint of OpenAI's API, which many servers speak
//! (<https://platform.openai.com/docs/api-reference/embeddings>).

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Response;
use serde::Deserialize;
use serde_json::json;

use super::Embedder;
use crate::{HttpClient, ProviderError, RetryPolicy};

/// The vendor's own address.
pub const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
/// The most numbers of a vector: the largest models have 4,096, and each is a byte of memory for each entry.
pub const MAX_DIMENSION: usize = 4_096;

/// Texts in one request. Some servers take no more.
const BATCH: usize = 32;
/// The longest time for one answer: a batch takes a processor without an accelerator tens of seconds.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Bytes of one number in an answer, written in full, with space around it.
const NUMBER_BYTES: usize = 40;
/// Bytes of an answer beside the numbers.
const FRAME_BYTES: usize = 64 << 10;

/// Where and how to ask.
#[derive(Clone)]
pub struct OpenAiEmbedderConfig {
    /// The client.
    pub http: HttpClient,
    /// The address before `/embeddings`, such as [`DEFAULT_BASE_URL`].
    pub base_url: String,
    /// The credential; servers on one's own machine want none.
    pub api_key: Option<String>,
    /// The model's name.
    pub model: String,
    /// How many numbers its vectors have, at most [`MAX_DIMENSION`].
    pub dimension: usize,
    /// When it is asked again.
    pub retry: RetryPolicy,
}

/// Asks a server for embeddings. Nothing of what it answers is quoted in errors: some repeat the credential.
pub struct OpenAiEmbedder {
    config: OpenAiEmbedderConfig,
    name: String,
}

impl OpenAiEmbedder {
    /// An embedder that asks as `config` says. Nothing is sent yet.
    pub fn new(config: OpenAiEmbedderConfig) -> Self {
        let name = format!("{}/{}", config.model, config.dimension);
        Self { config, name }
    }

    /// Embeds one batch, asking again as the policy says.
    async fn embed_batch(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, ProviderError> {
        let mut attempt = 0;
        loop {
            let asked = tokio::time::timeout(TIMEOUT, self.ask(texts)).await;
            let error = match asked.unwrap_or(Err(ProviderError::TimedOut)) {
                Ok(vectors) => return Ok(vectors),
                Err(error) => error,
            };
            let pause = self.config.retry.pause_after(&error, attempt, &self.name);
            let Some(pause) = pause else {
                return Err(error);
            };
            tracing::warn!(attempt, ?pause, %error, "asking for embeddings again");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn ask(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, ProviderError> {
        let url = format!("{}/embeddings", self.config.base_url.trim_end_matches('/'));
        let body =
            json!({ "model": self.config.model, "input": texts, "encoding_format": "float" });
        let mut request = self.config.http.get()?.post(url).json(&body);
        if let Some(key) = &self.config.api_key {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(refusal(response.status().as_u16()));
        }
        let (count, dimension) = (texts.len(), self.config.dimension);
        let bytes = read(response, FRAME_BYTES + count * dimension * NUMBER_BYTES).await?;
        // An answer has megabytes of numbers to be parsed.
        let parse = tokio::task::spawn_blocking(move || parse(&bytes, count, dimension));
        parse
            .await
            .map_err(|error| ProviderError::Server(error.to_string()))?
    }
}

#[async_trait]
impl Embedder for OpenAiEmbedder {
    fn name(&self) -> &str {
        &self.name
    }

    fn dimension(&self) -> usize {
        self.config.dimension
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, ProviderError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            vectors.extend(self.embed_batch(batch).await?);
        }
        Ok(vectors)
    }
}

/// The whole body, when it has at most `most` bytes.
async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, ProviderError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| ProviderError::CutOff)? {
        if bytes.len() + chunk.len() > most {
            let why = format!("more than {most} bytes of embeddings");
            return Err(ProviderError::AnswerTooLarge(why));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// `{"data": [{"index", "embedding"}]}`
#[derive(Deserialize)]
struct Answer {
    data: Vec<Embedding>,
}

#[derive(Deserialize)]
struct Embedding {
    index: usize,
    embedding: Vec<f32>,
}

/// The vectors of an answer, in the order of the texts.
fn parse(bytes: &[u8], count: usize, dimension: usize) -> Result<Vec<Vec<f32>>, ProviderError> {
    let garbage = |why: String| ProviderError::Garbage(why);
    let answer: Answer =
        serde_json::from_slice(bytes).map_err(|_| garbage("no list of embeddings".to_owned()))?;
    let mut found = answer.data;
    found.sort_by_key(|one| one.index);
    if !found.iter().map(|one| one.index).eq(0..count) {
        return Err(garbage(format!(
            "not one embedding for each of {count} texts"
        )));
    }
    let is_other = |one: &&Embedding| one.embedding.len() != dimension;
    if let Some(other) = found.iter().find(is_other) {
        let length = other.embedding.len();
        return Err(garbage(format!(
            "vectors of {length} numbers in the place of {dimension}"
        )));
    }
    if found
        .iter()
        .flat_map(|one| &one.embedding)
        .any(|number| !number.is_finite())
    {
        return Err(garbage("numbers without end".to_owned()));
    }
    Ok(found.into_iter().map(|one| one.embedding).collect())
}

fn unreachable(error: reqwest::Error) -> ProviderError {
    // Without the address, which may hold a password.
    ProviderError::Unreachable(error.without_url().to_string())
}

fn refusal(status: u16) -> ProviderError {
    let said = format!("HTTP {status}");
    match status {
        401 => ProviderError::Unauthorized(said),
        403 => ProviderError::Forbidden(said),
        404 => ProviderError::NotFound(said),
        413 => ProviderError::TooLarge(said),
        429 => ProviderError::RateLimited { retry_after: None },
        408 | 409 | 500.. => ProviderError::Server(said),
        400..500 => ProviderError::BadRequest(said),
        _ => ProviderError::Garbage(said),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn vectors_come_in_the_order_of_the_texts() {
        let answer = br#"{"object":"list","data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0.5]}],"usage":{}}"#;
        assert_eq!(parse(answer, 2, 2).unwrap(), [[1.0, 0.5], [0.0, 1.0]]);
    }

    #[test]
    fn what_is_not_what_was_asked_for_is_refused() {
        for (answer, told) in [
            ("", "no list"),
            (r#"{"data":[]}"#, "not one embedding"),
            (
                r#"{"data":[{"index":1,"embedding":[1,2]}]}"#,
                "not one embedding",
            ),
            (r#"{"data":[{"index":0,"embedding":[1]}]}"#, "vectors of 1"),
            (r#"{"data":[{"index":0,"embedding":[1,1e99]}]}"#, "no list"),
        ] {
            let refused = parse(answer.as_bytes(), 1, 2).unwrap_err().to_string();
            assert!(refused.contains(told), "{answer}: {refused}");
        }
    }
}
