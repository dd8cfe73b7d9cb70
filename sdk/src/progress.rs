//! News of a long call, for whoever watches it.

use crate::host;

/// Reports how far the call is; `fraction` is from 0.0 to 1.0 when it is known.
pub fn report(message: &str, fraction: Option<f32>) {
    host::progress::report(message, fraction);
}
