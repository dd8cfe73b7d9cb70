//! `skillgate:skill/progress`: news of a long call. Always linked; counts as log lines.

use crate::bindings::skillgate::skill::progress;
use crate::sink::cut;
use crate::state::State;

impl progress::Host for State {
    async fn report(&mut self, message: String, fraction: Option<f32>) -> wasmtime::Result<()> {
        self.meter.count_host_call();
        let fraction = fraction
            .filter(|part| part.is_finite())
            .map(|part| part.clamp(0.0, 1.0));
        self.shared.log.count()?;
        self.shared.log.sink().progress(cut(&message), fraction);
        Ok(())
    }
}
