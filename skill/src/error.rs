//! Every error of this crate. Each message says what is wrong, where, and what to do.

use std::fmt;

/// `SKILL.md` cannot be read as a manifest.
///
/// Displays as `SKILL.md:7: <message>. <remedy>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// The file that is at fault, relative to the skill directory.
    pub file: &'static str,
    /// The line at fault, counted from 1, where one line is.
    pub line: Option<usize>,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do about it, as a sentence.
    pub remedy: String,
}

impl ManifestError {
    pub(crate) fn new(
        line: Option<usize>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            file: crate::MANIFEST,
            line,
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}. {}", self.message, self.remedy)
    }
}

impl std::error::Error for ManifestError {}

/// A piece of text does not follow the grammar of what it should be: an http rule, a size, a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is not {what}: {problem}")]
pub struct GrammarError {
    what: &'static str,
    input: String,
    problem: String,
}

impl GrammarError {
    /// `what` with its article ("an http rule"); `problem` says what is wrong and what is right.
    pub(crate) fn new(what: &'static str, input: &str, problem: impl Into<String>) -> Self {
        Self {
            what,
            input: shown(input),
            problem: problem.into(),
        }
    }
}

/// `text` fit for a message: control characters escaped, at most 200 characters.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .flat_map(|c| match c.is_control() {
            true => c.escape_default().collect::<Vec<_>>(),
            false => vec![c],
        })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// A package cannot be read, built or written.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The manifest inside is at fault.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The bytes are no ZIP archive that can be read.
    #[error(
        "the package cannot be read as a ZIP archive: {0}. Pack it anew with `skillgate build`"
    )]
    Archive(String),
    /// A signed archive is not byte for byte what [`crate::Package::write`] gives.
    #[error(
        "the signed package was changed after it was packed: its files are in order, the archive around them is not as \
         `skillgate sign` writes it. Get it again from its publisher, or build and sign it anew"
    )]
    NotCanonical,
    /// The archive itself is larger than a package may be.
    #[error(
        "the package is {size} bytes, more than the {limit} that are allowed. Leave out files that the skill does not need"
    )]
    TooLarge {
        /// Size of the archive in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// More entries than a package may have.
    #[error(
        "the package has {count} entries, more than the {limit} that are allowed. Leave out files that the skill does not need"
    )]
    TooManyFiles {
        /// Entries in the archive.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// The files unpack to more than is allowed; found while inflating, so nothing larger was held.
    #[error(
        "{entry}: the package unpacks to more than {limit} bytes. Make the files smaller, or leave some out"
    )]
    TooMuchUnpacked {
        /// The entry at which the limit was passed.
        entry: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// One entry is not acceptable: its name, its kind or its content.
    #[error("{entry}: {problem}. {remedy}")]
    Entry {
        /// The entry's name, fit for showing.
        entry: String,
        /// What is wrong with it.
        problem: String,
        /// What to do, as a sentence.
        remedy: &'static str,
    },
    /// There is no `SKILL.md`.
    #[error(
        "the package has no SKILL.md at its root. Pack the content of the skill's directory with `skillgate build`"
    )]
    NoManifest,
}

impl PackageError {
    pub(crate) fn entry(name: &str, problem: impl Into<String>, remedy: &'static str) -> Self {
        Self::Entry {
            entry: shown(name),
            problem: problem.into(),
            remedy,
        }
    }
}

/// A signature, or what was signed, does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no `signature.json`.
    #[error("the package is not signed: it has no signature.json. Sign it with `skillgate sign`")]
    Unsigned,
    /// The envelope, or the statement in it, does not have the form it must have.
    #[error("signature.json: {0}. Sign the package anew with `skillgate sign`")]
    Malformed(String),
    /// None of the signatures is by a key that is trusted here.
    #[error("signature.json: no signature is by a trusted key; signed by: {}. Register the publisher's key, or pass it to the command", .0.join(", "))]
    Untrusted(Vec<String>),
    /// A trusted key's signature is false.
    #[error(
        "signature.json: the signature by key {0} is false: the content was changed after signing, or another key signed. Get the package again from its publisher"
    )]
    False(KeyName),
    /// The content is not what was signed.
    #[error(
        "{what}: {problem}. The package was changed after signing: get it again from its publisher"
    )]
    Changed {
        /// The file, or the property of the manifest, that differs.
        what: String,
        /// How it differs.
        problem: String,
    },
    /// The statement cannot be made into JSON, or does not describe this package.
    #[error("the package cannot be signed: {0}. Make the statement from this very package")]
    CannotSign(String),
    /// A public key is not one.
    #[error(
        "the public key is not usable: {0}. Send the 32 bytes of an ed25519 public key in base64"
    )]
    PublicKey(String),
    /// A proof of possession does not hold.
    #[error(
        "the proof that the key is yours does not hold: {0}. Ask for a new nonce, and sign it with the private key for this registry and this very account"
    )]
    Proof(String),
}

/// A key's id as text, for messages.
pub(crate) type KeyName = String;
