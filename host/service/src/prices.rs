//! What calls of language models cost, from the table in `prices.json`, which names its source and its date.

use std::sync::LazyLock;

use serde::Deserialize;
use skillgate_agent::Usage;
use skillgate_agent::provider::ProviderKind;

/// The table. Its form is tested, so it is never the empty one that stands in for an unreadable one.
static PRICES: LazyLock<PriceTable> =
    LazyLock::new(|| serde_json::from_str(include_str!("../prices.json")).unwrap_or_default());

#[derive(Default, Deserialize)]
struct PriceTable {
    models: Vec<Price>,
}

/// Prices of one model, in US dollars for one million tokens.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Price {
    /// `provider/model`, without the date of a snapshot.
    model: String,
    input: f64,
    cache_write: f64,
    cache_read: f64,
    output: f64,
    /// The most input tokens of a call for which these prices hold.
    max_input_tokens: Option<u64>,
}

/// What a call of `provider`'s `model` cost, in billionths of a US dollar. Providers that the host itself plays cost nothing;
/// `None` where the price is not known.
pub(crate) fn cost_nanos(provider: &str, model: &str, usage: Usage) -> Option<i64> {
    if ProviderKind::named(provider).is_some_and(|kind| kind.service.is_none()) {
        return Some(0);
    }
    let name = format!("{provider}/{}", without_date(model));
    let price = PRICES.models.iter().find(|price| price.model == name)?;
    if price
        .max_input_tokens
        .is_some_and(|most| usage.all_input() > most)
    {
        return None;
    }
    let parts = [
        (price.input, usage.input_tokens),
        (price.cache_write, usage.cache_write_tokens),
        (price.cache_read, usage.cache_read_tokens),
        (price.output, usage.output_tokens),
    ];
    let costs =
        parts.map(|(dollars, tokens)| nanos_per_token(dollars).saturating_mul(count(tokens)));
    Some(costs.into_iter().fold(0, i64::saturating_add))
}

/// Dollars for a million tokens as billionths of a dollar for one: prices have at most three decimals.
fn nanos_per_token(dollars: f64) -> i64 {
    (dollars * 1_000.0).round() as i64
}

/// More tokens than a year of the fastest model: no sum of such figures overflows.
const MAX_TOKENS: u64 = 1_000_000_000;

/// A figure of a provider, bounded.
pub(crate) fn count(tokens: u64) -> i64 {
    i64::try_from(tokens.min(MAX_TOKENS)).unwrap_or(i64::MAX)
}

/// `claude-sonnet-4-5` for `claude-sonnet-4-5-20250929`: snapshots cost what their model costs.
fn without_date(model: &str) -> &str {
    match model.rsplit_once('-') {
        Some((name, date)) if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) => {
            name
        }
        _ => model,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, output: u64) -> Usage {
        Usage {
            input_tokens: input,
            output_tokens: output,
            ..Usage::default()
        }
    }

    #[test]
    fn the_table_is_read_and_names_its_source_and_date() {
        let text = include_str!("../prices.json");
        let table: serde_json::Value = serde_json::from_str(text).unwrap();
        assert!(table["source"].as_str().unwrap().starts_with("https://"));
        assert_eq!(table["checked"].as_str().unwrap().len(), 10);
        assert_eq!(
            PRICES.models.len(),
            table["models"].as_array().unwrap().len()
        );
        assert!(PRICES.models.len() > 5);
    }

    #[test]
    fn a_million_tokens_cost_what_the_table_says() {
        let million = usage(1_000_000, 1_000_000);
        let dollars =
            |model| cost_nanos("anthropic", model, million).map(|nanos| nanos as f64 / 1e9);
        assert_eq!(dollars("claude-sonnet-4-6"), Some(18.0));
        assert_eq!(dollars("claude-haiku-4-5-20251001"), Some(6.0));
        let cached = Usage {
            cache_read_tokens: 1_000_000,
            cache_write_tokens: 1_000_000,
            ..Usage::default()
        };
        assert_eq!(
            cost_nanos("anthropic", "claude-opus-4-6", cached),
            Some(6_750_000_000)
        );
    }

    #[test]
    fn what_is_not_known_has_no_price() {
        assert_eq!(cost_nanos("anthropic", "claude-next", usage(1, 1)), None);
        assert_eq!(cost_nanos("hal", "claude-opus-4-6", usage(1, 1)), None);
        let long = usage(200_001, 1);
        assert_eq!(cost_nanos("anthropic", "claude-sonnet-4-5", long), None);
        assert_eq!(cost_nanos("demo", "demo", usage(1, 1)), Some(0));
        let absurd = usage(u64::MAX, u64::MAX);
        assert!(cost_nanos("anthropic", "claude-opus-4-6", absurd).is_some_and(|cost| cost > 0));
    }
}
