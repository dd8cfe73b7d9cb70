//! `cargo xtask bench`: runs the bench programs and makes one table of what they print.
//!
//! A bench program is a `benches/*.rs` with `harness = false`. For each figure it prints one line of
//! five fields with tabs between them: `figure`, what was measured, the result, the floor beside it
//! in the same run (or `-`), the goal (or `-`). Other lines are shown and not kept. The release
//! binary of `skillgate` is named to it in `SKILLGATE_BIN`.

mod page;

use crate::binary::{self, Profile};
use crate::{Result, guests, only, paths, process, skills, table, toolchain};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Where bench programs are.
const FOLDERS: [&str; 2] = ["runtime/benches", "tests/benches"];

pub(crate) fn main(arguments: &[String]) -> Result<()> {
    only(arguments, &["--write"])?;
    let toolchain = toolchain::ensure()?;
    let skillgate = binary::build(Profile::Release)?;
    skills::make(&skillgate, &toolchain)?;
    guests::make(&toolchain)?;
    let mut rows = vec![
        ["measured", "result", "floor", "goal"]
            .map(String::from)
            .to_vec(),
    ];
    rows.extend(measure(&skillgate)?);
    let text = table::render(&rows);
    println!("\n{text}");
    if arguments.is_empty() {
        Ok(())
    } else {
        page::write(&text)
    }
}

/// Runs all bench programs one after the other and gives their figures.
fn measure(skillgate: &Path) -> Result<Vec<Vec<String>>> {
    let mut cargo = process::cargo();
    cargo
        .current_dir(paths::root())
        .args(["bench", "--workspace"])
        .env(binary::BINARY_VARIABLE, skillgate);
    for name in programs()? {
        cargo.args(["--bench", &name]);
    }
    let figures = read_figures(cargo.stdin(Stdio::null()))?;
    if figures.is_empty() {
        Err("the bench programs printed no figure".into())
    } else {
        Ok(figures)
    }
}

/// The names of the bench programs.
fn programs() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for folder in FOLDERS.map(|folder| paths::root().join(folder)) {
        if folder.is_dir() {
            for entry in fs::read_dir(folder)? {
                let file = entry?.path();
                if file.extension().is_some_and(|extension| extension == "rs") {
                    names.push(paths::name(&file.with_extension("")).to_owned());
                }
            }
        }
    }
    names.sort();
    if names.is_empty() {
        Err(format!("there is no bench program in {}", FOLDERS.join(", ")).into())
    } else {
        Ok(names)
    }
}

/// Runs `command`, shows what it prints, and collects the figures.
fn read_figures(command: &mut Command) -> Result<Vec<Vec<String>>> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child
        .stdout
        .take()
        .ok_or("the bench's output is not piped")?;
    let mut figures = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        figures.extend(figure(&line)?);
    }
    let status = child.wait()?;
    if status.success() {
        Ok(figures)
    } else {
        Err(format!("the bench failed: {status}").into())
    }
}

/// The four cells of a line that is a figure.
fn figure(line: &str) -> Result<Option<Vec<String>>> {
    let fields: Vec<&str> = line.split('\t').collect();
    match fields.split_first() {
        Some((&"figure", cells)) if cells.len() == 4 => {
            Ok(Some(cells.iter().map(|cell| (*cell).to_owned()).collect()))
        }
        Some((&"figure", _)) => Err(format!("a figure has four cells: {line:?}").into()),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_four_cells_and_other_lines_are_none() {
        let cells = figure("figure\ta call, p50\t43 µs\t39 µs\t≤ 60 µs")
            .unwrap()
            .unwrap();
        assert_eq!(cells, ["a call, p50", "43 µs", "39 µs", "≤ 60 µs"]);
        assert_eq!(figure("warming up").unwrap(), None);
        assert!(figure("figure\tonly one").is_err());
    }
}
