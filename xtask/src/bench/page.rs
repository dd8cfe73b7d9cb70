//! The part of docs/performance.md that is generated: the table, and how it was taken.

use crate::{Result, paths, process};
use std::fs;
use std::process::Command;

const BEGIN: &str = "<!-- begin of what `cargo xtask bench --write` puts here -->";
const END: &str = "<!-- end -->";

/// Crates whose version decides the figures.
const DECISIVE: [&str; 4] = ["wasmtime", "axum", "tokio", "sqlx"];

/// Puts `table` between the page's markers.
///
/// # Errors
/// When the page, or one of its markers, is missing.
pub(super) fn write(table: &str) -> Result<()> {
    let page = paths::root().join("docs/performance.md");
    let text = fs::read_to_string(&page).map_err(|e| format!("{}: {e}", page.display()))?;
    fs::write(
        &page,
        replace(&text, &format!("{}\n{table}", conditions()?))?,
    )?;
    println!("written to {}", page.display());
    Ok(())
}

/// `page` with `content` in place of what is between the markers.
fn replace(page: &str, content: &str) -> Result<String> {
    let marked = page
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) =
        marked.ok_or_else(|| format!("docs/performance.md lacks the lines\n{BEGIN}\n{END}"))?;
    Ok(format!("{before}{BEGIN}\n\n{content}\n{END}{after}"))
}

/// How the figures were taken: machine, system, versions, state of the source.
fn conditions() -> Result<String> {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let processor = processor.map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism()?;
    let read = |program: &str, arguments: &[&str]| {
        process::read(
            Command::new(program)
                .current_dir(paths::root())
                .args(arguments),
        )
    };
    let lock = fs::read_to_string(paths::root().join("Cargo.lock"))?;
    let versions = DECISIVE
        .iter()
        .filter_map(|name| Some(format!("{name} {}", version(&lock, name)?)));
    Ok(format!(
        "Taken on {date} at commit {commit}: {cores} cores of {processor}, kernel {kernel}; {rustc}; {versions}.\n\
         Release profile, all on one machine; the load generator runs on the same cores.\n",
        date = read("date", &["-u", "+%F"])?,
        commit = read("git", &["rev-parse", "--short", "HEAD"])?,
        kernel = read("uname", &["-r"])?,
        rustc = read("rustc", &["--version"])?,
        versions = versions.collect::<Vec<_>>().join(", "),
    ))
}

/// The version of the package `name` in the text of a Cargo.lock.
fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let entry = lock
        .split_once(&format!("name = \"{name}\"\nversion = \""))?
        .1;
    Some(entry.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let once = replace(&page, "new").unwrap();
        assert_eq!(once, format!("before\n{BEGIN}\n\nnew\n{END}\nafter\n"));
        assert_eq!(replace(&once, "new").unwrap(), once);
        assert!(replace("no markers", "new").is_err());
    }

    #[test]
    fn versions_are_read_from_the_lock() {
        let lock = "[[package]]\nname = \"axum\"\nversion = \"0.8.4\"\nsource = \"x\"\n";
        assert_eq!(version(lock, "axum"), Some("0.8.4"));
        assert_eq!(version(lock, "tokio"), None);
    }
}
