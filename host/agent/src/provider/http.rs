//! The client through which all providers are asked.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::ProviderError;

/// The longest time to make a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest silence inside an answer. Providers send pings far more often.
const SILENCE: Duration = Duration::from_secs(120);
/// Idle connections kept for each host: turns of a few agents follow each other on them without a new handshake.
const IDLE_PER_HOST: usize = 8;
/// How long an idle connection is kept: longer than a tool takes between two requests of a turn, not so long that
/// connections pile up.
const IDLE: Duration = Duration::from_secs(30);

/// The client for all providers: no redirects (they would carry the key elsewhere), no retries of its own
/// (a `POST` is retried by [`retry`](super::retry) alone), no proxy, whatever the environment names (to an `http://`
/// address it would be shown the key), bounded silence and idle connections. The head of an answer is bounded by hyper:
/// 100 headers and some 400 KB over HTTP/1, 16 KiB over HTTP/2. Clones share one, which holds the connections.
///
/// It is made at the first use, because reading a machine's root certificates takes a while: a server that starts need
/// not wait for it.
#[derive(Clone, Debug, Default)]
pub struct HttpClient(Arc<OnceLock<reqwest::Client>>);

impl HttpClient {
    /// The client, made now if it was not used before.
    ///
    /// # Errors
    /// [`ProviderError::Unreachable`] when the TLS settings of this machine can't be read.
    pub fn get(&self) -> Result<reqwest::Client, ProviderError> {
        if let Some(client) = self.0.get() {
            return Ok(client.clone());
        }
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .pool_idle_timeout(IDLE)
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .build()
            .map_err(|error| ProviderError::Unreachable(error.to_string()))?;
        Ok(self.0.get_or_init(|| client).clone())
    }
}
