//! What an operator does beside `serve`: back up, restore, look for what is wrong, install.

use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};
use skillgate_tests::postgres;

use super::bench::{Bench, Server};
use super::{REFUSED, USAGE};

const PASSPHRASE: &str = "correct horse battery staple";
const STATE: &str = "data/state/0a/1b/2c/files/notes/first.txt";

/// A backup of a server that served meanwhile, with its master key.
struct Backup {
    bench: Bench,
    /// The server's first key.
    key: String,
    agent: String,
}

impl Backup {
    fn of_server(arguments: &[&str]) -> Self {
        let bench = Bench::new().set("SKILLGATE_BACKUP_PASSPHRASE", PASSPHRASE);
        let server = Server::start(&bench, arguments);
        let client = server.client(&bench);
        client.run(&["chat", "Demo", "before the backup"]).ok();
        bench.write(STATE, b"kept");
        let database = &arguments.iter().position(|one| *one == "--database-url");
        let database = database.map_or(&[][..], |at| &arguments[at..at + 2]);
        let command = ["backup", "saved.backup", "--with-master-key", "--json"];
        let written = bench.run(&[&command, database].concat()).json();
        assert_eq!(written["files"], 1);
        assert!(written["rows"].as_u64().unwrap() > 5, "{written}");
        client.run(&["chat", "Demo", "after the backup"]).ok();
        let (key, agent) = (server.key.clone().unwrap(), server.agent.clone());
        server.stop();
        Self { bench, key, agent }
    }

    /// A folder on another machine, with the file of the backup.
    fn elsewhere(&self) -> Bench {
        let bench = Bench::new().set("SKILLGATE_BACKUP_PASSPHRASE", PASSPHRASE);
        bench.write("saved.backup", &self.bench.read("saved.backup"));
        bench
    }

    /// Starts a server on what was restored: the old key is good, the conversation is there up to the backup and goes on.
    fn is_there(&self, bench: &Bench, arguments: &[&str]) {
        let server = Server::start(bench, arguments);
        assert_eq!(server.key, None, "no new account is made");
        assert_eq!(server.agent, self.agent);
        let client = server.client(bench).set("SKILLGATE_API_KEY", &self.key);
        client.run(&["chat", "Demo", "after the restoration"]).ok();
        let said = history(&server, &self.key);
        assert!(said.contains("before the backup"), "{said}");
        assert!(said.contains("after the restoration"), "{said}");
        assert!(!said.contains("after the backup"), "{said}");
        assert_eq!(bench.read(STATE), b"kept");
        server.stop();
    }
}

fn history(server: &Server, key: &str) -> String {
    let url = format!("{}/v1/agents/{}/chat/messages", server.url, server.agent);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let request = reqwest::Client::new().get(url).header("x-api-key", key);
        request.send().await.unwrap().text().await.unwrap()
    })
}

fn postgres_database() -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(postgres::database())
}

#[test]
fn a_backup_of_sqlite_is_restored_into_either_database() {
    let backup = Backup::of_server(&[]);
    let here = backup.elsewhere();
    let restored = here.run(&["restore", "saved.backup", "--json"]).json();
    assert_eq!(restored["files"], 1);
    backup.is_there(&here, &[]);

    let database = postgres_database();
    let there = backup.elsewhere();
    there
        .run(&["restore", "saved.backup", "--database-url", &database])
        .ok();
    backup.is_there(&there, &["--database-url", &database]);
}

#[test]
fn a_backup_of_postgresql_is_restored_into_either_database() {
    let database = postgres_database();
    let backup = Backup::of_server(&["--database-url", &database]);
    let here = backup.elsewhere();
    here.run(&["restore", "saved.backup"]).ok();
    backup.is_there(&here, &[]);

    let other = postgres_database();
    let there = backup.elsewhere();
    there
        .run(&["restore", "saved.backup", "--database-url", &other])
        .ok();
    backup.is_there(&there, &["--database-url", &other]);
}

#[test]
fn a_backup_is_private_and_never_overwritten() {
    let backup = Backup::of_server(&[]);
    let file = backup.bench.path("saved.backup");
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let text = backup.bench.run(&["backup", "saved.backup"]).fails(USAGE);
    assert!(text.contains("not overwritten"), "{text}");
    let text = backup
        .bench
        .set("SKILLGATE_BACKUP_PASSPHRASE", "")
        .run(&["backup", "other.backup", "--with-master-key"])
        .fails(USAGE);
    assert!(text.contains("SKILLGATE_BACKUP_PASSPHRASE"), "{text}");
    let text = backup
        .bench
        .run(&["restore", "saved.backup"])
        .fails(REFUSED);
    assert!(text.contains("is not empty"), "{text}");
}

#[test]
fn a_backup_without_the_key_needs_the_key_that_it_was_made_with() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let said = bench.run(&["backup", "saved.backup"]);
    assert!(
        said.stderr.contains("master key is not in it"),
        "{}",
        said.stderr
    );
    said.ok();
    let key = server.key.clone().unwrap();
    server.stop();

    let there = Bench::new();
    there.write("saved.backup", &bench.read("saved.backup"));
    let text = there.run(&["restore", "saved.backup"]).fails(REFUSED);
    assert!(text.contains("SKILLGATE_MASTER_KEY"), "{text}");
    let other = there.set("SKILLGATE_MASTER_KEY", &"0a".repeat(32));
    let text = other.run(&["restore", "saved.backup"]).fails(REFUSED);
    assert!(text.contains("another master key"), "{text}");
    assert!(!there.path("data/skillgate.db").exists());

    let master = String::from_utf8(bench.read("data/master.key")).unwrap();
    let right = there.set("SKILLGATE_MASTER_KEY", master.trim());
    right.run(&["restore", "saved.backup"]).ok();
    let server = Server::start(&right, &[]);
    assert!(!history(&server, &key).contains("unauthorized"));
}

