//! `keys new`.

use std::io::IsTerminal;

use anyhow::{Context, bail};
use rand::TryRng;
use rand::rngs::SysRng;
use skillgate_skill::SigningKey;
use zeroize::Zeroizing;

use super::Shown;
use crate::args::KeysNew;
use crate::environment;
use crate::exit::{Exit, OrExit, Outcome};
use crate::key_file::{self, KeyFile};
use crate::output::Output;

/// Makes a key and prints its public half.
pub(crate) fn run(arguments: KeysNew, output: &Output) -> Outcome {
    let path = match &arguments.output {
        Some(path) => path.clone(),
        None => key_file::default_path()?,
    };
    if path.exists() {
        return Err(anyhow::anyhow!(
            "{} exists already and is not overwritten: choose another file with --output",
            path.display()
        ))
        .or_exit(Exit::Usage);
    }
    let passphrase = passphrase(&arguments).or_exit(Exit::Usage)?;
    let mut seed = Zeroizing::new([0; 32]);
    SysRng.try_fill_bytes(&mut seed[..])?;
    let file = KeyFile::new(
        &SigningKey::from_bytes(&seed),
        passphrase.as_ref().map(|p| p.as_str()),
    )?;
    file.write_new(&path)?;
    output.result(&Shown::new(&path, &file)?, Shown::text)?;
    Ok(())
}

/// The passphrase that was given, or typed at the terminal; none is a choice too.
fn passphrase(arguments: &KeysNew) -> anyhow::Result<Option<Zeroizing<String>>> {
    if let Some(variable) = &arguments.passphrase_env {
        let value = environment::value(variable)
            .with_context(|| format!("the environment variable {variable} is not set"))?;
        return Ok(Some(value.into()));
    }
    if arguments.no_passphrase {
        return Ok(None);
    }
    match environment::value(environment::KEY_PASSPHRASE) {
        Some(value) => Ok(Some(value.into())),
        None if std::io::stdin().is_terminal() => ask(),
        None => Ok(None),
    }
}

/// Asks twice, so that a slip does not lock the key for ever.
fn ask() -> anyhow::Result<Option<Zeroizing<String>>> {
    let typed = rpassword::prompt_password("Passphrase for the new key (empty for none): ");
    let first = Zeroizing::new(typed?);
    if first.is_empty() {
        return Ok(None);
    }
    let second = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
    if first != second {
        bail!("the two passphrases differ: no key was made");
    }
    Ok(Some(first))
}
