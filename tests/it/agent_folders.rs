//! `DELETE /v1/agents/{id}`, whatever its skills left on the disk: it answers, and the server lives.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use skillgate_tests::app::{Client, TestApp};
use skillgate_tests::process::binary;
use skillgate_tests::skills;
use skillgate_tests::sse::Events;

#[tokio::test]
async fn folders_nested_deeper_than_there_are_descriptors_are_deleted() {
    deletes(600).await;
}

#[tokio::test]
async fn folders_nested_deeper_than_a_stack_are_deleted() {
    deletes(12_000).await;
}

#[tokio::test]
async fn what_skills_keep_outlives_the_key_that_asked_and_is_a_peers_own() {
    let call =
        json!({ "type": "tool_call", "name": "hoarder__nest", "arguments": { "levels": 1 } });
    let text = json!({ "type": "text", "text": "Done." });
    let turns = [json!({ "parts": [call] }), json!({ "parts": [text] })];
    let turns = [turns.clone(), turns.clone(), turns].concat();
    let app = TestApp::with_script(json!({ "turns": turns })).await;
    let (old_key, new_key) = (app.admin().await, app.client(&["chat"]).await);
    let agent = old_key.agent().await;
    let key = skills::signing_key(1);
    let package = skills::signed("hoarder", &key).await;
    old_key.equip(&agent, &package, &key).await;
    let is_there_already = async |client: &Client, body: Value| {
        let mut events = Events::of(client.say(&agent, body).await);
        let result = events.until("tool_result").await;
        events.until("done").await;
        result["isError"].as_bool().unwrap()
    };
    assert!(!is_there_already(&old_key, json!({ "message": "a" })).await);
    assert!(is_there_already(&new_key, json!({ "message": "a" })).await);
    let of_a_peer = json!({ "message": "a", "peerId": "ada" });
    assert!(!is_there_already(&new_key, of_a_peer).await);
}

/// Lets a skill make a folder, nests others in it and deletes the agent, on a server with few descriptors.
async fn deletes(levels: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (_server, client) = Server::start(folder.path()).await;
    let agent = client.agent().await;
    let key = skills::signing_key(1);
    let package = skills::signed("hoarder", &key).await;
    client.equip(&agent, &package, &key).await;
    let events = client.chat(&agent, "Make a folder").await;
    events.all().await;
    let made = find(&folder.path().join("data"), "d").expect("the skill made a folder");
    nest(&made, levels);

    let path = format!("/v1/agents/{agent}");
    client.delete(&path).await.data(200);
    assert!(!made.exists());
    client.get(&path).await.error(404, "agent_not_found");
    let health = Client::new(&client.url, None).get("/healthz").await;
    assert_eq!(health.status, 200);
    let trash = find(&folder.path().join("data"), "trash").unwrap();
    let emptied = async {
        while fs::read_dir(&trash).unwrap().next().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), emptied)
        .await
        .expect("the disk is freed in the background");
}

/// Makes folders in each other, through handles: the path becomes longer than a path may be.
fn nest(folder: &Path, levels: usize) {
    let mut handle = File::open(folder).unwrap();
    for _ in 0..levels {
        let below = format!("/proc/self/fd/{}/d", handle.as_raw_fd());
        fs::create_dir(&below).unwrap();
        handle = File::open(&below).unwrap();
    }
}

/// The first folder called `name`.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders = entries.filter(|path| path.is_dir());
    folders.find_map(|path| {
        let is_it = path.file_name().is_some_and(|found| found == name);
        if is_it { Some(path) } else { find(&path, name) }
    })
}

/// The real server, as a process that begins with a soft limit of 256 descriptors.
struct Server(Child);

impl Server {
    async fn start(folder: &Path) -> (Self, Client) {
        let script = json!({ "turns": [
            { "parts": [{ "type": "tool_call", "name": "hoarder__nest", "arguments": { "levels": 1 } }] },
            { "parts": [{ "type": "text", "text": "Done." }] },
        ] });
        fs::write(folder.join("script.json"), script.to_string()).unwrap();
        let mut server = Command::new("sh")
            .args(["-c", "ulimit -S -n 256 && exec \"$@\"", "sh"])
            .arg(binary())
            .args(["serve", "--json", "--listen", "127.0.0.1:0"])
            .args(["--llm-provider", "scripted", "--log", "warn", "--data"])
            .arg(folder.join("data"))
            .arg("--script")
            .arg(folder.join("script.json"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(server.stdout.take().unwrap());
        let server = Self(server);
        let (mut url, mut key) = (None, None);
        for line in output.lines() {
            let said: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let field = |name: &str| Some(said.get(name)?.as_str()?.to_owned());
            key = key.or(field("adminKey"));
            url = field("url");
            if url.is_some() {
                break;
            }
        }
        let url = url.expect("the server says where it listens");
        let mut client = Client::new(&url, key.as_deref());
        let account = client.get("/v1/account").await.data(200);
        account["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut client.account);
        (server, client)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
