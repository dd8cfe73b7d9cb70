//! The files of a skill's folder that belong into its package.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use skillgate_skill::{COMPONENT, MANIFEST, MAX_FILES, MAX_UNPACKED};

use crate::exit::{Exit, Failure, Outcome};

/// The folders that a package may hold.
const FOLDERS: [&str; 3] = ["assets", "references", "scripts"];

/// Files by their path in the package.
type Files = BTreeMap<String, Vec<u8>>;

/// Reads SKILL.md, component.wasm when there is one, and everything in the three folders; names that begin
/// with a dot stay out.
///
/// # Errors
/// There is no SKILL.md (exit code 4), there is more than a package may hold, or something that is neither file nor folder.
pub(super) fn files(folder: &Path) -> Outcome<Files> {
    if !folder.join(MANIFEST).is_file() {
        return Err(Failure::new(
            Exit::NotFound,
            format_args!(
                "{} is no skill: it has no SKILL.md. `skillgate new` makes one",
                folder.display()
            ),
        ));
    }
    let mut files = Files::new();
    for file in [MANIFEST, COMPONENT] {
        if folder.join(file).exists() {
            add(folder, file, &mut files)?;
        }
    }
    for below in FOLDERS {
        if folder.join(below).exists() {
            add(folder, below, &mut files)?;
        }
    }
    Ok(files)
}

/// Adds a file, or everything in a folder.
fn add(root: &Path, name: &str, files: &mut Files) -> anyhow::Result<()> {
    let path = root.join(name);
    let kind = std::fs::symlink_metadata(&path).with_context(|| path.display().to_string())?;
    if kind.is_dir() {
        for entry in std::fs::read_dir(&path).with_context(|| path.display().to_string())? {
            let below = entry?.file_name();
            let below = below
                .to_str()
                .with_context(|| format!("{}: {below:?} is no UTF-8", path.display()))?;
            if !below.starts_with('.') {
                add(root, &format!("{name}/{below}"), files)?;
            }
        }
        return Ok(());
    }
    if !kind.is_file() {
        anyhow::bail!(
            "{} is a link or a special file: a package holds plain files only",
            path.display()
        );
    }
    let held: u64 = files.values().map(|bytes| bytes.len() as u64).sum();
    if files.len() >= MAX_FILES || held + kind.len() > MAX_UNPACKED {
        anyhow::bail!(
            "{}: a package holds at most {MAX_FILES} files and {MAX_UNPACKED} bytes",
            path.display()
        );
    }
    files.insert(
        name.to_owned(),
        std::fs::read(&path).with_context(|| path.display().to_string())?,
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        folder
    }

    #[test]
    fn only_what_belongs_to_a_skill_is_packed() {
        let folder = folder(&[
            "SKILL.md",
            "Cargo.toml",
            "src/lib.rs",
            "references/a/b.md",
            "assets/.hidden",
            ".env",
        ]);
        let files: Vec<_> = files(folder.path()).ok().unwrap().into_keys().collect();
        assert_eq!(files, ["SKILL.md", "references/a/b.md"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_refused() {
        let folder = folder(&["SKILL.md", "assets/a"]);
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("assets/b")).unwrap();
        let failure = files(folder.path()).unwrap_err();
        assert!(
            failure.error.to_string().contains("link"),
            "{}",
            failure.error
        );
    }

    #[test]
    fn a_folder_without_a_manifest_is_not_found() {
        assert_eq!(
            files(folder(&["README.md"]).path()).unwrap_err().exit,
            Exit::NotFound
        );
    }
}
