//! The packages that a quickstart begins with.

use std::path::{Path, PathBuf};

use anyhow::Context;
use skillgate_skill::Package;
use tokio::task::JoinHandle;

use crate::exit::{Exit, OrExit, Outcome};
use crate::package;

/// A folder of packages that are being read, in the order of their names.
pub(in crate::command::serve) struct Packages {
    pub(super) files: Vec<(PathBuf, JoinHandle<Outcome<Opened>>)>,
    folder: PathBuf,
}

/// A package and the bytes of its file.
pub(super) struct Opened {
    pub(super) package: Package,
    pub(super) bytes: Vec<u8>,
}

impl Packages {
    /// Begins to read the packages of a folder, in the background.
    ///
    /// # Errors
    /// There is no such folder (exit code 4).
    pub(in crate::command::serve) fn begin(folder: &Path) -> Outcome<Self> {
        let entries = std::fs::read_dir(folder)
            .with_context(|| format!("cannot read {}", folder.display()))
            .or_exit(Exit::NotFound)?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "skill")
            {
                paths.push(path);
            }
        }
        paths.sort();
        let read = |path: PathBuf| {
            let opening = path.clone();
            (path, tokio::task::spawn_blocking(move || open(&opening)))
        };
        Ok(Self {
            files: paths.into_iter().map(read).collect(),
            folder: folder.to_owned(),
        })
    }

    /// The key that was named, else the development key that lies beside the packages' folder.
    pub(super) fn key_file(&self, named: Option<&Path>) -> Outcome<PathBuf> {
        match named {
            Some(key) => Ok(key.to_owned()),
            None => Ok(self
                .folder
                .canonicalize()?
                .with_file_name("dev-keys")
                .join("dev.key")),
        }
    }
}

fn open(path: &Path) -> Outcome<Opened> {
    let bytes = package::bytes(path)?;
    let package = Package::read(&bytes).with_context(|| path.display().to_string())?;
    Ok(Opened { package, bytes })
}
