//! A folder that lasts between calls.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::GrammarError;
use crate::manifest::size;
use crate::package::check_path;

/// A folder of its own for each (agent, peer, skill), seen by the skill under `path`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilePermission {
    /// A relative path, by the rules for paths in a package.
    #[serde(deserialize_with = "path")]
    pub path: String,
    /// What may be done in it.
    pub access: FileAccess,
    /// Most bytes of all files in it. Written `10MiB`.
    #[serde(with = "size")]
    pub quota: u64,
}

/// What may be done in a folder; the second includes the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileAccess {
    /// `read-only`
    ReadOnly,
    /// `read-write`
    ReadWrite,
}

impl fmt::Display for FileAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnly => "read-only",
            Self::ReadWrite => "read-write",
        })
    }
}

impl FilePermission {
    /// Whether everything that `other` permits is permitted here.
    pub fn covers(&self, other: &Self) -> bool {
        self.path == other.path && self.access >= other.access && self.quota >= other.quota
    }

    /// What both permit: the weaker access and the smaller quota.
    pub(super) fn both(&self, other: &Self) -> Self {
        Self {
            path: self.path.clone(),
            access: self.access.min(other.access),
            quota: self.quota.min(other.quota),
        }
    }
}

/// Refuses a folder that is, or lies in, another one: its bytes would count twice.
pub(super) fn no_overlap(folders: &[FilePermission]) -> Result<(), GrammarError> {
    for (index, folder) in folders.iter().enumerate() {
        for other in &folders[..index] {
            if is_within(&folder.path, &other.path) || is_within(&other.path, &folder.path) {
                let problem = format!("it overlaps with `{}`; name each folder once", other.path);
                return Err(GrammarError::new(
                    "a folder of its own",
                    &folder.path,
                    problem,
                ));
            }
        }
    }
    Ok(())
}

/// Compared without case, since some file systems do.
fn is_within(inner: &str, outer: &str) -> bool {
    let (inner, outer) = (inner.to_lowercase(), outer.to_lowercase());
    inner == outer || inner.starts_with(&format!("{outer}/"))
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let path = String::deserialize(deserializer)?;
    check_path(&path).map_err(D::Error::custom)?;
    Ok(path)
}
