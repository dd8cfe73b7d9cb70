//! Looks at the server all the time: what it holds, and how fast it says that it lives.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// How often it looks.
const EVERY: Duration = Duration::from_millis(250);
/// How long an answer is waited for; one that does not come counts as this.
const PATIENCE: Duration = Duration::from_secs(10);

/// The watcher, a thread of its own: nothing that the attacks do to this process's runtime delays it.
pub struct Watch {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    stop: AtomicBool,
    attacked: AtomicBool,
    died: CancellationToken,
    seen: Mutex<Seen>,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The most memory of the server process, in bytes, as the kernel keeps it (`VmHWM`).
    pub peak_memory: u64,
    /// Its memory when the attack began.
    pub memory_before: u64,
    /// The most memory of its children, which compile, together, in bytes.
    pub peak_children: u64,
    /// The most descriptors.
    pub peak_descriptors: u64,
    /// The most threads.
    pub peak_threads: u64,
    /// How long `/healthz` took before the attack began, on a connection that is kept.
    pub health_alone: Vec<Duration>,
    /// The same during the attack.
    pub health: Vec<Duration>,
    /// During the attack, on a new connection each time: where connections are limited, callers queue here.
    pub health_connecting: Vec<Duration>,
    /// When it died, from the start of the watch.
    pub died_after: Option<Duration>,
}

impl Watch {
    /// Begins to watch the process that serves `url`.
    pub fn start(pid: u32, url: &str) -> Self {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            attacked: AtomicBool::new(false),
            died: CancellationToken::new(),
            seen: Mutex::default(),
        });
        let address = url.trim_start_matches("http://").to_owned();
        let watching = Arc::clone(&shared);
        let thread = std::thread::spawn(move || watching.look_all_the_time(pid, &address));
        Self { shared, thread }
    }

    /// What is seen from now on is under attack.
    pub fn begin_attack(&self) {
        self.shared.attacked.store(true, Ordering::Relaxed);
    }

    /// Is cancelled when the server died.
    pub fn died(&self) -> CancellationToken {
        self.shared.died.clone()
    }

    /// Ends the watch.
    pub fn stop(self) -> Seen {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.shared.seen.lock().unwrap().clone()
    }
}

impl Shared {
    fn look_all_the_time(&self, pid: u32, address: &str) {
        let begun = Instant::now();
        let mut kept = None;
        for round in 0_u64.. {
            let next = Instant::now() + EVERY;
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            if !is_alive(pid) {
                self.seen.lock().unwrap().died_after = Some(begun.elapsed());
                self.died.cancel();
                return;
            }
            self.look_at_process(pid);
            self.ask_for_health(&mut kept, address, round);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    fn look_at_process(&self, pid: u32) {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        let children = children_memory(pid);
        let mut seen = self.seen.lock().unwrap();
        seen.peak_memory = seen.peak_memory.max(kilobytes(&status, "VmHWM:"));
        seen.peak_children = seen.peak_children.max(children);
        seen.peak_descriptors = seen.peak_descriptors.max(descriptors as u64);
        seen.peak_threads = seen.peak_threads.max(number(&status, "Threads:"));
        if !self.attacked.load(Ordering::Relaxed) {
            seen.memory_before = kilobytes(&status, "VmRSS:");
        }
    }

    fn ask_for_health(&self, kept: &mut Option<TcpStream>, address: &str, round: u64) {
        let attacked = self.attacked.load(Ordering::Relaxed);
        let on_kept = health(kept, address);
        // A new connection every second is enough.
        let connecting = (attacked && round.is_multiple_of(4)).then(|| health(&mut None, address));
        let mut seen = self.seen.lock().unwrap();
        match attacked {
            true => seen.health.push(on_kept),
            false => seen.health_alone.push(on_kept),
        }
        seen.health_connecting.extend(connecting);
    }
}

/// How long `/healthz` took, on this connection or a new one; [`PATIENCE`] when there was no good answer.
fn health(connection: &mut Option<TcpStream>, address: &str) -> Duration {
    let begun = Instant::now();
    // A connection that was kept may have been ended by the server meanwhile: then a new one gets a chance.
    for _ in 0..2 {
        if try_health(connection, address).is_some() {
            return begun.elapsed();
        }
        *connection = None;
    }
    PATIENCE
}

fn try_health(connection: &mut Option<TcpStream>, address: &str) -> Option<()> {
    if connection.is_none() {
        let stream = TcpStream::connect_timeout(&address.parse().ok()?, PATIENCE).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        *connection = Some(stream);
    }
    let stream = connection.as_mut()?;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: watch\r\n\r\n")
        .ok()?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        answer.extend_from_slice(&buffer[..read]);
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|text| text.parse().ok()).unwrap_or(0);
            if answer.len() >= end + 4 + length {
                return head.starts_with("http/1.1 200 ").then_some(());
            }
        }
    }
}

/// Whether it runs; one that ended and was not yet waited for does not.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

/// The memory of all processes whose parent this is, in bytes.
fn children_memory(parent: u32) -> u64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let statuses = processes.filter_map(|entry| {
        entry.file_name().to_str()?.parse::<u32>().ok()?;
        fs::read_to_string(entry.path().join("status")).ok()
    });
    statuses
        .filter(|status| number(status, "PPid:") == u64::from(parent))
        .map(|status| kilobytes(&status, "VmRSS:"))
        .sum()
}

fn kilobytes(status: &str, field: &str) -> u64 {
    number(status, field) * 1024
}

/// The number behind a field of `/proc/<pid>/status`; 0 when it is not there.
fn number(status: &str, field: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).unwrap_or(0)
}
