//! The embedder that needs no model: words and parts of words, hashed. It knows spellings and no meanings: `invoice` is near to
//! `invoices` and `invoicing`, and not to `bill`.

use std::collections::HashMap;
use std::hash::Hasher;

use async_trait::async_trait;
use fnv::FnvHasher;

use super::{Embedder, words};
use crate::ProviderError;

/// Numbers of a vector. Fewer make unrelated texts look alike: the cosine of two is off by about one part in the root of this.
const DIMENSION: usize = 512;
/// How much a part of a word counts beside the word: a word has several.
const PART_WEIGHT: f32 = 0.35;
/// How much a short word counts beside a longer one: most are articles and pronouns.
const SHORT_WORD_WEIGHT: f32 = 0.4;
/// The most characters of a short word.
const SHORT_WORD_CHARS: usize = 3;

/// Feature hashing (Weinberger et al., 2009) of a text's words and of the three and four neighbouring characters in them.
#[derive(Debug, Clone, Copy, Default)]
pub struct HashedNgrams;

#[async_trait]
impl Embedder for HashedNgrams {
    /// The number changes with anything that changes a vector.
    fn name(&self) -> &str {
        "hashed-ngrams-1"
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn computes_here(&self) -> bool {
        true
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, ProviderError> {
        let texts = texts.to_vec();
        let work = tokio::task::spawn_blocking(move || {
            texts.iter().map(|text| embed(text)).collect::<Vec<_>>()
        });
        work.await
            .map_err(|error| ProviderError::Server(error.to_string()))
    }
}

/// A text's vector, of length 1.
fn embed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSION];
    for (feature, (weight, count)) in features(text) {
        // The lowest bits choose the place, the highest the sign, so that features that share a place cancel out on average.
        let place = feature as usize % DIMENSION;
        let sign = if feature >> 63 == 0 { 1.0 } else { -1.0 };
        if let Some(number) = vector.get_mut(place) {
            *number += sign * weight * (1.0 + (count as f32).ln());
        }
    }
    let length = vector.iter().map(|number| number * number).sum::<f32>();
    let length = length.sqrt().max(f32::MIN_POSITIVE);
    vector.iter_mut().for_each(|number| *number /= length);
    vector
}

/// The features of a text by their hashes: weight, and how often each occurs.
fn features(text: &str) -> HashMap<u64, (f32, u32)> {
    let mut features = HashMap::new();
    let mut add = |kind: u8, chars: &[char], weight: f32| {
        let feature = features.entry(hash(kind, chars)).or_insert((weight, 0));
        feature.1 += 1;
    };
    let mut words = words(text);
    if words.is_empty() {
        // Signs alone are a text, too.
        words.push(text.trim().to_owned());
    }
    for word in &words {
        let chars: Vec<char> = word.chars().collect();
        let is_short = chars.len() <= SHORT_WORD_CHARS && chars.iter().all(char::is_ascii);
        add(b'w', &chars, if is_short { SHORT_WORD_WEIGHT } else { 1.0 });
        let marked: Vec<char> = [' '].into_iter().chain(chars).chain([' ']).collect();
        for length in [3, 4] {
            for part in marked.windows(length) {
                add(b'p', part, PART_WEIGHT);
            }
        }
    }
    features
}

/// FNV-1a, mixed as MurmurHash3 ends: FNV alone leaves the highest bits of short texts alike.
fn hash(kind: u8, chars: &[char]) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write_u8(kind);
    for char in chars {
        hasher.write(&u32::from(*char).to_le_bytes());
    }
    let mut mixed = hasher.finish();
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::embed;

    fn cosine(one: &str, other: &str) -> f32 {
        let (one, other) = (embed(one), embed(other));
        one.iter().zip(&other).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn what_is_spelled_alike_is_near() {
        let question = "How do I cancel an invoice?";
        let near = cosine(
            question,
            "Cancelling invoices: open the invoice and choose Cancel.",
        );
        let far = cosine(question, "The kitchen closes at nine in the evening.");
        assert!(near > far + 0.2, "{near} {far}");
        assert!(cosine("東京の天気", "明日の東京の天気予報") > cosine("東京の天気", "請求書"));
    }

    #[test]
    fn a_text_is_itself_and_every_text_has_a_direction() {
        for text in ["a", "?!", "猫", "\u{1f600}", "Agento hosts agents."] {
            assert!((cosine(text, text) - 1.0).abs() < 1e-4, "{text}");
        }
        assert!(cosine("one text", "one text.") > 0.95);
    }

    /// What is kept under the name must never change: a new figure here needs a new name.
    #[test]
    fn the_vectors_are_those_of_the_name() {
        let vector = embed("Agento is a managed hosting platform.");
        let sum: f32 = (1_u16..)
            .zip(&vector)
            .map(|(at, x)| f32::from(at) * x)
            .sum();
        assert!((sum - PINNED).abs() < 0.01, "{sum}");
    }

    const PINNED: f32 = 154.081;
}
