//! Has anything changed? A digest over files, to skip work that would give the same result. It is a
//! change detector and guards nothing.

use crate::Result;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

/// The digest of all files under `paths`, by name and content. Folders called `target` are left out;
/// what does not exist counts as empty.
pub(crate) fn of(paths: &[PathBuf]) -> Result<String> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        let content = fs::read(&file)?;
        hasher.write(file.as_os_str().as_encoded_bytes());
        hasher.write_usize(content.len());
        hasher.write(&content);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
    } else if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
}

/// Remembers in the file `stamp` for which inputs a folder was made.
pub(crate) struct Stamp {
    file: PathBuf,
    digest: String,
}

impl Stamp {
    /// The stamp in `file` for the present content of `inputs`.
    pub(crate) fn new(file: PathBuf, inputs: &[PathBuf]) -> Result<Self> {
        Ok(Self {
            file,
            digest: of(inputs)?,
        })
    }

    /// Whether the work was done for exactly these inputs.
    pub(crate) fn is_fresh(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|written| written == self.digest)
    }

    /// Whether `product` is as it was when the stamp was set: nobody else has made it anew.
    pub(crate) fn is_newer_than(&self, product: &Path) -> bool {
        let changed = |path: &Path| fs::metadata(path)?.modified();
        matches!((changed(&self.file), changed(product)), (Ok(stamp), Ok(product)) if stamp >= product)
    }

    /// Records that the work is done.
    pub(crate) fn set(&self) -> Result<()> {
        Ok(fs::write(&self.file, &self.digest)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for the test called `name`, empty.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("source/target")).unwrap();
        folder
    }

    #[test]
    fn a_stamp_is_fresh_until_a_source_changes() {
        let folder = folder("stamp");
        let source = folder.join("source");
        fs::write(source.join("a"), "one").unwrap();
        let stamp = || Stamp::new(folder.join("stamp"), std::slice::from_ref(&source)).unwrap();
        assert!(!stamp().is_fresh());
        stamp().set().unwrap();
        assert!(stamp().is_fresh());
        fs::write(source.join("target/built"), "x").unwrap();
        assert!(stamp().is_fresh(), "what was built is no source");
        fs::write(source.join("a"), "two").unwrap();
        assert!(!stamp().is_fresh());
        assert!(!stamp().is_newer_than(&folder.join("absent")));
        assert!(stamp().is_newer_than(&folder.join("stamp")));
        fs::remove_dir_all(folder).unwrap();
    }
}
