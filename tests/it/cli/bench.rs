//! A folder to work in, the command run in it, and a server of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

/// A temporary folder with its own configuration, and the environment that commands run in.
#[derive(Clone)]
pub(crate) struct Bench {
    root: Arc<TempDir>,
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

/// What a command said, and how it ended.
pub(crate) struct Ended {
    pub(crate) command: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let root = Arc::new(tempfile::tempdir().unwrap());
        Self {
            folder: root.path().to_owned(),
            root,
            variables: Vec::new(),
        }
    }

    /// A folder that holds the folder of a skill without code.
    pub(crate) fn with_skill(name: &str) -> Self {
        let bench = Self::new();
        let manifest = format!(
            "---\nname: {name}\ndescription: Good to know.\nmetadata:\n  version: \"0.1.0\"\n---\nBe kind.\n"
        );
        bench.write(&format!("{name}/SKILL.md"), manifest.as_bytes());
        bench.write(&format!("{name}/references/more.md"), b"Be kinder.\n");
        std::fs::create_dir(bench.folder.join("skills")).unwrap();
        bench
    }

    /// The same, in a folder below.
    pub(crate) fn within(&self, folder: &str) -> Self {
        Self {
            folder: self.folder.join(folder),
            ..self.clone()
        }
    }

    /// The same, with one more environment variable.
    pub(crate) fn set(&self, name: &str, value: &str) -> Self {
        let mut with = self.clone();
        with.variables.retain(|(known, _)| known != name);
        with.variables.push((name.to_owned(), value.to_owned()));
        with
    }

    pub(crate) fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.folder.join(file)).unwrap()
    }

    pub(crate) fn write(&self, file: &str, content: &[u8]) {
        let path = self.folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Where a file of this folder is.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// Runs `skillgate` to its end; stdin is no terminal.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let output = self
            .skillgate(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ended {
            command: arguments.join(" "),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs the ordinary cargo in this folder.
    pub(crate) fn cargo(&self, arguments: &[&str]) {
        let output = self
            .prepared(Command::new("cargo"), arguments)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "cargo: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn skillgate(&self, arguments: &[&str]) -> Command {
        let binary = target().join("skillgate");
        assert!(
            binary.exists(),
            "{} is missing: run `cargo build --bin skillgate` first",
            binary.display()
        );
        self.prepared(Command::new(binary), arguments)
    }

    /// Nothing of the developer's own settings gets in. Skills share a target folder between runs of the tests,
    /// so that their dependencies are compiled once.
    fn prepared(&self, mut command: Command, arguments: &[&str]) -> Command {
        for (name, _) in std::env::vars() {
            let own = name.starts_with("SKILLGATE_") && name != "SKILLGATE_GUEST_RUSTC";
            if own || name.starts_with("ANTHROPIC_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("XDG_CONFIG_HOME", self.root.path().join("config"))
            .env("CARGO_TARGET_DIR", target().join("cli-skill"))
            .envs(self.variables.clone());
        command
    }
}

impl Ended {
    /// What it printed, when it succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(
            self.code,
            Some(0),
            "{}: {}{}",
            self.command,
            self.stdout,
            self.stderr
        );
        self.stdout
    }

    /// The JSON that it printed.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// What it said on stderr, when it ended with this code and printed no result.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(
            self.code,
            Some(code),
            "{}: {}{}",
            self.command,
            self.stdout,
            self.stderr
        );
        assert_eq!(self.stdout, "", "{}", self.command);
        self.stderr
    }
}

/// `target/debug`, where cargo put this test and the binary.
fn target() -> &'static Path {
    static TARGET: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    TARGET.get_or_init(|| {
        std::env::current_exe()
            .unwrap()
            .ancestors()
            .nth(2)
            .unwrap()
            .to_owned()
    })
}

/// A server on a port of its own, with the bench's data, and the agent Demo. It ends with its owner.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) agent: String,
    pub(crate) key: Option<String>,
    /// What it said until it was ready.
    pub(crate) printed: String,
}

impl Server {
    /// Starts and waits for the line that says where it listens.
    pub(crate) fn start(bench: &Bench, more: &[&str]) -> Self {
        std::fs::create_dir_all(bench.folder.join("skills")).unwrap();
        let fixed = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
            "data",
            "--quickstart",
            "skills",
        ];
        let mut child = bench
            .skillgate(&[&fixed, more].concat())
            .env("SKILLGATE_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = loop {
            let line = lines
                .next()
                .expect("the server ended before it listened")
                .unwrap();
            if let Some(url) = line.strip_prefix("listening on ") {
                break url.to_owned();
            }
            printed += &line;
            printed.push('\n');
        };
        let after = |before: &str| printed.split_once(before).map(|(_, after)| after);
        let agent = after("/v1/agents/")
            .and_then(|rest| rest.split_once('/'))
            .unwrap()
            .0
            .to_owned();
        let key = after("shown this once: ")
            .and_then(|rest| rest.lines().next())
            .map(str::to_owned);
        Self {
            child,
            url,
            agent,
            key,
            printed,
        }
    }

    /// The bench with this server's address and its admin key, when it printed one.
    pub(crate) fn client(&self, bench: &Bench) -> Bench {
        let client = bench.set("SKILLGATE_URL", &self.url);
        match &self.key {
            Some(key) => client.set("SKILLGATE_API_KEY", key),
            None => client,
        }
    }

    /// A key made on the server's data while it runs.
    pub(crate) fn api_key(&self, bench: &Bench, arguments: &[&str]) -> String {
        let made = bench.run(&[&["api-key", "create", "--data", "data"], arguments].concat());
        made.ok().trim_end().to_owned()
    }

    /// Asks it to stop, and sees it end well.
    pub(crate) fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
