//! Which models serve which tier of an account.

use serde::{Deserialize, Serialize};
use skillgate_agent::provider::{PROVIDERS, ProviderKind};

use crate::ServiceError;
use crate::config::{MAX_MODEL_NAME_CHARS, MAX_MODELS_PER_TIER};

/// The models of each tier, as `provider/model`, in the order in which they are tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelTiers {
    /// For simple work.
    pub low: Vec<String>,
    /// For most work.
    pub medium: Vec<String>,
    /// For hard work.
    pub high: Vec<String>,
}

impl ModelTiers {
    /// Checks every model.
    ///
    /// # Errors
    /// `Invalid` naming the first that is not acceptable.
    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        for (tier, models) in [
            ("low", &self.low),
            ("medium", &self.medium),
            ("high", &self.high),
        ] {
            if models.len() > MAX_MODELS_PER_TIER {
                return Err(ServiceError::invalid(format!(
                    "{tier}: at most {MAX_MODELS_PER_TIER} models."
                )));
            }
            for (place, model) in models.iter().enumerate() {
                check_model(model)
                    .map_err(|why| ServiceError::invalid(format!("{tier}[{place}]: {why}")))?;
            }
        }
        Ok(())
    }
}

/// Says what is wrong with a model's name.
fn check_model(name: &str) -> Result<(), String> {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    let (provider, model) = name.split_once('/').unwrap_or((name, ""));
    if model.is_empty() || name.chars().count() > MAX_MODEL_NAME_CHARS || !name.chars().all(plain) {
        return Err(format!(
            "write the model as `provider/model`, with at most {MAX_MODEL_NAME_CHARS} characters and no spaces."
        ));
    }
    match ProviderKind::named(provider) {
        Some(_) => Ok(()),
        None => {
            // A script is the operator's own.
            let served = PROVIDERS.iter().filter(|kind| kind.name != "scripted");
            let served: Vec<String> = served.map(|kind| format!("`{}`", kind.name)).collect();
            Err(format!(
                "the provider `{provider}` is not served here. Use {}.",
                served.join(" or ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_has_a_known_provider_and_a_plain_name() {
        for good in ["anthropic/claude-sonnet-4-6", "demo/a/b"] {
            assert_eq!(check_model(good), Ok(()));
        }
        let long = format!("demo/{}", "x".repeat(MAX_MODEL_NAME_CHARS));
        for wrong in [
            "",
            "claude",
            "anthropic/",
            "hal/9000",
            "anthropic/a b",
            "demo/\n",
            &long,
        ] {
            assert!(check_model(wrong).is_err(), "{wrong}");
        }
    }
}
