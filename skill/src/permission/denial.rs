//! A denial: what was tried, what was missing, and the exact lines that would permit it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Permissions;

/// Why something was refused, and what would permit it. Shown to authors, operators and models;
/// holds no secret, no query and no body.
///
/// Displays as one paragraph, followed by the YAML where there is any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// What was tried, such as `GET https://api.example.com/points`.
    pub tried: String,
    /// `not asked for`, `not granted`, or why nothing could permit it.
    pub reason: String,
    /// What to do, as a sentence.
    pub remedy: String,
    /// The YAML to add, with its parents; empty where nothing could permit it.
    pub yaml: String,
}

impl Denial {
    /// The manifest does not ask for `missing`.
    pub fn not_asked(tried: impl Into<String>, missing: &Permissions) -> Self {
        Self {
            tried: tried.into(),
            reason: "not asked for".to_owned(),
            remedy: "The skill's author adds this to the frontmatter of its SKILL.md:".to_owned(),
            yaml: missing.to_manifest_yaml(),
        }
    }

    /// The manifest asks for `missing`, and it was not granted.
    pub fn not_granted(tried: impl Into<String>, missing: &Permissions) -> Self {
        Self {
            tried: tried.into(),
            reason: "not granted".to_owned(),
            remedy: "The skill asks for it; whoever installed it grants this:".to_owned(),
            yaml: missing.to_grant_yaml(),
        }
    }

    /// Nothing that could be asked for or granted would permit it.
    pub fn impossible(tried: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            tried: tried.into(),
            reason: reason.into(),
            remedy: "No permission allows this.".to_owned(),
            yaml: String::new(),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} was denied: {}. {}",
            self.tried, self.reason, self.remedy
        )?;
        match self.yaml.is_empty() {
            true => Ok(()),
            false => write!(f, "\n{}", self.yaml.trim_end()),
        }
    }
}

impl std::error::Error for Denial {}
