//! Where secrets come from. Their values go from the source into a request, and nowhere else.

use std::fmt;

use async_trait::async_trait;
use zeroize::Zeroizing;

/// A secret's value. Wiped from memory when dropped; never shown by `Debug`.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value in.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value itself. Only for putting it into a request.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secrets of the agent that a call is made for.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// Whether there is a value of this name.
    async fn exists(&self, name: &str) -> bool;
    /// The value, `None` when there is none.
    async fn value(&self, name: &str) -> Option<Secret>;
}

/// Has no secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

#[async_trait]
impl SecretSource for NoSecrets {
    async fn exists(&self, _name: &str) -> bool {
        false
    }

    async fn value(&self, _name: &str) -> Option<Secret> {
        None
    }
}
