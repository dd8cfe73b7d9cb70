//! `cargo xtask setup`: what a checkout needs beside Rust.

use crate::toolchain::{self, fallback};
use crate::{Result, only, postgres};

pub(crate) fn main(arguments: &[String]) -> Result<()> {
    only(arguments, &["--fallback"])?;
    if !arguments.is_empty() {
        fallback::make()?;
    }
    println!("{}", toolchain::ensure()?);
    match postgres::ensure() {
        Ok(folder) => println!("PostgreSQL is in {}", folder.display()),
        // Only `cargo xtask test` cannot do without it.
        Err(missing) => println!("no PostgreSQL for the tests: {missing}"),
    }
    Ok(())
}
