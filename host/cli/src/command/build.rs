//! `build`.

mod collect;
mod compile;

use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;
use skillgate_runtime::Tool;
use skillgate_skill::{COMPONENT, Package};

use crate::args::Build;
use crate::exit::{Exit, OrExit, Outcome};
use crate::output::{Output, indent, plain, size};
use crate::{local, package};

/// What was built.
#[derive(Serialize)]
struct Built {
    package: PathBuf,
    name: String,
    version: Option<String>,
    /// Bytes of the package's file.
    size: usize,
    digest: String,
    tools: Vec<Tool>,
    /// Why the sandbox would refuse the component; `null` when it would not.
    problem: Option<String>,
}

/// Compiles, packs, and checks what came out by the rules of the sandbox.
pub(crate) async fn run(arguments: Build, output: &Output) -> Outcome {
    let folder = arguments.folder.canonicalize();
    let folder = folder
        .with_context(|| arguments.folder.display().to_string())
        .or_exit(Exit::NotFound)?;
    let mut files = collect::files(&folder)?;
    if folder.join("Cargo.toml").is_file() {
        files.insert(COMPONENT.to_owned(), compile::component(&folder)?);
    }
    let package = Package::from_files(files)?;
    let path = arguments
        .output
        .unwrap_or_else(|| format!("{}.skill", package.manifest.name).into());
    let bytes = package.write()?;
    package::write(&path, &bytes)?;
    let (tools, problem) = match local::tools(&package).await {
        Ok(tools) => (tools, None),
        Err(failure) => (Vec::new(), Some(format!("{:#}", failure.error))),
    };
    if let Some(problem) = &problem {
        output.warn(format_args!(
            "the sandbox will refuse this package: {}",
            plain(problem)
        ));
    }
    let built = Built {
        name: package.manifest.name.clone(),
        version: package.manifest.version.clone(),
        digest: package.digest().to_string(),
        size: bytes.len(),
        package: path,
        tools,
        problem,
    };
    output.result(&built, Built::text)?;
    Ok(())
}

impl Built {
    fn text(&self) -> String {
        let tools = self
            .tools
            .iter()
            .map(|tool| format!("{}: {}\n", tool.name, first_line(&tool.description)));
        format!(
            "built {} ({})\ndigest: {}\ntools:\n{}",
            self.package.display(),
            size(self.size as u64),
            self.digest,
            match self.tools.is_empty() {
                true => "  none\n".to_owned(),
                false => indent(&tools.collect::<String>(), 2),
            }
        )
    }
}

fn first_line(text: &str) -> String {
    plain(text.lines().next().unwrap_or_default())
}
