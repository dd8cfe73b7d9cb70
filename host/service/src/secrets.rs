//! An agent's secrets: written, never read back.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use skillgate_agent::provider::PROVIDERS;
use skillgate_store::SecretText;

use crate::ServiceError;
use crate::config::{MAX_SECRET_BYTES, MAX_SECRET_NAME_BYTES, MAX_SECRET_VALUE_BYTES, MAX_SECRETS};

/// The names that the API spells in camel case, and the names they are kept under.
const SPELLINGS: [(&str, &str); 6] = [
    ("anthropicApiKey", "anthropic_api_key"),
    ("openaiApiKey", "openai_api_key"),
    ("googleApiKey", "google_api_key"),
    ("telegramBotToken", "telegram_bot_token"),
    ("slackBotToken", "slack_bot_token"),
    ("slackAppToken", "slack_app_token"),
];

/// The name that a secret is kept under: `anthropicApiKey` and `anthropic_api_key` are one.
pub(crate) fn kept_name(name: &str) -> &str {
    SPELLINGS
        .iter()
        .find(|(spelled, _)| *spelled == name)
        .map_or(name, |(_, kept)| kept)
}

/// Whether a kept name is a credential of the agent itself, for its model or a channel, which no skill is given.
pub(crate) fn is_platform(kept: &str) -> bool {
    let mut services = PROVIDERS.iter().filter_map(|kind| kind.service.as_ref());
    SPELLINGS.iter().any(|(_, platform)| *platform == kept)
        || services.any(|service| service.secret == kept)
}

/// The credentials of model providers: the names they are kept under.
const PROVIDER_CREDENTIALS: [&str; 3] = ["anthropic_api_key", "openai_api_key", "google_api_key"];

/// Whether a kept name is a credential of a model provider.
pub(crate) fn is_provider_credential(kept: &str) -> bool {
    let mut services = PROVIDERS.iter().filter_map(|kind| kind.service.as_ref());
    PROVIDER_CREDENTIALS.contains(&kept) || services.any(|service| service.secret == kept)
}

/// Checks secrets as they come in a request, and gives them under the names they are kept under.
///
/// # Errors
/// `Invalid` naming the first secret that is no text of 1 to 16384 bytes, or whose name is none. Never its value. Also `Invalid` when
/// one request has more of them than an agent may have; whether they fit beside those that the agent has, the store
/// finds out. `null` means absent.
pub(crate) fn parse(given: &Map<String, Value>) -> Result<BTreeMap<String, String>, ServiceError> {
    if given.len() > MAX_SECRETS {
        return Err(ServiceError::invalid(format!(
            "secrets: at most {MAX_SECRETS} in one request."
        )));
    }
    let mut secrets = BTreeMap::new();
    for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        let name = parse_name(name)?;
        // Kept as it was sent: a key in PEM ends in a line feed.
        let text = value
            .as_str()
            .filter(|text| !text.trim().is_empty() && text.len() <= MAX_SECRET_VALUE_BYTES);
        let Some(text) = text else {
            let message =
                format!("secrets.{name}: must be a text of 1 to {MAX_SECRET_VALUE_BYTES} bytes.");
            return Err(ServiceError::invalid(message));
        };
        secrets.insert(name.to_owned(), text.to_owned());
    }
    let bytes: usize = secrets.values().map(String::len).sum();
    if bytes > MAX_SECRET_BYTES {
        return Err(ServiceError::invalid(format!(
            "secrets: they have {bytes} bytes together; an agent's may have {MAX_SECRET_BYTES}."
        )));
    }
    Ok(secrets)
}

/// Checks the names of secrets that are to be deleted, and gives the names they are kept under.
///
/// # Errors
/// `Invalid` when there are more than an agent can have, or one is no name.
pub(crate) fn parse_deletes(names: &[String]) -> Result<Vec<String>, ServiceError> {
    if names.len() > MAX_SECRETS {
        return Err(ServiceError::invalid(format!(
            "deleteSecrets: at most {MAX_SECRETS} in one request."
        )));
    }
    let kept = names.iter().map(|name| parse_name(name).map(str::to_owned));
    kept.collect()
}

/// Checks a secret's name and gives the name it is kept under; `Invalid` when it is none.
pub(crate) fn parse_name(name: &str) -> Result<&str, ServiceError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if (1..=MAX_SECRET_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(kept_name(name));
    }
    let shown: String = name.chars().take(MAX_SECRET_NAME_BYTES).collect();
    let message = format!(
        "secrets: {shown:?} is no name of a secret. Use 1 to {MAX_SECRET_NAME_BYTES} of `A-Z a-z 0-9 _ - .`."
    );
    Err(ServiceError::invalid(message))
}

/// The same values, as the store takes them.
pub(crate) fn sealed(secrets: BTreeMap<String, String>) -> BTreeMap<String, SecretText> {
    let sealed = secrets.into_iter();
    sealed
        .map(|(name, value)| (name, SecretText::new(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(given: Value) -> Result<BTreeMap<String, String>, ServiceError> {
        parse(given.as_object().unwrap())
    }

    #[test]
    fn both_spellings_are_one_name() {
        let secrets = parsed(json!({ "anthropicApiKey": "sk-1", "WEATHER_TOKEN": "t" })).unwrap();
        assert_eq!(secrets["anthropic_api_key"], "sk-1");
        assert_eq!(secrets["WEATHER_TOKEN"], "t");
    }

    #[test]
    fn a_value_is_kept_as_it_was_sent_and_null_is_none() {
        let pem = "-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n";
        let secrets = parsed(json!({ "KEY": pem, "openaiApiKey": null })).unwrap();
        assert_eq!(secrets, BTreeMap::from([("KEY".into(), pem.into())]));
        assert!(parsed(json!({ "KEY": " \n" })).is_err());
    }

    #[test]
    fn a_refusal_names_the_secret_and_not_its_value() {
        let error = parsed(json!({ "slackBotToken": ["hunter2"] })).unwrap_err();
        assert!(
            error.message().contains("secrets.slack_bot_token")
                && !error.message().contains("hunter2")
        );
        assert!(parsed(json!({ "a b": "x" })).is_err());
        assert!(parsed(json!({ "a": "" })).is_err());
    }

    #[test]
    fn one_request_has_at_most_what_an_agent_may_have() {
        let values = |count: usize, length: usize| {
            let value = |n| (format!("s{n}"), json!("x".repeat(length)));
            Value::Object((0..count).map(value).collect())
        };
        assert!(parsed(values(64, 256)).is_ok());
        for (count, length) in [(65, 1), (64, 257), (3, 16 << 10)] {
            assert!(parsed(values(count, length)).is_err());
        }
        let names = |count| vec!["a".to_owned(); count];
        assert!(parse_deletes(&names(64)).is_ok());
        assert!(parse_deletes(&names(65)).is_err());
    }
}
