//! The passphrase that seals the master key in a backup.

use std::io::IsTerminal;

use anyhow::{Context, bail};
use zeroize::Zeroizing;

use crate::environment;

/// The passphrase for a new backup: from the environment, or asked for twice at the terminal.
///
/// # Errors
/// There is neither, it is empty, or the two that were typed differ.
pub(crate) fn new_passphrase() -> anyhow::Result<Zeroizing<String>> {
    if let Some(given) = given() {
        return Ok(given);
    }
    let first = ask("Passphrase for the master key in the backup: ")?;
    if first.is_empty() {
        bail!("the passphrase is empty");
    }
    if ask("The same again: ")? != first {
        bail!("the two passphrases differ: no backup was made");
    }
    Ok(first)
}

/// The passphrase of a backup that is to be restored.
///
/// # Errors
/// It is neither in the environment nor is there a terminal to ask at.
pub(crate) fn passphrase() -> anyhow::Result<Zeroizing<String>> {
    match given() {
        Some(given) => Ok(given),
        None => ask("Passphrase of the master key in the backup: "),
    }
}

fn given() -> Option<Zeroizing<String>> {
    environment::value(environment::BACKUP_PASSPHRASE).map(Zeroizing::new)
}

fn ask(prompt: &str) -> anyhow::Result<Zeroizing<String>> {
    if !std::io::stdin().is_terminal() {
        bail!(
            "no passphrase: set {}, or run this at a terminal",
            environment::BACKUP_PASSPHRASE
        );
    }
    let typed = rpassword::prompt_password(prompt).context("cannot read the passphrase")?;
    Ok(Zeroizing::new(typed))
}
