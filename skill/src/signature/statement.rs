//! The statement: everything about a package that a signature binds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ToolDigest, sha256_hex};
use crate::{Package, Permissions, SignatureError};

/// The WIT world of a component that lists its tools itself, with its version.
pub const WORLD: &str = "skillgate:skill/skill@0.1.0";

/// What a package is, in the words of who signs it: the payload of the envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement {
    /// The skill's name.
    pub name: String,
    /// The skill's version.
    pub version: String,
    /// Who publishes it: what the publisher calls itself, 1 to 128 characters.
    pub publisher: String,
    /// Digest and size of every file but `signature.json`, by path.
    pub files: BTreeMap<String, FileDigest>,
    /// The world that the component was built against; none without a component.
    pub world: Option<String>,
    /// What the skill asks for.
    pub permissions: Permissions,
    /// The tools' names, each with a digest of what a model is shown of it.
    pub tools: Vec<ToolDigest>,
}

/// What identifies a file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    /// SHA-256 of the content, as 64 lower-case hex digits.
    pub sha256: String,
    /// Size of the content in bytes.
    pub size: u64,
}

impl FileDigest {
    pub(super) fn of(content: &[u8]) -> Self {
        Self {
            sha256: sha256_hex(content),
            size: content.len() as u64,
        }
    }
}

impl Package {
    /// The statement about this very package by `publisher`. `tools` are those that the component
    /// lists, which this crate cannot ask it for.
    pub fn statement(&self, publisher: &str, tools: &[ToolDigest]) -> Statement {
        Statement {
            name: self.manifest.name.clone(),
            version: self.manifest.version.clone().unwrap_or_default(),
            publisher: publisher.to_owned(),
            files: file_digests(self),
            world: self.component().map(|_| WORLD.to_owned()),
            permissions: self.manifest.permissions.clone(),
            tools: tools.to_vec(),
        }
    }
}

impl Statement {
    /// Compares everything that the statement says with what `package` is.
    ///
    /// # Errors
    /// [`SignatureError::Changed`] with the first difference.
    pub(super) fn check(&self, package: &Package) -> Result<(), SignatureError> {
        let manifest = &package.manifest;
        let version = manifest.version.as_deref().unwrap_or_default();
        same(self.name == manifest.name, "the skill's name")?;
        same(self.version == version, "the skill's version")?;
        same(
            self.permissions == manifest.permissions,
            "the permissions asked for",
        )?;
        let world = package.component().map(|_| WORLD);
        same(self.world.as_deref() == world, "the component's WIT world")?;
        check_files(&self.files, &file_digests(package))
    }
}

fn same(equal: bool, what: &str) -> Result<(), SignatureError> {
    match equal {
        true => Ok(()),
        false => Err(changed(what, "it is not what was signed")),
    }
}

/// The same paths on both sides, and at each the same content.
fn check_files(
    signed: &BTreeMap<String, FileDigest>,
    found: &BTreeMap<String, FileDigest>,
) -> Result<(), SignatureError> {
    if let Some(missing) = signed.keys().find(|path| !found.contains_key(*path)) {
        return Err(changed(missing, "the file was signed and is missing"));
    }
    for (path, file) in found {
        match signed.get(path) {
            None => return Err(changed(path, "the file was added after signing")),
            Some(signed) if signed != file => {
                return Err(changed(path, "its content is not what was signed"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn file_digests(package: &Package) -> BTreeMap<String, FileDigest> {
    package
        .files
        .iter()
        .map(|(path, content)| (path.clone(), FileDigest::of(content)))
        .collect()
}

fn changed(what: &str, problem: &str) -> SignatureError {
    SignatureError::Changed {
        what: crate::error::shown(what),
        problem: problem.to_owned(),
    }
}
