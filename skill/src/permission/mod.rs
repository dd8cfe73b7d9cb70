//! What a skill asks for, what was granted to it, and the decision with both.

mod asked;
mod denial;
mod effective;
mod files;
mod host;
mod http_request;
mod http_rule;
mod secret;
mod url_path;
mod yaml;

pub use asked::{KnowledgeAccess, KvPermission, LlmPermission, MAX_RULES, Permissions};
pub use denial::Denial;
pub use effective::Effective;
pub use files::{FileAccess, FilePermission};
pub use http_rule::HttpRule;
pub use secret::{Injection, SecretPermission};

/// Gives a type with `FromStr` and `Display` the serde form of its text.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;
