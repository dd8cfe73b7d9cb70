//! `keys show`.

use super::Shown;
use crate::args::KeysShow;
use crate::exit::{Exit, OrExit, Outcome};
use crate::key_file::{self, KeyFile};
use crate::output::Output;

/// Prints the public half of a key; the passphrase is not needed.
pub(crate) fn run(arguments: KeysShow, output: &Output) -> Outcome {
    let path = match arguments.key {
        Some(path) => path,
        None => key_file::default_path()?,
    };
    if !path.exists() {
        let missing = anyhow::anyhow!(
            "there is no key at {}: make one with `skillgate keys new`",
            path.display()
        );
        return Err(missing).or_exit(Exit::NotFound);
    }
    let file = KeyFile::read(&path)?;
    output.result(&Shown::new(&path, &file)?, Shown::text)?;
    Ok(())
}
