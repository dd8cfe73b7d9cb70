//! `completions` and `man`: for shells and for reading offline.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Print the completions of a shell for this command: put them where the shell reads them.
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell: bash, zsh, fish, elvish or powershell.
    pub(crate) shell: Shell,
}

/// Write the manual pages, one for each command, into a folder.
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// The folder, `~/.local/share/man/man1` for `man` to find them. It is made when it does not exist.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}
