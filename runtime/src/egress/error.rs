//! What can go wrong with a request that leaves the host.

use std::net::IpAddr;
use std::time::Duration;

use skillgate_skill::Denial;

/// Why a request got no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EgressError {
    /// The rules of whoever asked do not allow it.
    #[error("{0}")]
    Denied(Denial),
    /// The operator's floor does not allow it.
    #[error("{0}")]
    Blocked(Blocked),
    /// The name has no address.
    #[error("the name {0} could not be resolved")]
    Dns(String),
    /// Nobody said in time which addresses the name has.
    #[error("looking the name {0} up took too long")]
    DnsTimeout(String),
    /// As many requests are under way as may be.
    #[error("too many requests are under way; this one waited {0:?} for a place")]
    Busy(Duration),
    /// Nobody answers there.
    #[error("connecting to {0} failed")]
    Connect(String),
    /// It took too long.
    #[error("no complete answer in time")]
    Timeout,
    /// Redirects went round and round.
    #[error("more than {0} redirects")]
    TooManyRedirects(u32),
    /// A redirect points to nowhere.
    #[error("the redirect to {0:?} is no usable address")]
    BadRedirect(String),
    /// The request's body is too large.
    #[error("the request's body is larger than {0} bytes")]
    RequestTooLarge(u64),
    /// The response's head is too large.
    #[error("the response's headers are larger than {0} bytes")]
    HeadTooLarge(u64),
    /// The response's body is too large.
    #[error("the response's body is larger than {0} bytes")]
    ResponseTooLarge(u64),
    /// The address or a header cannot be sent.
    #[error("the request is malformed: {0}")]
    BadRequest(String),
    /// The other side broke HTTP or hung up.
    #[error("the exchange failed: {0}")]
    Exchange(String),
    /// The client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Client(String),
}

impl EgressError {
    /// The denial behind this error, for both the rules and the floor.
    pub fn denial(&self) -> Option<Denial> {
        match self {
            Self::Denied(denial) => Some(denial.clone()),
            Self::Blocked(blocked) => Some(blocked.denial()),
            _ => None,
        }
    }
}

/// The floor refused an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} is at {address}, which is {kind}: the operator's network floor blocks it")]
pub struct Blocked {
    /// The host of the URL.
    pub host: String,
    /// The address it resolved to.
    pub address: IpAddr,
    /// What kind of address that is.
    pub kind: &'static str,
}

impl Blocked {
    /// The same as a denial. No YAML in a manifest helps here, and it says so.
    pub fn denial(&self) -> Denial {
        Denial {
            tried: format!("connect to {} ({})", self.host, self.address),
            reason: format!(
                "the address is {}, which the operator's network floor blocks",
                self.kind
            ),
            remedy: "No permission of a skill lifts that; only the operator can allow the network."
                .to_owned(),
            yaml: String::new(),
        }
    }
}
