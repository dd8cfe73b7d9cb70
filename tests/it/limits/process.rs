//! The real server as a process, whose memory can be read.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use skillgate_tests::app::Client;
use skillgate_tests::process::binary;
use tempfile::TempDir;

/// A server on 127.0.0.1 and a free port, with data of its own; it ends with the test.
pub(super) struct Process {
    child: Child,
    client: Client,
    _folder: TempDir,
}

impl Process {
    /// Starts it, without a rate limit.
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(binary())
            .args(["serve", "--json", "--listen", "127.0.0.1:0"])
            .args(["--llm-provider", "demo", "--log", "warn"])
            .args(["--rate-limit", "0", "--data"])
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut url, mut key) = (None, None);
        for line in lines {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let text = |name: &str| line[name].as_str().map(str::to_owned);
            key = key.or_else(|| text("adminKey"));
            url = text("url");
            if url.is_some() {
                break;
            }
        }
        let mut client = Client::new(&url.unwrap(), key.as_deref());
        let account = client.get("/v1/account").await.data(200);
        client.account = account["id"].as_str().unwrap().to_owned();
        Self {
            child,
            client,
            _folder: folder,
        }
    }

    /// A client with the first account's admin key.
    pub(super) fn admin(&self) -> Client {
        self.client.clone()
    }

    /// The most memory that it ever held, in MiB.
    pub(super) fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse::<u64>().unwrap() >> 10
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
