//! The providers of language models that the operator has a key for: whether their address answers.

use std::time::Duration;

use skillgate_agent::HttpClient;
use skillgate_agent::provider::{PROVIDERS, ProviderService};

use super::Finding;
use crate::environment;

/// How long an address may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks the address of every provider for which the environment has a key. The key is not sent.
pub(super) async fn check() -> Vec<Finding> {
    let services = PROVIDERS
        .into_iter()
        .filter_map(|kind| kind.service.as_ref());
    let (with_key, without): (Vec<_>, Vec<_>) =
        services.partition(|service| environment::value(service.api_key_variable).is_some());
    if with_key.is_empty() {
        let variables: Vec<_> = without.iter().map(|one| one.api_key_variable).collect();
        let found = format!(
            "no key of the operator's ({}): agents bring their own",
            variables.join(", ")
        );
        return vec![Finding::ok("providers", found)];
    }
    futures::future::join_all(with_key.into_iter().map(reach)).await
}

async fn reach(service: &ProviderService) -> Finding {
    const CHECK: &str = "provider";
    let address = environment::value(service.base_url_variable);
    let address = address.as_deref().unwrap_or(service.default_base_url);
    let title = service.title;
    let answered = async {
        let client = HttpClient::default()
            .get()
            .map_err(|error| error.to_string())?;
        let asked = client.get(address).timeout(TIMEOUT).send().await;
        asked.map_err(|error| error.without_url().to_string())
    };
    // Any answer is one: without a key it is a refusal.
    match answered.await {
        Ok(_) => Finding::ok(CHECK, format!("{title} answers at {address}")),
        Err(why) => Finding::warning(
            CHECK,
            format!("{title} does not answer at {address}: {why}"),
            format!(
                "open the way to it, or correct {}",
                service.base_url_variable
            ),
        ),
    }
}
