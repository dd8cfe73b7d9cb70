//! `new`.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::args::New;
use crate::exit::{Exit, Failure, OrExit, Outcome};
use crate::output::Output;
use crate::template;

/// What was made.
#[derive(Serialize)]
struct Made<'a> {
    name: &'a str,
    folder: &'a Path,
}

/// Writes the template into a folder, whose name is the skill's.
pub(crate) fn run(arguments: &New, output: &Output) -> Outcome {
    let folder = arguments.path.as_path();
    let name = folder.file_name().and_then(|name| name.to_str());
    let unnamed = || {
        let folder = folder.display();
        Failure::new(
            Exit::Usage,
            format_args!(
                "{folder} does not end in a name: name the folder to make, such as `weather`"
            ),
        )
    };
    let name = name.ok_or_else(unnamed)?;
    skillgate_skill::check_skill_name(name).or_exit(Exit::Usage)?;
    if folder.exists() && !is_empty(folder) {
        let folder = folder.display();
        return Err(Failure::new(
            Exit::Usage,
            format_args!("{folder} exists already and is not an empty folder: choose another one"),
        ));
    }
    write(folder, name)?;
    output.result(&Made { name, folder }, |_| next_steps(folder, name))?;
    Ok(())
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn write(folder: &Path, name: &str) -> anyhow::Result<()> {
    for (path, content) in template::files(name) {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot make {}", parent.display()))?;
        std::fs::write(&path, content)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn next_steps(folder: &Path, name: &str) -> String {
    let folder = folder.display();
    format!(
        "Made {folder}/, a skill with one tool. Next:\n\
         \n\
         \x20 cd {folder}\n\
         \x20 cargo test\n\
         \x20 skillgate build\n\
         \x20 skillgate run {name}.skill greet --args '{{\"name\":\"Ada\"}}'"
    )
}
