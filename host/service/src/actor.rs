//! Who acts.

use crate::{AccountId, Scopes};

/// Whoever a service acts for: an account, by one of its keys.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The account.
    pub account: AccountId,
    /// The id of the API key, or what stands in its place where the host acts by itself.
    pub key: String,
    /// What the key may do. Surfaces check it before they call a service.
    pub scopes: Scopes,
    /// Whether the key is an operator's: it also sees what belongs to the server and to every account.
    pub is_operator: bool,
}

impl Actor {
    /// The host itself, acting for an account; `name` is what the store says of who it was.
    pub fn host(account: AccountId, name: &str) -> Self {
        Self {
            account,
            key: name.to_owned(),
            scopes: Scopes::from_names(&["admin"]),
            is_operator: false,
        }
    }
}
