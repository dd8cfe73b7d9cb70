//! `cargo xtask run`: from a fresh clone to a server that answers.

use crate::binary::{Profile, up_to_date};
use crate::{Result, only, paths, skills, toolchain};
use std::os::unix::process::CommandExt;
use std::process::Command;

pub(crate) fn main(arguments: &[String]) -> Result<()> {
    let (ours, servers) = split(arguments);
    only(ours, &["--release"])?;
    let toolchain = toolchain::ensure()?;
    let skillgate = up_to_date(if ours.is_empty() {
        Profile::Dev
    } else {
        Profile::Release
    })?;
    skills::make(&skillgate, &toolchain)?;
    let mut serve = Command::new(skillgate);
    serve.current_dir(paths::root()).arg("serve").args(servers);
    serve.arg("--quickstart").arg(paths::product("skills"));
    // The server takes this process's place, so that signals reach it.
    Err(serve.exec().into())
}

/// Our own options, and those behind `--`, which are the server's.
fn split(arguments: &[String]) -> (&[String], &[String]) {
    match arguments.iter().position(|argument| argument == "--") {
        Some(at) => (&arguments[..at], &arguments[at + 1..]),
        None => (arguments, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_two_hyphens_is_the_servers() {
        let words = |text: &str| {
            text.split_whitespace()
                .map(String::from)
                .collect::<Vec<_>>()
        };
        let all = words("--release -- --listen 127.0.0.1:0");
        assert_eq!(
            split(&all),
            (&words("--release")[..], &words("--listen 127.0.0.1:0")[..])
        );
        assert_eq!(split(&all[..1]), (&all[..1], &[][..]));
    }
}
