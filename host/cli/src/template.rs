//! What `new` writes: the template of a skill, and with it the SDK and the WIT package that it is built with.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk");
static WIT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../wit");

/// The skill's own files; `{{name}}` stands for its name.
const FILES: [(&str, &str); 5] = [
    ("SKILL.md", include_str!("../template/SKILL.md")),
    ("Cargo.toml", include_str!("../template/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../template/src/lib.rs")),
    (".gitignore", include_str!("../template/gitignore")),
    ("README.md", include_str!("../template/README.md")),
];

/// The versions of dependencies that this release was tested with. Cargo drops what the skill does not use.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// All files of a new skill: path below its folder, and content.
pub(crate) fn files(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = FILES
        .iter()
        .map(|(path, text)| (path.into(), text.replace("{{name}}", name).into_bytes()))
        .collect();
    files.push(("Cargo.lock".into(), LOCK.as_bytes().to_vec()));
    collect(&SDK, Path::new("vendor/skillgate/sdk"), &mut files);
    collect(&WIT, Path::new("vendor/skillgate/wit"), &mut files);
    files
}

fn collect(folder: &Dir<'_>, into: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for file in folder.files() {
        files.push((into.join(file.path()), file.contents().to_vec()));
    }
    for below in folder.dirs().filter(|below| !is_built(below)) {
        collect(below, into, files);
    }
}

/// What cargo left in the source folder of whoever compiled this command.
fn is_built(folder: &Dir<'_>) -> bool {
    folder
        .path()
        .file_name()
        .is_some_and(|name| name == "target")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_and_the_wit_package_come_along() {
        let paths: Vec<_> = files("greeter").into_iter().map(|(path, _)| path).collect();
        for path in [
            "SKILL.md",
            "vendor/skillgate/sdk/src/lib.rs",
            "vendor/skillgate/wit/world.wit",
        ] {
            assert!(paths.contains(&path.into()), "{path}");
        }
        assert!(
            !paths
                .iter()
                .any(|path| path.starts_with("vendor/skillgate/sdk/target"))
        );
    }

    #[test]
    fn the_name_is_put_in_everywhere() {
        for (path, content) in files("greeter") {
            if !path.starts_with("vendor") {
                assert!(
                    !String::from_utf8(content).unwrap().contains("{{"),
                    "{path:?}"
                );
            }
        }
    }
}
