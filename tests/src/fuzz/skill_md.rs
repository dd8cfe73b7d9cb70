//! `SKILL.md`, read strictly and leniently.

use skillgate_skill::{Manifest, ManifestError, Permissions};

/// An error says what is wrong; it does not give the file back.
const MAX_ERROR: usize = 4096;

/// The input is a `SKILL.md`.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let strict = Manifest::parse_strict(text);
    let lenient = Manifest::parse_lenient(text);
    if let Ok(strict) = &strict {
        let lenient = lenient.as_ref();
        assert_eq!(lenient, Ok(strict), "what is strict is lenient");
    }
    for read in [strict, lenient] {
        match read {
            Ok(manifest) => reads_back(&manifest.permissions),
            Err(error) => is_short(&error),
        }
    }
}

/// Permissions are kept as JSON in the database and in the signed statement.
fn reads_back(permissions: &Permissions) {
    let json = serde_json::to_vec(permissions).expect("permissions are JSON");
    let read: Permissions = serde_json::from_slice(&json).expect("our own JSON reads back");
    assert_eq!(&read, permissions);
}

fn is_short(error: &ManifestError) {
    let text = error.to_string();
    assert!(text.len() <= MAX_ERROR, "an error of {} bytes", text.len());
}
