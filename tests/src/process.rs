//! The real server as a process of its own, where what counts is the process: its memory, its descriptors, its
//! environment.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::app::Client;

/// How a [`ServerProcess`] is started.
#[derive(Default)]
pub struct Launch {
    /// What the shell that becomes the server does first, such as `ulimit -n 256`.
    pub before: &'static str,
    /// Variables of its environment.
    pub environment: Vec<(&'static str, String)>,
    /// Further arguments of `serve`.
    pub arguments: Vec<&'static str>,
}

/// A server that runs. It is killed when this is dropped.
pub struct ServerProcess {
    /// Where it listens.
    pub url: String,
    process: Child,
    key: String,
    _folder: TempDir,
}

impl ServerProcess {
    /// Starts the binary on an empty data folder and waits until it listens.
    pub fn start(launch: Launch) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new("sh")
            .arg("-c")
            .arg(format!("{}\nexec \"$0\" \"$@\"", launch.before))
            .arg(binary())
            .args([
                "serve",
                "--json",
                "--listen",
                "127.0.0.1:0",
                "--log",
                "warn",
            ])
            .arg("--data")
            .arg(folder.path().join("data"))
            .args(launch.arguments)
            // Tests ask until something has happened, however long it takes.
            .env("SKILLGATE_RATE_LIMIT", "1000000")
            .envs(launch.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (mut url, mut key) = (None, None);
        for line in lines {
            let said: Value = serde_json::from_str(&line.unwrap()).unwrap();
            key = key.or_else(|| said["adminKey"].as_str().map(str::to_owned));
            url = said["url"].as_str().map(str::to_owned);
            if url.is_some() {
                break;
            }
        }
        Self {
            url: url.expect("the server says where it listens"),
            process,
            key: key.expect("a new server makes a key"),
            _folder: folder,
        }
    }

    /// A client with the first key.
    pub fn client(&self) -> Client {
        Client::new(&self.url, Some(&self.key))
    }

    /// The most memory that it ever had, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.kib("VmHWM:") << 10
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(self.proc("fd")).unwrap().count()
    }

    /// Its soft and hard limit of descriptors, as the system shows them.
    pub fn descriptor_limits(&self) -> (String, String) {
        let limits = std::fs::read_to_string(self.proc("limits")).unwrap();
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max open files"));
        let mut words = line.unwrap().split_whitespace().skip(3);
        let mut next = || words.next().unwrap().to_owned();
        (next(), next())
    }

    fn kib(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.process.id())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The `skillgate` binary: named by `cargo xtask test`, else beside the test's own binary.
pub fn binary() -> PathBuf {
    let named = std::env::var_os("SKILLGATE_BIN").map(PathBuf::from);
    let beside = || {
        std::env::current_exe()
            .unwrap()
            .parent()
            .unwrap()
            .with_file_name("skillgate")
    };
    let binary = named.unwrap_or_else(beside);
    assert!(
        binary.exists(),
        "{} is missing: `cargo build --bin skillgate` makes it",
        binary.display()
    );
    binary
}
