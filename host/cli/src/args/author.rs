//! `new`, `build`, `run`: a skill on its author's machine.

use std::path::PathBuf;

use clap::Args;

/// Make a folder with a complete skill in Rust that builds and passes its own test.
#[derive(Args, Debug)]
pub(crate) struct New {
    /// The folder to make, such as `weather` or `skills/weather`. Its name becomes the skill's: 1 to 64 of a-z, 0-9 and
    /// single hyphens.
    pub(crate) path: PathBuf,
}

/// Compile a skill and pack it as NAME.skill.
///
/// A folder with a Cargo.toml is compiled for wasm32-wasip2. Another one is packed as it is: SKILL.md,
/// component.wasm when there is one, references/, scripts/ and assets/.
#[derive(Args, Debug)]
pub(crate) struct Build {
    /// The skill's folder.
    #[arg(default_value = ".", value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Where the package goes; NAME.skill in the current folder when not given.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Run one tool of a package in the sandbox, on this machine.
///
/// The skill gets what it asks for, unless --deny-all or --permissions say less. A package need not be signed here.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The package, NAME.skill.
    pub(crate) package: PathBuf,
    /// The tool's name, as `inspect` shows it.
    pub(crate) tool: String,
    /// The arguments, a JSON object.
    #[arg(long, value_name = "JSON", conflicts_with = "args_file")]
    pub(crate) args: Option<String>,
    /// A file with the arguments; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) args_file: Option<PathBuf>,
    /// Grant everything that the package asks for. This is what happens anyway; spell it out in scripts.
    #[arg(long, conflicts_with_all = ["deny_all", "permissions"])]
    pub(crate) grant_all: bool,
    /// Grant nothing.
    #[arg(long, conflicts_with = "permissions")]
    pub(crate) deny_all: bool,
    /// Grant what this YAML file says: `permissions:` and under it what SKILL.md could ask for.
    #[arg(long, value_name = "FILE")]
    pub(crate) permissions: Option<PathBuf>,
    /// A secret for this run; or set `SKILLGATE_SECRET_<NAME>`, which other users of the machine cannot see.
    #[arg(long = "secret", value_name = "NAME=VALUE")]
    pub(crate) secrets: Vec<Secret>,
    /// The folder that keeps the skill's files and keys between runs; a temporary one when not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Networks that the skill may reach although they are private, CIDR.
    #[arg(long = "allow-egress", value_name = "CIDR")]
    pub(crate) allow_egress: Vec<ipnet::IpNet>,
}

/// A secret's name and value; `Debug` shows the name only.
#[derive(Clone)]
pub(crate) struct Secret {
    /// The name that the manifest asks for.
    pub(crate) name: String,
    /// What only the host sees.
    pub(crate) value: zeroize::Zeroizing<String>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}=…", self.name)
    }
}

impl std::str::FromStr for Secret {
    type Err = String;

    /// The message does not repeat what was typed: it may hold the value.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self {
                name: name.to_owned(),
                value: value.to_owned().into(),
            }),
            _ => Err("write NAME=VALUE".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_split_at_its_first_equals_sign_and_not_shown() {
        let secret: Secret = "TOKEN=a=b".parse().unwrap();
        assert_eq!(
            (secret.name.as_str(), secret.value.as_str()),
            ("TOKEN", "a=b")
        );
        assert_eq!(format!("{secret:?}"), "TOKEN=…");
        assert!(
            "hunter2"
                .parse::<Secret>()
                .unwrap_err()
                .find("hunter2")
                .is_none()
        );
    }
}
