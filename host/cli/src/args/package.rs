//! `sign`, `verify`, `inspect`: a package in a file.

use std::path::PathBuf;

use clap::Args;

/// The signing key to use.
#[derive(Args, Debug)]
pub(crate) struct KeyChoice {
    /// The signing key's file; the default key when not given.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// The environment variable that holds the key's passphrase.
    #[arg(long, value_name = "VARIABLE", default_value = crate::environment::KEY_PASSPHRASE)]
    pub(crate) passphrase_env: String,
}

/// Add your signature to a package.
///
/// It binds the name, the version, every file, the permissions asked for and what the tools say of themselves.
#[derive(Args, Debug)]
pub(crate) struct Sign {
    /// The package; it is replaced by the signed one.
    pub(crate) package: PathBuf,
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    /// Who publishes it, as the signature will say; the manifest's author when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) publisher: Option<String>,
}

/// Check every file of a package against its signature.
///
/// Trusted are the keys that are given, else those in your key folder. Exit code 3 when it does not hold.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// The package.
    pub(crate) package: PathBuf,
    /// A public key to trust, base64, as `keys show` prints it.
    #[arg(long = "public-key", value_name = "KEY")]
    pub(crate) public_keys: Vec<String>,
    /// Of the trusted keys, the one that must have signed.
    #[arg(long, value_name = "ID")]
    pub(crate) key_id: Option<String>,
}

/// Show what a package holds: tools with their schemas, permissions, imports, digests, who signed.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// The package.
    pub(crate) package: PathBuf,
}
