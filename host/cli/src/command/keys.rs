//! Signing keys.

pub(super) mod new;
pub(super) mod show;

use std::path::Path;

use serde::Serialize;

use crate::key_file::KeyFile;

/// A signing key without its secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    path: String,
    /// Lower-case hexadecimal SHA-256 of the public key.
    key_id: String,
    /// Base64 of the 32 bytes.
    public_key: String,
    sealed: bool,
}

impl Shown {
    fn new(path: &Path, file: &KeyFile) -> anyhow::Result<Self> {
        let public = file.public_key()?;
        Ok(Self {
            path: path.display().to_string(),
            key_id: skillgate_skill::key_id(&public).to_string(),
            public_key: skillgate_skill::encode_public_key(&public),
            sealed: file.is_sealed(),
        })
    }

    fn text(&self) -> String {
        let protection = match self.sealed {
            true => "sealed with a passphrase",
            false => "not sealed; mode 0600",
        };
        format!(
            "key file:   {} ({protection})\nkey id:     {}\npublic key: {}",
            self.path, self.key_id, self.public_key
        )
    }
}
