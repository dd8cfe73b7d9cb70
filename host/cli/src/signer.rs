//! The author's signing key: found, opened, asked for.

use std::io::IsTerminal;

use anyhow::Context;
use skillgate_skill::SigningKey;
use zeroize::Zeroizing;

use crate::args::KeyChoice;
use crate::environment;
use crate::exit::{Exit, Failure, OrExit, Outcome};
use crate::key_file::{self, KeyFile};

impl KeyChoice {
    /// The key that was chosen, opened with its passphrase when it is sealed.
    ///
    /// # Errors
    /// There is no such file, or the passphrase is wrong or cannot be asked for.
    pub(crate) fn open(&self) -> Outcome<SigningKey> {
        let path = match &self.key {
            Some(path) => path.clone(),
            None => key_file::default_path()?,
        };
        if !path.exists() {
            return Err(Failure::new(
                Exit::NotFound,
                format_args!(
                    "there is no signing key at {}: make one with `skillgate keys new`",
                    path.display()
                ),
            ));
        }
        let file = KeyFile::read(&path)?;
        file.signing_key(|| self.passphrase(&path))
            .or_exit(Exit::Refused)
    }

    fn passphrase(&self, path: &std::path::Path) -> anyhow::Result<Zeroizing<String>> {
        if let Some(value) = environment::value(&self.passphrase_env) {
            return Ok(value.into());
        }
        if !std::io::stdin().is_terminal() {
            anyhow::bail!(
                "{} is sealed: put its passphrase into {}",
                path.display(),
                self.passphrase_env
            );
        }
        let typed = rpassword::prompt_password(format!("Passphrase of {}: ", path.display()));
        Ok(Zeroizing::new(
            typed.context("the passphrase could not be read")?,
        ))
    }
}
