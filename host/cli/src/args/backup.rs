//! `backup` and `restore`.

use std::path::PathBuf;

use clap::Args;

use super::serve::Database;

/// Write all that a server keeps into one file, while it serves or not.
///
/// The database as it is at one moment, and every file that skills keep. Secrets in it are sealed under the master key, which is not in it unless
/// you ask for it.
#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// The file. Never overwritten; only you can read it.
    pub(crate) file: PathBuf,
    /// Put the master key in, sealed with a passphrase from SKILLGATE_BACKUP_PASSPHRASE or the terminal.
    #[arg(long)]
    pub(crate) with_master_key: bool,
    #[command(flatten)]
    pub(crate) database: Database,
}

/// Put a backup back, into an empty data folder and an empty database of either kind.
///
/// The file is checked whole before anything is written. The master key is taken from the backup where it is in it, else from
/// SKILLGATE_MASTER_KEY or `master.key` in the data folder.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The file that `backup` wrote.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) database: Database,
}
