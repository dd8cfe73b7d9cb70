//! Running other programs. None of them gets our standard input: nothing here asks a question.

use crate::Result;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// The ordinary rustc, in the toolchain of [`cargo`].
pub(crate) fn rustc() -> Command {
    Command::new("rustc")
}

/// Runs `command`, whose output the user sees.
///
/// # Errors
/// When it does not start, or ends with anything but success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|e| not_started(command, &e))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` failed: {status}", line(command)).into())
    }
}

/// Runs `command` silently and gives its standard output, trimmed.
///
/// # Errors
/// As [`run`], with what it wrote to standard error.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = both(command)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs `command` silently and gives both of its outputs.
///
/// # Errors
/// As [`read`].
pub(crate) fn both(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| not_started(command, &e))?;
    succeeded(command, output)
}

/// Runs `command` silently with `input` on its standard input.
///
/// # Errors
/// As [`read`].
pub(crate) fn feed(command: &mut Command, input: &str) -> Result<()> {
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().map_err(|e| not_started(command, &e))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    succeeded(command, output).map(drop)
}

/// Runs `command`, whose output the user sees, and ends it when it takes longer than `limit`.
///
/// # Errors
/// As [`run`], and when the time is over.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .spawn()
        .map_err(|e| not_started(command, &e))?;
    let start = Instant::now();
    while start.elapsed() < limit {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("`{}` failed: {status}", line(command)).into()),
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    child.kill()?;
    child.wait()?;
    Err(format!("`{}` took longer than {} s", line(command), limit.as_secs()).into())
}

/// Where `program` lies, by the search path.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Whether this process may install packages of the system.
pub(crate) fn is_root() -> bool {
    read(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

/// Installs packages of Debian when run as root, else says what the user should type.
///
/// # Errors
/// When there is no apt, no right to install, or the installation fails.
pub(crate) fn apt_install(packages: &[&str]) -> Result<()> {
    let wanted = packages.join(" ");
    if on_path("apt-get").is_none() {
        return Err(
            format!("missing: {wanted} (names as in Debian). Install them and try again").into(),
        );
    }
    if !is_root() {
        return Err(format!(
            "missing: {wanted}. Type `sudo apt-get install {wanted}` and try again"
        )
        .into());
    }
    println!("installing {wanted} …");
    read(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    read(
        install
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages),
    )
    .map(drop)
}

fn succeeded(command: &Command, output: Output) -> Result<Output> {
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "`{}` failed: {}\n{}",
        line(command),
        output.status,
        said.trim()
    )
    .into())
}

fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("`{}` could not be started: {error}", line(command))
}

/// The command as one would type it, for messages.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_with_what_it_said() {
        let error = read(Command::new("sh").args(["-c", "echo broken >&2; exit 3"]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("sh -c") && error.contains("broken") && error.contains('3'),
            "{error}"
        );
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let error = run_within(Command::new("sleep").arg("600"), Duration::ZERO)
            .unwrap_err()
            .to_string();
        assert!(error.contains("longer than 0 s"), "{error}");
    }

    #[test]
    fn input_reaches_the_program() {
        feed(
            Command::new("sh").args(["-c", "read word; test \"$word\" = hello"]),
            "hello\n",
        )
        .unwrap();
        assert!(
            feed(
                Command::new("sh").args(["-c", "read word; test \"$word\" = hello"]),
                "bye\n"
            )
            .is_err()
        );
    }
}
