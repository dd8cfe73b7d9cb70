//! A provider as one value: all that the host knows of it before anybody asks it.

use std::sync::Arc;

use super::{HttpClient, Provider, ProviderError, anthropic, demo, scripted};
use crate::Scripted;

/// A provider that agents can use. The value stands in the provider's own file.
#[derive(Debug)]
pub struct ProviderKind {
    /// Its name in `config.llmProvider`.
    pub name: &'static str,
    /// The service behind it; `None` where the host answers by itself.
    pub service: Option<ProviderService>,
    /// The model for agents that name none, when the operator names none either.
    pub default_model: &'static str,
    /// Makes the provider.
    pub connect: fn(ProviderConnection<'_>) -> Result<Arc<dyn Provider>, ProviderError>,
}

/// A service that is reached over HTTP with a credential.
#[derive(Debug)]
pub struct ProviderService {
    /// Its name for people.
    pub title: &'static str,
    /// The name that an agent's credential is kept under.
    pub secret: &'static str,
    /// The name that the API gives that credential.
    pub secret_field: &'static str,
    /// The variable with the operator's credential, as the vendor's own client reads it.
    pub api_key_variable: &'static str,
    /// The variable with the address, as the vendor's own client reads it.
    pub base_url_variable: &'static str,
    /// The variable with the model of agents that name none.
    pub model_variable: &'static str,
    /// The vendor's own address.
    pub default_base_url: &'static str,
}

/// What a provider is made of.
pub struct ProviderConnection<'a> {
    /// The client for all of them.
    pub http: HttpClient,
    /// Where its service is; empty for those without one.
    pub base_url: &'a str,
    /// The credential; empty for those without a service.
    pub api_key: &'a str,
    /// The operator's script, if there is one.
    pub script: Option<&'a Arc<Scripted>>,
}

/// All providers, in the order in which one is chosen for an agent that names none.
pub const PROVIDERS: [&ProviderKind; 3] = [&anthropic::KIND, &scripted::KIND, &demo::KIND];

impl ProviderKind {
    /// The provider of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROVIDERS.into_iter().find(|kind| kind.name == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_secrets_and_variables_are_each_of_one_provider() {
        let services = || PROVIDERS.iter().filter_map(|kind| kind.service.as_ref());
        let names: BTreeSet<&str> = PROVIDERS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), PROVIDERS.len());
        let words = services().flat_map(|one| {
            [
                one.secret,
                one.secret_field,
                one.api_key_variable,
                one.base_url_variable,
                one.model_variable,
            ]
        });
        let all: Vec<&str> = words.collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(ProviderKind::named("anthropic").is_some() && ProviderKind::named("hal").is_none());
    }
}
