//! From the start of the program to the first 200 of `/readyz`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::figure;

/// How often the server is started.
const STARTS: usize = 10;
/// Skills in the quickstart's folder.
const SKILLS: usize = 3;

/// Measures starts on a database that has an agent with three skills, compiled before.
pub(crate) fn measure() {
    let data = tempfile::tempdir().unwrap();
    let (first, filling) = Server::start(data.path());
    first.stop();
    println!("the first start, which compiles: {}", figure::time(filling));
    let starts: Vec<Duration> = (0..STARTS).map(|_| start_and_stop(data.path())).collect();
    let floor: Vec<Duration> = (0..STARTS).map(|_| run_to_its_end()).collect();
    figure::print(
        "start of the server with 3 installed skills to ready, cache warm, p50",
        &figure::time(figure::median(&starts)),
        &format!(
            "{} (`skillgate --version`)",
            figure::time(figure::median(&floor))
        ),
        "≤ 50 ms",
    );
}

fn start_and_stop(data: &Path) -> Duration {
    let (server, time) = Server::start(data);
    server.stop();
    time
}

/// The same program, which only says its version.
fn run_to_its_end() -> Duration {
    let begun = Instant::now();
    let output = Command::new(program()).arg("--version").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    begun.elapsed()
}

/// A running server; killed should the bench fail.
struct Server {
    process: Child,
    /// Kept open: a server that can't print fails.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts it; how long that took until it said that it is ready.
    fn start(data: &Path) -> (Self, Duration) {
        let skills = skills();
        let begun = Instant::now();
        let mut process = Command::new(program())
            .env_clear()
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "off", "--data"])
            .arg(data)
            .arg("--quickstart")
            .arg(skills)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = output.find_map(|line| {
            Some(
                line.unwrap()
                    .strip_prefix("listening on http://")?
                    .to_owned(),
            )
        });
        let server = Self {
            process,
            _output: output,
        };
        let address = address.expect("the server ended before it listened");
        while !is_ready(&address) {
            std::thread::sleep(Duration::from_millis(1));
        }
        (server, begun.elapsed())
    }

    /// Stops it as an operator would, so that the next start finds its database closed.
    fn stop(mut self) {
        let id = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` it is gone, and both do nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_ready(address: &str) -> bool {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
        .write_all(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.starts_with("HTTP/1.1 200 ")
}

fn program() -> OsString {
    env::var_os("SKILLGATE_BIN")
        .expect("SKILLGATE_BIN names the `skillgate` to start; `cargo xtask bench` sets it")
}

/// The folder of the examples' packages.
fn skills() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/skills");
    let entries = fs::read_dir(&folder).expect("`cargo xtask skills` makes the packages");
    let packages = entries.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .path()
            .extension()
            .is_some_and(|one| one == "skill")
    });
    assert_eq!(packages.count(), SKILLS, "{}", folder.display());
    folder
}