#[test]
fn a_backup_that_was_cut_or_changed_is_refused_before_anything_is_written() {
    let backup = Backup::of_server(&[]);
    let whole = backup.bench.read("saved.backup");
    let middle = whole.len() / 2;
    let mut changed = whole.clone();
    changed[middle] ^= 1;
    for (what, bytes) in [
        ("changed", changed.as_slice()),
        ("cut", &whole[..middle]),
        ("empty", &[]),
        ("something else", b"not a backup"),
    ] {
        let there = Bench::new().set("SKILLGATE_BACKUP_PASSPHRASE", PASSPHRASE);
        there.write("saved.backup", bytes);
        let text = there.run(&["restore", "saved.backup"]).fails(REFUSED);
        assert!(text.contains("saved.backup"), "{what}: {text}");
        assert!(!there.path("data").exists(), "{what}");
    }
    let there = backup
        .elsewhere()
        .set("SKILLGATE_BACKUP_PASSPHRASE", "wrong");
    let text = there.run(&["restore", "saved.backup"]).fails(REFUSED);
    assert!(text.contains("wrong passphrase"), "{text}");
    assert!(!there.path("data/master.key").exists());
}

#[test]
fn doctor_finds_nothing_wrong_where_a_server_can_start_and_changes_nothing() {
    let bench = Bench::new();
    let findings = bench
        .run(&["doctor", "--json", "--min-free-disk", "1MiB"])
        .json();
    let state = |name: &str| {
        let found = findings.as_array().unwrap().iter();
        let mut found = found.filter(|one| one["check"] == name);
        found.next().unwrap()["state"].clone()
    };
    for check in ["data folder", "disk", "master key", "database", "clock"] {
        assert_eq!(state(check), "ok", "{check}: {findings}");
    }
    assert!(!bench.path("data").exists());
}

#[test]
fn doctor_names_what_is_wrong_and_its_remedy() {
    let bench = Bench::new();
    Server::start(&bench, &[]).stop();
    let finding = |bench: &Bench, arguments: &[&str], check: &str| -> Value {
        let ended = bench.run(&[&["doctor", "--json"], arguments].concat());
        assert_eq!(ended.code, Some(1), "{}", ended.stdout);
        assert!(ended.stderr.contains("failed"), "{}", ended.stderr);
        let findings: Value = serde_json::from_str(&ended.stdout).unwrap();
        let found = findings.as_array().unwrap().iter();
        let mut found = found.filter(|one| one["check"] == check);
        found.next().cloned().unwrap()
    };
    let full = finding(&bench, &["--min-free-disk", "1000000GiB"], "disk");
    assert_eq!(full["state"], "failed");
    assert!(full["remedy"].as_str().unwrap().contains("--min-free-disk"));

    let other = bench.set("SKILLGATE_MASTER_KEY", &"0a".repeat(32));
    let database = finding(&other, &[], "database");
    assert_eq!(database["state"], "failed");
    assert!(
        database["found"]
            .as_str()
            .unwrap()
            .contains("another master key")
    );

    let nowhere = "postgres://nobody:hunter2@127.0.0.1:1/none";
    let database = finding(&bench, &["--database-url", nowhere], "database");
    assert_eq!(database["state"], "failed");
    assert!(!database.to_string().contains("hunter2"), "{database}");

    let dead = bench
        .set("ANTHROPIC_API_KEY", "sk-ant-hunter3")
        .set("ANTHROPIC_BASE_URL", "http://127.0.0.1:1");
    let ended = dead.run(&["doctor", "--json", "--min-free-disk", "1MiB"]);
    assert!(!ended.stdout.contains("hunter3"));
    let findings: Value = serde_json::from_str(&ended.stdout).unwrap();
    let mut provider = findings.as_array().unwrap().iter();
    let provider = provider.find(|one| one["check"] == "provider");
    assert_eq!(provider.unwrap()["state"], json!("warning"));
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = bench.run(&["completions", shell]).ok();
        for command in ["backup", "doctor", "serve", "publish"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    bench.run(&["man", "pages"]).ok();
    for page in ["skillgate.1", "skillgate-serve.1", "skillgate-backup.1"] {
        assert!(!bench.read(&format!("pages/{page}")).is_empty());
    }
}

/// The unit's command, with its folder in the test's own, is one that the server takes; and the unit asks for enough descriptors.
#[test]
fn the_systemd_unit_starts_the_server_that_there_is() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../packaging/systemd/skillgate.service"
    );
    let unit = std::fs::read_to_string(file).unwrap();
    let value = |name: &str| {
        let mut values = unit.lines().filter_map(|line| line.strip_prefix(name));
        values.next().unwrap().trim_start_matches('=').to_owned()
    };
    let command = value("ExecStart");
    let mut words = command.split(' ');
    assert_eq!(words.next(), Some("/usr/local/bin/skillgate"));
    assert_eq!(words.next(), Some("serve"));
    let options: Vec<_> = words.collect();
    let shown = Bench::new()
        .run(&[&["config", "show", "--json"], &options[..]].concat())
        .json();
    let option = |name: &str| {
        let mut found = shown
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["option"] == name);
        found.next().unwrap()["value"].clone()
    };
    assert_eq!(
        option("data"),
        format!("/var/lib/{}", value("StateDirectory"))
    );
    assert_eq!(value("LimitNOFILE"), "65536");
    assert_eq!(value("LimitCORE"), "0");
}
