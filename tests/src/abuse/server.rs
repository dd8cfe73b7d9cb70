//! The real server as a process, with a data folder of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::app::Client;

/// The most descriptors that the server may have: what most systems give a process unless told otherwise.
pub const DESCRIPTORS: u64 = 1_024;
/// How much of the log is shown when the server died.
const LAST_WORDS: usize = 2_000;

/// A running server. It is killed when this is dropped.
pub struct Server {
    process: Child,
    folder: TempDir,
    program: std::path::PathBuf,
    /// Where it listens, without a slash at the end.
    pub url: String,
}

/// The arguments of `serve`, with the limits that an operator sets who gives the server half a gibibyte of memory.
fn server_arguments() -> Vec<&'static str> {
    vec![
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--llm-provider",
        "demo",
        "--log",
        "warn",
        "--allow-egress",
        "127.0.0.0/8",
        "--guest-memory",
        "64MiB",
        "--guest-memory-per-account",
        "32MiB",
        "--loaded-skills-memory",
        "32MiB",
        "--package-memory",
        "128MiB",
    ]
}

impl Server {
    /// Starts it on new data. `model` is where agents of the provider `anthropic` find their language model.
    ///
    /// # Errors
    /// When it ends before it listens.
    pub fn start(program: &Path, model: &str) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let (process, url) = launch(program, folder.path(), model)?;
        Ok(Self {
            process,
            folder,
            program: program.to_owned(),
            url,
        })
    }

    /// Starts it anew on the same data, after it died.
    ///
    /// # Errors
    /// When it ends before it listens.
    pub fn start_again(&mut self, program: &Path, model: &str) -> Result<(), String> {
        (self.process, self.url) = launch(program, self.folder.path(), model)?;
        Ok(())
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// How it ended, when it did.
    pub fn death(&mut self) -> Option<String> {
        let status = self.process.try_wait().unwrap();
        status.map(|status| status.to_string())
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let log = std::fs::read(log_file(self.folder.path())).unwrap_or_default();
        let start = log.len().saturating_sub(LAST_WORDS);
        String::from_utf8_lossy(&log[start..]).into_owned()
    }

    /// A client with an account of its own, whose key has no limit of requests.
    pub async fn new_account(&self, name: &str) -> Client {
        let account = self.skillgate(&["account", "create", "--name", name]);
        let key = self.skillgate(&[
            "api-key",
            "create",
            "--account",
            &account,
            "--scopes",
            "admin",
            "--label",
            name,
            "--rate-limit",
            "0",
        ]);
        let mut client = Client::new(&self.url, Some(&key));
        client.account = account;
        client
    }

    /// Tells it to stop, and waits; how long that took, `None` when it had to be killed.
    pub async fn end_within(mut self, patience: Duration) -> Option<Duration> {
        let begun = Instant::now();
        if self.death().is_some() {
            return Some(begun.elapsed());
        }
        let pid = self.process.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(told.success());
        while begun.elapsed() < patience {
            if self.process.try_wait().unwrap().is_some() {
                return Some(begun.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        None
    }

    /// Runs the command line on the server's data; what it printed.
    fn skillgate(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        let data = self.folder.path().join("data");
        let output = command.args(arguments).arg("--data").arg(data).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn log_file(folder: &Path) -> std::path::PathBuf {
    folder.join("server.log")
}

/// A process that listens, and where. The shell sets the limit and then becomes the server.
fn launch(program: &Path, folder: &Path, model: &str) -> Result<(Child, String), String> {
    let log = std::fs::File::options()
        .append(true)
        .create(true)
        .open(log_file(folder))
        .unwrap();
    let mut process = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -n {DESCRIPTORS} && exec \"$0\" \"$@\""))
        .arg(program)
        .arg("serve")
        .args(server_arguments())
        .arg("--data")
        .arg(folder.join("data"))
        .env("ANTHROPIC_API_KEY", "sk-ant-operators-own")
        .env("ANTHROPIC_BASE_URL", model)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(url) = said["url"].as_str() {
            // Kept open and read: a server that can't print fails.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok((process, url.to_owned()));
        }
    }
    let status = process.wait().unwrap();
    Err(format!("the server ended before it listened: {status}"))
}
