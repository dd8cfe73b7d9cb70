//! `cargo xtask abuse`: builds the server and the program that attacks it, and runs that program.

use crate::binary::{self, Profile};
use crate::{Result, guests, only, paths, process, skills, toolchain};
use std::path::PathBuf;
use std::process::Command;

/// Options that have a value.
const VALUED: [&str; 3] = ["--seconds", "--attacks", "--profile"];
/// Options that have none.
const PLAIN: [&str; 3] = ["--each", "--json", "--list"];

pub(crate) fn main(arguments: &[String]) -> Result<()> {
    let (chosen, passed_on) = take_profile(arguments)?;
    let profile = match chosen {
        Some(profile) => profile,
        // The figures mean something for a release build; without one, a first look should not wait for it.
        None if binary::binary(Profile::Release)?.exists() => Profile::Release,
        None => Profile::Dev,
    };
    let toolchain = toolchain::ensure()?;
    let skillgate = binary::build(profile)?;
    skills::make(&skillgate, &toolchain)?;
    guests::make(&toolchain)?;
    let mut abuse = Command::new(build(profile)?);
    abuse
        .current_dir(paths::root())
        .env(binary::BINARY_VARIABLE, skillgate);
    process::run(abuse.args(passed_on))
}

/// Builds the program that attacks; where it is. With the whole workspace, as the server is built: to select one package
/// changes the features of what both are made of, and builds it all anew.
fn build(profile: Profile) -> Result<PathBuf> {
    let mut cargo = process::cargo();
    cargo
        .current_dir(paths::root())
        .args(["build", "--workspace", "--bin", "abuse"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    process::run(&mut cargo)?;
    Ok(binary::binary(profile)?.with_file_name("abuse"))
}

/// The profile, where one is named, and the arguments of the program that attacks.
fn take_profile(arguments: &[String]) -> Result<(Option<Profile>, Vec<String>)> {
    let (mut profile, mut rest) = (None, Vec::new());
    let mut all = arguments.iter();
    while let Some(name) = all.next() {
        if !VALUED.contains(&name.as_str()) {
            only(std::slice::from_ref(name), &PLAIN)?;
            rest.push(name.clone());
            continue;
        }
        let value = all.next().ok_or_else(|| format!("{name} wants a value"))?;
        match (name.as_str(), value.as_str()) {
            ("--profile", "release") => profile = Some(Profile::Release),
            ("--profile", "dev") => profile = Some(Profile::Dev),
            ("--profile", _) => return Err("--profile is `release` or `dev`".into()),
            _ => rest.extend([name.clone(), value.clone()]),
        }
    }
    Ok((profile, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(arguments: &[&str]) -> Result<(Option<Profile>, Vec<String>)> {
        take_profile(
            &arguments
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn the_profile_is_ours_and_the_rest_is_the_programs() {
        let (profile, rest) = taken(&["--profile", "dev", "--attacks", "a,b", "--json"]).unwrap();
        assert!(profile == Some(Profile::Dev));
        assert_eq!(rest, ["--attacks", "a,b", "--json"]);
        assert!(taken(&[]).unwrap().0.is_none());
    }

    #[test]
    fn what_is_no_option_is_refused() {
        for wrong in [
            &["--profile", "fast"][..],
            &["--profile"],
            &["--fast"],
            &["spinning"],
        ] {
            assert!(taken(wrong).is_err(), "{wrong:?}");
        }
    }
}
