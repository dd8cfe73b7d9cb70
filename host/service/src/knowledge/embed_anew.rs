//! What becomes of vectors when the operator chooses another embedder: they are made anew, in the background. Each carries the name
//! of its embedder, so that this begins again where it was after any end of the process, and vectors of two embedders are never
//! compared. Until then an entry is found by its words.

use std::collections::BTreeMap;
use std::sync::Arc;

use skillgate_agent::ProviderError;
use skillgate_store::OutdatedKnowledge;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::Knowledge;
use super::vectors::quantise;
use crate::ServiceError;
use crate::config::{EMBEDDED_AT_ONCE, EMBEDDING_PAUSE};

/// A line of the log is written for each so many entries.
const LOGGED: i64 = 1_024;

impl Knowledge {
    /// Embeds all entries anew whose vectors another embedder made, until there are none or the host is closing.
    pub(crate) async fn embed_anew(self: Arc<Self>, closing: CancellationToken) {
        let (mut done, mut total) = (0, None);
        loop {
            let step = closing
                .run_until_cancelled(self.embed_some_anew(&mut total))
                .await;
            match step {
                None => return,
                Some(Ok(0)) => break,
                Some(Ok(count)) => {
                    if done / LOGGED != (done + count) / LOGGED {
                        let embedder = self.embedder.name();
                        tracing::info!(
                            done = done + count,
                            total,
                            embedder,
                            "embedding knowledge anew"
                        );
                    }
                    done += count;
                }
                Some(Err(error)) => {
                    let error = error.chain();
                    tracing::warn!(done, total, error, pause = ?EMBEDDING_PAUSE, "knowledge could not be embedded anew");
                    let pause = tokio::time::sleep(EMBEDDING_PAUSE);
                    if closing.run_until_cancelled(pause).await.is_none() {
                        return;
                    }
                }
            }
        }
        if done > 0 {
            tracing::info!(
                done,
                embedder = self.embedder.name(),
                "knowledge was embedded anew"
            );
        }
    }

    /// Embeds the next few entries; how many. Counts them all the first time that there are some.
    async fn embed_some_anew(&self, total: &mut Option<i64>) -> Result<i64, ServiceError> {
        let name = self.embedder.name();
        let outdated = self
            .store
            .outdated_knowledge(name, EMBEDDED_AT_ONCE)
            .await?;
        let count = outdated.len() as i64;
        if count > 0 && total.is_none() {
            *total = Some(self.store.count_outdated_knowledge(name).await?);
        }
        let texts: Vec<String> = outdated.iter().map(|entry| entry.text.clone()).collect();
        let vectors = match self.embedder.embed(&texts).await {
            Ok(vectors) => vectors,
            Err(error) if is_about_a_text(&error) => self.embed_each(&texts).await?,
            Err(error) => return Err(super::embedding_failed(error)),
        };
        let quantised = spawn_blocking(move || {
            vectors
                .iter()
                .map(|vector| quantise(vector))
                .collect::<Vec<_>>()
        });
        let quantised = quantised.await.map_err(ServiceError::internal)?;
        let mut by_scope: BTreeMap<i64, Vec<(i64, Vec<u8>)>> = BTreeMap::new();
        for (OutdatedKnowledge { scope, seq, .. }, vector) in outdated.into_iter().zip(quantised) {
            by_scope.entry(scope).or_default().push((seq, vector));
        }
        for (scope, vectors) in by_scope {
            self.store
                .replace_knowledge_vectors(scope, name, &vectors)
                .await?;
        }
        Ok(count)
    }

    /// Embeds texts one by one. What the provider takes in no case gets an empty vector, which is like no other: one text must not
    /// keep the others from being embedded.
    async fn embed_each(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, ServiceError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for text in texts {
            match self.embedder.embed(std::slice::from_ref(text)).await {
                Ok(one) => vectors.extend(one),
                Err(error) if is_about_a_text(&error) => {
                    tracing::warn!(%error, "the embedding provider does not take an entry of knowledge; it is found by its words alone");
                    vectors.push(Vec::new());
                }
                Err(error) => return Err(super::embedding_failed(error)),
            }
        }
        Ok(vectors)
    }
}

/// Whether the provider refused what it was sent, and would take other texts.
fn is_about_a_text(error: &ProviderError) -> bool {
    matches!(
        error,
        ProviderError::BadRequest(_) | ProviderError::TooLarge(_)
    )
}
