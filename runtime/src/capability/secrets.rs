//! `skillgate:skill/secrets`: whether a secret is there. There is no function that gives its value.

use std::sync::Arc;

use skillgate_skill::Permissions;
use wasmtime::component::HasSelf;

use super::Capability;
use crate::bindings::skillgate::skill::secrets;
use crate::state::State;

/// All that linking and loading know of it.
pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["skillgate:skill/secrets"],
    is_in: |permissions| !permissions.secrets.is_empty(),
    part_of: |permissions| Permissions {
        secrets: permissions.secrets.clone(),
        ..Permissions::default()
    },
    link: |linker| secrets::add_to_linker::<State, HasSelf<State>>(linker, |state| state),
    example: "metadata:\n  skillgate:\n    permissions:\n      secrets:\n        - name: THE_SECRET\n          inject: bearer\n          host: the-host-it-is-sent-to.example\n",
};

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
