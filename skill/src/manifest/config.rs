//! `config`: the settings that a skill reads, declared so that a person can be asked for them.

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use super::check_identifier;
use crate::GrammarError;

/// One declared setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigKey {
    /// Its name, as the skill asks for it.
    #[serde(deserialize_with = "identifier")]
    pub key: String,
    /// What its text must be readable as.
    #[serde(rename = "type", default)]
    pub kind: ConfigType,
    /// The value where none was set, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// For the person who sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What the text of a setting must be readable as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfigType {
    /// Any text.
    #[default]
    String,
    /// A whole number of 64 bits.
    Integer,
    /// A finite number.
    Number,
    /// `true` or `false`.
    Boolean,
}

impl ConfigKey {
    /// Checks that `value` is of this setting's type.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self, value: &str) -> Result<(), GrammarError> {
        let (fits, what) = match self.kind {
            ConfigType::String => (true, "text"),
            ConfigType::Integer => (value.parse::<i64>().is_ok(), "an integer"),
            ConfigType::Number => (value.parse().is_ok_and(f64::is_finite), "a number"),
            ConfigType::Boolean => (matches!(value, "true" | "false"), "a boolean"),
        };
        let problem = || GrammarError::new(what, value, format!("`{}` must be one", self.key));
        fits.then_some(()).ok_or_else(problem)
    }
}

fn identifier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    check_identifier(&name).map_err(D::Error::custom)?;
    Ok(name)
}
