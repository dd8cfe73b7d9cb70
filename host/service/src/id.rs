//! Ids and names of things, checked where they come in and each of its own type, so that two of them cannot be mixed up.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use crate::ServiceError;

/// The most bytes of an id or a name.
const MAX_ID_BYTES: usize = 80;

/// Whether `text` can be the id or name of a row that the store made: bounded, plain characters.
fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(plain)
}

/// Defines a type for each: its documentation, its name, and the noun of its "not found".
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident $noun:literal,)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        /// What cannot be one names nothing that there is: not found.
        impl FromStr for $name {
            type Err = ServiceError;

            fn from_str(text: &str) -> Result<Self, ServiceError> {
                match is_id(text) {
                    true => Ok(Self(text.to_owned())),
                    false => Err(ServiceError::not_found($noun)),
                }
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

ids! {
    /// The id of an account.
    AccountId "account",
    /// The id of an agent.
    AgentId "agent",
    /// The id of an API key.
    ApiKeyId "api_key",
    /// The id of an entry of knowledge.
    KnowledgeEntryId "knowledge_entry",
    /// The id of a permission grant.
    PermissionGrantId "permission_grant",
    /// A publisher key: the id of its row, or its key id.
    PublisherKeyRef "publisher_key",
    /// The id of a run.
    RunId "run",
    /// The id of a session.
    SessionId "session",
    /// A skill: its name, or its UUID.
    SkillRef "skill",
    /// The id of a swarm.
    SwarmId "swarm",
    /// The id of a task.
    TaskId "task",
}

/// The number of an earlier version of an agent's SOUL.md, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonalityVersionNumber(pub i64);

impl FromStr for PersonalityVersionNumber {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, ServiceError> {
        let number = text.parse().map(Self);
        number.map_err(|_| ServiceError::not_found("personality_version"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_bounded_and_plain() {
        let agent = |text: &str| text.parse::<AgentId>();
        assert_eq!(&*agent("agent_01-Ab").unwrap(), "agent_01-Ab");
        assert!(agent(&"a".repeat(80)).is_ok());
        for wrong in ["", " ", "a b", "a/b", "a\0", "é", &"a".repeat(81)] {
            assert_eq!(agent(wrong).unwrap_err().code(), "agent_not_found");
        }
    }
}
