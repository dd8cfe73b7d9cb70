//! A PostgreSQL server of our own, for tests: one per test process, a database per caller.
//!
//! It lives in a temporary folder, listens on a socket there and nowhere else, and forgets everything when the test
//! process ends, however that ends: a shell waits on a pipe which only we hold, and then stops it and removes the folder.

use std::io::Read;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const HOW_TO_INSTALL: &str = "Install PostgreSQL with `apt-get install postgresql` (`cargo xtask setup` does it), or name \
    the folder of its programs in SKILLGATE_TEST_POSTGRES_BIN.";

/// Makes the data folder, starts the server, says `ready`, waits for the end of its input, stops the server.
/// It does not listen to signals, so that an interrupted test leaves nothing behind.
/// Arguments: initdb, pg_ctl, the folder.
const SUPERVISOR: &str = r#"
trap '' HUP INT TERM
exec 2>&1
if "$1" --pgdata="$3/data" --username=skillgate --auth=trust --encoding=UTF8 --no-locale --no-sync >"$3/log" &&
   "$2" --pgdata="$3/data" --log="$3/log" --wait --options="-F -k '$3' -c listen_addresses=''" start >/dev/null
then
    echo ready
    exec >/dev/null 2>&1
    cat
    "$2" --pgdata="$3/data" --mode=immediate --wait stop
else
    cat "$3/log"
fi
rm -rf "$3"
"#;

/// The address of a new, empty database.
///
/// # Panics
/// When PostgreSQL is not installed or does not start, saying what to do.
pub async fn database() -> String {
    tokio::task::spawn_blocking(|| server().create_database())
        .await
        .expect("creating a database does not panic")
}

/// A running server and the pipe that keeps it alive.
struct Server {
    createdb: PathBuf,
    folder: PathBuf,
    databases: AtomicU32,
    _supervisor: Child,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

impl Server {
    fn start() -> Self {
        let [initdb, pg_ctl, createdb] = ["initdb", "pg_ctl", "createdb"].map(find_program);
        let folder = tempfile::Builder::new()
            .prefix("skillgate-pg-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        let mut supervisor = shell_of_ordinary_user(&folder)
            .args(["-c", SUPERVISOR, "supervisor"])
            .args([&initdb, &pg_ctl, &folder])
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell to start PostgreSQL with");
        let mut said = String::new();
        let mut output = supervisor.stdout.take().expect("its output is a pipe");
        output
            .read_to_string(&mut said)
            .expect("what the shell says is text");
        assert_eq!(said, "ready\n", "PostgreSQL does not start");
        Self {
            createdb,
            folder,
            databases: AtomicU32::new(0),
            _supervisor: supervisor,
        }
    }

    fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = Command::new(&self.createdb)
            .args([
                "--username=skillgate",
                "--maintenance-db=postgres",
                "--host",
            ])
            .args([self.folder.as_os_str(), name.as_ref()])
            .output()
            .expect("createdb runs");
        assert!(
            made.status.success(),
            "createdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        format!(
            "postgres://skillgate@localhost/{name}?host={}",
            self.folder.display()
        )
    }
}

/// Where a program of PostgreSQL is: in the folder that was named, on the search path, or where Debian puts it.
fn find_program(name: &str) -> PathBuf {
    let named = std::env::var_os("SKILLGATE_TEST_POSTGRES_BIN").map(PathBuf::from);
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    named
        .into_iter()
        .chain(std::env::split_paths(&search_path))
        .chain(packaged())
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("PostgreSQL's program `{name}` was not found. {HOW_TO_INSTALL}"))
}

/// `/usr/lib/postgresql/<version>/bin`, the newest first.
fn packaged() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders
}

/// A shell that owns `folder` and is not root, which PostgreSQL refuses to be run by.
fn shell_of_ordinary_user(folder: &Path) -> Command {
    let we_are_root = std::fs::metadata(folder)
        .expect("the folder is there")
        .uid()
        == 0;
    if !we_are_root {
        return Command::new("sh");
    }
    let (user, group) = (number_of("-u"), number_of("-g"));
    chown(folder, Some(user), Some(group)).expect("root may give a folder away");
    let mut command = Command::new("setpriv");
    command
        .args([format!("--reuid={user}"), format!("--regid={group}")])
        .args(["--clear-groups", "sh"]);
    command
}

/// User or group number of `nobody`.
fn number_of(which: &str) -> u32 {
    let answer = Command::new("id")
        .args([which, "nobody"])
        .output()
        .expect("id runs");
    String::from_utf8_lossy(&answer.stdout)
        .trim()
        .parse()
        .expect("there is a user `nobody`")
}
