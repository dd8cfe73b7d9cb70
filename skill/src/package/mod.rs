//! The package: a skill directory as one archive, `<name>.skill`.

mod canonical;
mod digest;
mod path;
mod read;
mod write;

use std::collections::BTreeMap;
use std::io::{Read, Seek};

pub use digest::Digest;
pub use path::check_path;
use path::check_paths;

use crate::signature::Envelope;
use crate::{Manifest, ManifestError, PackageError};

/// The manifest's file name.
pub const MANIFEST: &str = "SKILL.md";
/// The component's file name.
pub const COMPONENT: &str = "component.wasm";
/// The signature envelope's file name.
pub const SIGNATURE: &str = "signature.json";
/// The most entries in an archive.
pub const MAX_FILES: usize = 256;
/// The most bytes that all files together unpack to: 64 MiB.
pub const MAX_UNPACKED: u64 = 64 << 20;
/// The largest archive: what it holds, and room for its own headers.
const MAX_ARCHIVE: u64 = MAX_UNPACKED + (1 << 20);

/// A skill as it travels: its files, what its manifest says, and who signed it.
///
/// A value made by [`Package::from_files`] or [`Package::read`] keeps every rule of the format. Whether a
/// signature holds is another question: [`Package::verify`].
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    /// What `SKILL.md` says.
    pub manifest: Manifest,
    /// Every file but `signature.json`, by its path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What `signature.json` holds, where there is one.
    pub envelope: Option<Envelope>,
}

/// What the table of contents of an archive says. [`Package::read`] holds the archive to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// How many bytes its files unpack to; at most [`MAX_UNPACKED`], which no package that is read may pass. With the
    /// archive's own length it is what reading takes in memory.
    pub unpacked: u64,
    /// Whether it holds a component, which would have to be compiled.
    pub has_component: bool,
}

impl Package {
    /// Builds a package to be published. The manifest is read strictly.
    ///
    /// # Errors
    /// When a path, a size, the component or the manifest is not acceptable.
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Result<Self, PackageError> {
        Self::new(files, Manifest::parse_strict)
    }

    /// As [`Package::from_files`], with a manifest that others wrote.
    ///
    /// # Errors
    /// As [`Package::from_files`].
    pub fn from_files_lenient(files: BTreeMap<String, Vec<u8>>) -> Result<Self, PackageError> {
        Self::new(files, Manifest::parse_lenient)
    }

    /// Opens a package that is published here. See the crate's limits: [`MAX_FILES`], [`MAX_UNPACKED`].
    ///
    /// A signed package has one form, the one that [`Package::write`] gives, so that no byte of it can be
    /// changed unnoticed, not even in the archive's own bookkeeping.
    ///
    /// # Errors
    /// When the archive, a path, a size, the component or the manifest is not acceptable.
    pub fn read(bytes: &[u8]) -> Result<Self, PackageError> {
        let package = Self::from_files(read::unpack(bytes)?)?;
        if package.envelope.is_some() && !write::is_packed_as(&package, bytes)? {
            return Err(PackageError::NotCanonical);
        }
        Ok(package)
    }

    /// Opens what others packed: the manifest is read leniently, and one folder around everything,
    /// as other tools make it, is taken away.
    ///
    /// # Errors
    /// As [`Package::read`].
    pub fn read_lenient(bytes: &[u8]) -> Result<Self, PackageError> {
        Self::from_files_lenient(read::without_root_folder(read::unpack(bytes)?))
    }

    /// The archive. The same package gives the same bytes: entries sorted, one fixed time and mode.
    ///
    /// # Errors
    /// When the fields were changed so that they break the format's rules.
    pub fn write(&self) -> Result<Vec<u8>, PackageError> {
        write::pack(self)
    }

    /// The WASI component that holds the tools; none in a skill of instructions alone.
    pub fn component(&self) -> Option<&[u8]> {
        self.files.get(COMPONENT).map(Vec::as_slice)
    }

    /// What is the same exactly when all files but the signature are: see [`Digest`].
    pub fn digest(&self) -> Digest {
        Digest::of(&self.files)
    }

    /// What an archive's table of contents says, before anything of it is unpacked.
    ///
    /// # Errors
    /// When there is no table of contents, or it names too many files.
    pub fn contents_of(archive: impl Read + Seek) -> Result<Contents, PackageError> {
        read::contents_of(archive)
    }

    /// Every file but the signature, borrowed.
    fn contents(&self) -> BTreeMap<&str, &[u8]> {
        contents(&self.files)
    }

    fn new(
        mut files: BTreeMap<String, Vec<u8>>,
        parse: impl Fn(&str) -> Result<Manifest, ManifestError>,
    ) -> Result<Self, PackageError> {
        check_all(&contents(&files))?;
        let envelope = match files.remove(SIGNATURE) {
            Some(bytes) => Some(Envelope::from_json(&bytes).map_err(|problem| {
                PackageError::entry(
                    SIGNATURE,
                    problem,
                    "Remove the file and sign the package anew.",
                )
            })?),
            None => None,
        };
        let manifest = files.get(MANIFEST).ok_or(PackageError::NoManifest)?;
        let manifest = std::str::from_utf8(manifest).map_err(|_| {
            PackageError::entry(MANIFEST, "the file is not UTF-8", "Save it as UTF-8.")
        })?;
        let manifest = parse(manifest)?;
        Ok(Self {
            manifest,
            files,
            envelope,
        })
    }
}

fn contents(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<&str, &[u8]> {
    let borrowed = files.iter();
    borrowed
        .map(|(path, content)| (path.as_str(), content.as_slice()))
        .collect()
}

/// Number, paths, sizes, and the kind of the component.
fn check_all(files: &BTreeMap<&str, &[u8]>) -> Result<(), PackageError> {
    if files.len() > MAX_FILES {
        return Err(PackageError::TooManyFiles {
            count: files.len(),
            limit: MAX_FILES,
        });
    }
    check_paths(files.keys().copied())?;
    let mut total = 0;
    for (path, content) in files {
        total += content.len() as u64;
        if total > MAX_UNPACKED {
            return Err(PackageError::TooMuchUnpacked {
                entry: (*path).to_owned(),
                limit: MAX_UNPACKED,
            });
        }
    }
    files
        .get(COMPONENT)
        .map_or(Ok(()), |component| check_preamble(component))
}

/// A WebAssembly binary begins with `\0asm`, a version and a layer; layer 1 is a component.
///
/// Source: the component model's Binary.md, "preamble".
fn check_preamble(component: &[u8]) -> Result<(), PackageError> {
    let wrong = |problem: &str| {
        let remedy = "Build the component with `skillgate build`, or for the target wasm32-wasip2.";
        Err(PackageError::entry(COMPONENT, problem, remedy))
    };
    match component {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', _, _, 0, 0, ..] => {
            wrong("the file is a core WebAssembly module, not a component")
        }
        [0, b'a', b's', b'm', ..] => {
            wrong("the file is a WebAssembly component of another version than 0x0d")
        }
        _ => wrong("the file is not WebAssembly"),
    }
}
