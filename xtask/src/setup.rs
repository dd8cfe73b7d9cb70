//! `cargo xtask setup`: the compiler for guests.

use crate::toolchain::{self, fallback};
use crate::{Result, only};

pub(crate) fn main(arguments: &[String]) -> Result<()> {
    only(arguments, &["--fallback"])?;
    if arguments.is_empty() {
        println!("{}", toolchain::ensure()?);
    } else {
        println!("guests are compiled by {}", fallback::make()?.display());
    }
    Ok(())
}
