//! Which language model answers for an agent.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use skillgate_agent::provider::{PROVIDERS, ProviderConnection, ProviderKind, ProviderService};
use skillgate_agent::{HttpClient, Provider, RetryPolicy, Scripted};
use skillgate_runtime::Secret;

use crate::ServiceError;

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
    /// What the operator set for each, by its name.
    pub operators: BTreeMap<&'static str, OperatorProvider>,
    /// The provider for an agent that names none and has no credential.
    pub default_provider: Option<String>,
    /// The script that the provider `scripted` plays; without one there is no such provider.
    pub script: Option<Arc<Scripted>>,
    /// When a provider is asked again.
    pub retry: RetryPolicy,
}

/// What the operator set for one provider.
#[derive(Clone, Default)]
pub struct OperatorProvider {
    /// The credential, used when an agent has none of its own.
    pub api_key: Option<Secret>,
    /// Where its protocol is spoken, if not at the vendor's own address.
    pub base_url: Option<String>,
    /// The model for an agent whose `config.model` names none.
    pub model: Option<String>,
}

impl ProviderConfig {
    /// Chooses for an agent: what its `config.llmProvider` names, else the one whose credential it has, else the one whose
    /// credential its swarm has, else the operator's default, else the first that the operator has a key for. `holders` are the
    /// agent and then its swarm, as functions that say whether they have a secret of this name. An agent that brings a
    /// credential, by itself or by its swarm, is never answered for by another provider's.
    ///
    /// # Errors
    /// `Invalid` when that leaves none, or one that can't be used for want of a credential.
    pub(crate) fn choose(
        &self,
        config: &Value,
        holders: &[&dyn Fn(&str) -> bool],
    ) -> Result<&'static ProviderKind, ServiceError> {
        let kind = match named(config)? {
            Some(name) => self.by_name(name)?,
            None => match brought(holders)? {
                Some(brought) => brought,
                None => self.operators_choice()?,
            },
        };
        let is_brought = |service: &ProviderService| holders.iter().any(|has| has(service.secret));
        match &kind.service {
            Some(service) if !is_brought(service) && self.operators_key(kind).is_none() => {
                Err(no_credential(service))
            }
            _ => Ok(kind),
        }
    }

    /// The provider itself, with the credential that the agent or its swarm brings when one does.
    pub(crate) fn make<'a>(
        &'a self,
        kind: &ProviderKind,
        own_key: impl Fn(&str) -> Option<&'a Secret>,
    ) -> Result<Arc<dyn Provider>, ServiceError> {
        let own = kind.service.as_ref();
        let own = own.and_then(|service| own_key(service.secret));
        let key = own.or_else(|| self.operators_key(kind));
        if let (Some(service), None) = (&kind.service, key) {
            let message = format!(
                "The agent has no credential for {} any more.",
                service.title
            );
            return Err(ServiceError::invalid(message));
        }
        let vendor = kind.service.as_ref();
        let vendor = vendor.map_or("", |service| service.default_base_url);
        let set = self.operators.get(kind.name);
        let connected = (kind.connect)(ProviderConnection {
            http: self.http.clone(),
            base_url: set
                .and_then(|one| one.base_url.as_deref())
                .unwrap_or(vendor),
            api_key: key.map_or("", |key| key.expose().trim()),
            script: self.script.as_ref(),
        });
        connected.map_err(|error| ServiceError::provider(error.to_string()))
    }

    /// The model that an agent uses: its `config.model`, else the operator's.
    pub(crate) fn model(&self, kind: &ProviderKind, config: &Value) -> String {
        let operators = self.operators.get(kind.name);
        let operators = operators.and_then(|one| one.model.as_deref());
        let own = config.get("model").and_then(Value::as_str);
        own.or(operators).unwrap_or(kind.default_model).to_owned()
    }

    /// The operator's credentials, none of which may leave.
    pub(crate) fn operators_keys(&self) -> impl Iterator<Item = &Secret> {
        let set = self.operators.values();
        set.filter_map(|one| one.api_key.as_ref())
    }

    fn operators_key(&self, kind: &ProviderKind) -> Option<&Secret> {
        self.operators.get(kind.name)?.api_key.as_ref()
    }

    /// The default; else the first that the operator has a key for; else the first that needs one, to say so.
    fn operators_choice(&self) -> Result<&'static ProviderKind, ServiceError> {
        if let Some(name) = &self.default_provider {
            return self.by_name(name);
        }
        let has_key = |kind: &&ProviderKind| self.operators_key(kind).is_some();
        let keyed = PROVIDERS.into_iter().find(has_key);
        keyed
            .or_else(|| first_with(|_| true))
            .ok_or_else(|| ServiceError::invalid("config.llmProvider: name one."))
    }

    fn by_name(&self, name: &str) -> Result<&'static ProviderKind, ServiceError> {
        match ProviderKind::named(name) {
            Some(kind) if kind.name == "scripted" && self.script.is_none() => {
                Err(ServiceError::invalid(
                    "config.llmProvider: `scripted` needs a script that the operator configured, and there is none.",
                ))
            }
            Some(kind) => Ok(kind),
            None => {
                let shown: String = name.chars().take(64).collect();
                // A script is the operator's own: nobody is told to use it.
                let served = PROVIDERS.iter().filter(|kind| kind.name != "scripted");
                let served: Vec<String> = served.map(|kind| format!("`{}`", kind.name)).collect();
                Err(ServiceError::invalid(format!(
                    "config.llmProvider: {shown:?} is not served here. Use {}.",
                    served.join(" or ")
                )))
            }
        }
    }
}

/// The provider whose credential the first holder has that has one.
fn brought(
    holders: &[&dyn Fn(&str) -> bool],
) -> Result<Option<&'static ProviderKind>, ServiceError> {
    for has_secret in holders {
        let kind = first_with(|service| has_secret(service.secret));
        if kind.is_some() {
            return Ok(kind);
        }
        refuse_not_served(has_secret)?;
    }
    Ok(None)
}

/// The first provider whose service fits.
fn first_with(fits: impl Fn(&ProviderService) -> bool) -> Option<&'static ProviderKind> {
    let fits = |kind: &&ProviderKind| kind.service.as_ref().is_some_and(&fits);
    PROVIDERS.into_iter().find(fits)
}

fn no_credential(service: &ProviderService) -> ServiceError {
    ServiceError::invalid(format!(
        "secrets: the agent needs a credential for its language model. Give secrets.{}, or choose the offline model with \
         config.llmProvider `demo`.",
        service.secret_field
    ))
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
