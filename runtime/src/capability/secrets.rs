//! `skillgate:skill/secrets`: whether a secret is there. There is no function that gives its value.

use std::sync::Arc;

use crate::bindings::skillgate::skill::secrets;
use crate::state::State;

impl secrets::Host for State {
    async fn exists(&mut self, name: String) -> wasmtime::Result<bool> {
        self.meter.count_host_call();
        let shared = Arc::clone(&self.shared);
        if let Err(denial) = shared.effective.secret(&name) {
            shared.deny(denial);
            return Ok(false);
        }
        Ok(shared.secrets.exists(&name).await)
    }
}
