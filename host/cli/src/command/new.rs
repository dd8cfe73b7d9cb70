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
    folder: &'a str,
}

/// Writes the template into a folder of the skill's name.
pub(crate) fn run(arguments: &New, output: &Output) -> Outcome {
    let name = &arguments.name;
    skillgate_skill::check_skill_name(name).or_exit(Exit::Usage)?;
    let folder = Path::new(name);
    if folder.exists() && !is_empty(folder) {
        return Err(Failure::new(
            Exit::Usage,
            format_args!(
                "{name} exists already and is not an empty folder: choose another name or folder"
            ),
        ));
    }
    write(folder, name)?;
    output.result(&Made { name, folder: name }, |_| next_steps(name))?;
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

fn next_steps(name: &str) -> String {
    format!(
        "Made {name}/, a skill with one tool. Next:\n\
         \n\
         \x20 cd {name}\n\
         \x20 cargo test\n\
         \x20 skillgate build\n\
         \x20 skillgate run {name}.skill greet --args '{{\"name\":\"Ada\"}}'"
    )
}
