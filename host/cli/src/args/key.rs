//! `keys`: signing keys.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with signing keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    New(KeysNew),
    Show(KeysShow),
}

/// Make an ed25519 signing key in a file that only you can read, and print its public half.
///
/// The key is sealed with a passphrase when one is given at the terminal or in SKILLGATE_KEY_PASSPHRASE.
#[derive(Args, Debug)]
pub(crate) struct KeysNew {
    /// The key's file; skillgate/keys/default.key in your configuration folder when not given. Never overwritten.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The environment variable that holds the passphrase.
    #[arg(long, value_name = "VARIABLE", conflicts_with = "no_passphrase")]
    pub(crate) passphrase_env: Option<String>,
    /// Keep the key unsealed, protected by the file's mode 0600 alone, and ask nothing.
    #[arg(long)]
    pub(crate) no_passphrase: bool,
}

/// Print the public half and the id of a signing key.
#[derive(Args, Debug)]
pub(crate) struct KeysShow {
    /// The key's file; the default key when not given.
    pub(crate) key: Option<PathBuf>,
}
