//! Which language model answers for an agent.

use std::sync::Arc;

use serde_json::Value;
use skillgate_agent::{Anthropic, Demo, HttpClient, Provider, RetryPolicy, Scripted};
use skillgate_runtime::Secret;

use crate::ServiceError;

/// The name under which an agent's own credential for Anthropic is kept.
pub(crate) const ANTHROPIC_SECRET: &str = "anthropic_api_key";

/// Providers that are not served yet, the names that an agent's credential for them is kept under, and those that the API
/// gives it.
const NOT_SERVED: [(&str, &str, &str); 2] = [
    ("openai", "openai_api_key", "openaiApiKey"),
    ("google", "google_api_key", "googleApiKey"),
];

/// What the operator says about providers.
#[derive(Clone)]
pub struct ProviderConfig {
    /// The client for all of them.
    pub http: HttpClient,
    /// Where the Anthropic protocol is spoken, as the vendor's own client reads `ANTHROPIC_BASE_URL`.
    pub anthropic_base_url: String,
    /// The operator-wide credential, used when an agent has none of its own.
    pub anthropic_key: Option<Secret>,
    /// The model for an agent whose `config.model` names none.
    pub anthropic_model: String,
    /// The provider for an agent that names none and has no credential: `anthropic`, `demo` or `scripted`.
    pub default_provider: Option<String>,
    /// The script that the provider `scripted` plays; without one there is no such provider.
    pub script: Option<Arc<Scripted>>,
    /// When a provider is asked again.
    pub retry: RetryPolicy,
}

/// A provider that an agent can use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The Anthropic protocol.
    Anthropic,
    /// Plays the operator's script.
    Scripted,
    /// No language model: calls the tool that the message names.
    Demo,
}

impl Choice {
    /// Its name in `config.llmProvider`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Scripted => "scripted",
            Self::Demo => "demo",
        }
    }
}

impl ProviderConfig {
    /// Chooses for an agent: what its `config.llmProvider` names, else the one whose credential it has, else the
    /// operator's default, else the first that the operator has a key for. `has_secret` says whether the agent has a
    /// secret of this name. An agent that brings a credential is never answered for by another provider's.
    ///
    /// # Errors
    /// `Invalid` when that leaves none, or one that can't be used for want of a credential.
    pub(crate) fn choose(
        &self,
        config: &Value,
        has_secret: impl Fn(&str) -> bool,
    ) -> Result<Choice, ServiceError> {
        let own_key = has_secret(ANTHROPIC_SECRET);
        let choice = match named(config)? {
            Some(name) => self.by_name(name)?,
            None if own_key => Choice::Anthropic,
            None => {
                refuse_not_served(has_secret)?;
                match &self.default_provider {
                    Some(name) => self.by_name(name)?,
                    None => Choice::Anthropic,
                }
            }
        };
        if choice == Choice::Anthropic && !own_key && self.anthropic_key.is_none() {
            return Err(ServiceError::invalid(
                "secrets: the agent needs a credential for its language model. Give secrets.anthropicApiKey, or choose \
                 the offline model with config.llmProvider `demo`.",
            ));
        }
        Ok(choice)
    }

    /// The provider itself, with the agent's own credential when it has one.
    pub(crate) fn make(
        &self,
        choice: Choice,
        own_key: Option<Secret>,
    ) -> Result<Arc<dyn Provider>, ServiceError> {
        match choice {
            Choice::Demo => Ok(Arc::new(Demo)),
            Choice::Scripted => self
                .script
                .clone()
                .map(|script| script as _)
                .ok_or_else(no_script),
            Choice::Anthropic => {
                let key = own_key.or_else(|| self.anthropic_key.clone());
                let key = key.ok_or_else(|| {
                    ServiceError::invalid("The agent has no credential for Anthropic any more.")
                })?;
                let provider = Anthropic::new(
                    self.http.clone(),
                    &self.anthropic_base_url,
                    key.expose().trim(),
                );
                Ok(Arc::new(provider.map_err(|error| {
                    ServiceError::provider(error.to_string())
                })?))
            }
        }
    }

    /// The model that an agent uses: its `config.model`, else the operator's.
    pub(crate) fn model(&self, choice: Choice, config: &Value) -> String {
        let default = match choice {
            Choice::Anthropic => &self.anthropic_model,
            other => other.name(),
        };
        config
            .get("model")
            .and_then(Value::as_str)
            .unwrap_or(default)
            .to_owned()
    }

    fn by_name(&self, name: &str) -> Result<Choice, ServiceError> {
        match name {
            "anthropic" => Ok(Choice::Anthropic),
            "demo" => Ok(Choice::Demo),
            "scripted" if self.script.is_some() => Ok(Choice::Scripted),
            "scripted" => Err(no_script()),
            other => {
                let shown: String = other.chars().take(64).collect();
                let message = format!(
                    "config.llmProvider: {shown:?} is not served here. Use `anthropic` or `demo`."
                );
                Err(ServiceError::invalid(message))
            }
        }
    }
}

/// `Invalid` when the agent's own credential is for a provider that is not served.
fn refuse_not_served(has_secret: impl Fn(&str) -> bool) -> Result<(), ServiceError> {
    let brought = NOT_SERVED.iter().find(|(_, kept, _)| has_secret(kept));
    match brought {
        None => Ok(()),
        Some((provider, _, secret)) => Err(ServiceError::invalid(format!(
            "secrets.{secret}: agents cannot use the provider `{provider}` here yet. Give secrets.anthropicApiKey, or \
             choose another provider with config.llmProvider."
        ))),
    }
}

fn named(config: &Value) -> Result<Option<&str>, ServiceError> {
    match config.get("llmProvider") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Ok(Some(name)),
        Some(_) => Err(ServiceError::invalid(
            "config.llmProvider: must be a text, such as `anthropic`.",
        )),
    }
}

fn no_script() -> ServiceError {
    ServiceError::invalid(
        "config.llmProvider: `scripted` needs a script that the operator configured, and there is none.",
    )
}
