//! The address of a request that leaves the host: rules, and under them the floor.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use skillgate_runtime::{Egress, EgressError, EgressPolicy, RequestPolicy};
use skillgate_skill::{Denial, Effective};
use tokio::runtime::{Builder, Runtime};
use url::{Host, Url};

/// The input is a method, a space and a URL, as a guest gives them.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (method, url) = text.split_once(' ').unwrap_or(("GET", text));
    let request = http::Request::builder().method(method).uri(url);
    let Ok(request) = request.body(Bytes::new()) else {
        return;
    };
    let (runtime, egress) = door();
    let sent = runtime.block_on(egress.fetch(request, &Inwards));
    match sent {
        Err(EgressError::Denied(_) | EgressError::Blocked(_) | EgressError::BadRequest(_)) => {}
        Err(other) => panic!("it went beyond the floor: {other}"),
        Ok(answer) => panic!("it was answered: {}", answer.status()),
    }
}

fn door() -> &'static (Runtime, Egress) {
    static DOOR: OnceLock<(Runtime, Egress)> = OnceLock::new();
    DOOR.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build();
        let policy = EgressPolicy {
            connect_timeout: Duration::from_millis(100),
            ..EgressPolicy::default()
        };
        let runtime = runtime.expect("a runtime for one thread");
        (runtime, Egress::new(policy))
    })
}

/// Allows exactly what must not be reached: literal addresses inside the host's own networks. Nothing that the floor
/// lets through is ever tried, so that nothing leaves this machine.
struct Inwards;

impl RequestPolicy for Inwards {
    fn account(&self) -> &str {
        "fuzz"
    }

    fn allow(&self, method: &Method, url: &Url) -> Result<(), Denial> {
        let decided = Effective::new(Default::default(), Default::default());
        let denial = decided.http(method.as_str(), url);
        let denial = denial.expect_err("nothing is permitted by nothing");
        if is_inside(url) { Ok(()) } else { Err(denial) }
    }
}

fn is_inside(url: &Url) -> bool {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical(),
        _ => return false,
    };
    match address {
        IpAddr::V4(v4) => {
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_unspecified()
        }
    }
}
