//! Who a request comes from: what it presents is looked up or verified, and remembered for a second.

mod cache;
mod caller;
mod glance;
mod identity_documents;
mod identity_keys;
mod identity_provider;
mod issuer_url;
mod lookup;
mod token_keys;

pub use self::cache::{CallerCache, Presented};
pub use self::caller::{Credential, KnownCaller};
use self::glance::Glance;
pub(crate) use self::identity_provider::IdentityProvider;
pub use self::identity_provider::IdentityProviderConfig;
pub use self::issuer_url::IssuerUrl;
pub(crate) use self::lookup::CredentialLookup;
pub(crate) use self::token_keys::{Claims, TokenKeys};
