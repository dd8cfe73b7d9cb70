//! The ordinary way: `rustup target add`.

use super::TARGET;
use crate::{Result, process};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A download of 25 MB on a slow line; where nothing can be downloaded rustup may wait for ever.
const LIMIT: Duration = Duration::from_secs(120);

/// Whether the ordinary rustc has the target's standard library.
pub(super) fn has_target() -> bool {
    let folder =
        process::read(process::rustc().args(["--print", "target-libdir", "--target", TARGET]));
    folder.is_ok_and(|folder| Path::new(&folder).is_dir())
}

/// Installs the target.
///
/// # Errors
/// When there is no rustup, it fails, or it takes longer than [`LIMIT`].
pub(super) fn install() -> Result<()> {
    if process::on_path("rustup").is_none() {
        return Err("there is no rustup".into());
    }
    let mut rustup = Command::new("rustup");
    rustup
        .args(["target", "add", TARGET])
        .env("RUST_BACKTRACE", "0");
    process::run_within(&mut rustup, LIMIT)?;
    if has_target() {
        Ok(())
    } else {
        Err("rustup succeeded, but rustc still lacks the target".into())
    }
}
