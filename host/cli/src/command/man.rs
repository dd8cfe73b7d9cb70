//! `man`.

use anyhow::Context;
use clap::CommandFactory;

use crate::args::{Arguments, Man};
use crate::exit::Outcome;
use crate::output::Output;

/// Writes a manual page for each command into a folder and prints the folder's name.
pub(crate) fn run(man: &Man, output: &Output) -> Outcome {
    let folder = &man.folder;
    let cannot = || format!("cannot write manual pages into {}", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    clap_mangen::generate_to(Arguments::command(), folder).with_context(cannot)?;
    output.result(&folder, |folder| folder.display().to_string())?;
    Ok(())
}
