//! The attacks: one row each in [`ATTACKS`], one function each in the files beside.

mod answers;
mod attacker;
mod connections;
mod egress;
mod folders;
mod packages;
mod records;
mod sandboxes;
mod schemas;
mod texts;

use std::time::Duration;

pub use attacker::Attacker;
use futures::future::{BoxFuture, join_all};

use crate::abuse::model::{EQUAL_IDS, HUGE_ANSWER, MANY_CALLS};

/// One way to harm the server, or others through it.
pub struct Attack {
    /// Its name on the command line and in the report.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// What it is an example of.
    pub class: &'static str,
    /// What it has before it begins, so that no other attack keeps it from beginning.
    pub arm: Arm,
    /// Does it, until the future is dropped.
    pub run: fn(Attacker) -> BoxFuture<'static, ()>,
}

/// What an attacker is given beforehand.
#[derive(Clone, Copy)]
pub enum Arm {
    /// An account.
    Nothing,
    /// An agent with this guest, which calls what a message names.
    Guest(&'static str),
    /// An agent with the guest `echo`, whose model is the attackers' own, of this name.
    Model(&'static str),
    /// An agent with the largest package.
    Large,
}

const SCHEMAS: &str = "foreign schemas";
const RECORDS: &str = "records of what a guest did";
const FOLDERS: &str = "folders and quotas";
const PACKAGES: &str = "package work";
const TEXTS: &str = "texts and secrets";
const EGRESS: &str = "requests of skills";
const CONNECTIONS: &str = "connections and keys";
const SANDBOXES: &str = "sandboxes";
const ANSWERS: &str = "answers of models";

const HOSTILE: Arm = Arm::Guest("hostile");
const ROGUE: Arm = Arm::Guest("rogue");
const ECHO: Arm = Arm::Guest("echo");

macro_rules! attacks {
    ($($name:literal, $class:ident, $arm:expr, $run:path, $about:literal;)+) => {
        /// Every attack.
        pub const ATTACKS: &[Attack] = &[$(Attack { name: $name, about: $about, class: $class, arm: $arm, run: $run }),+];
    };
}

attacks! {
    "schema-nested-call", SCHEMAS, Arm::Nothing, schemas::nested_call, "calls a tool whose schema is nested, with arguments that are nested too";
    "schema-nested-publish", SCHEMAS, Arm::Nothing, schemas::nested_publish, "publishes a schema that takes more stack to compile than a thread has";
    "schema-doubling", SCHEMAS, Arm::Nothing, schemas::doubling, "publishes and calls a tool whose schema takes 2^40 steps to evaluate";
    "schema-patterns", SCHEMAS, Arm::Nothing, schemas::patterns, "publishes short patterns that become megabytes of automaton";
    "receipt-keys", RECORDS, HOSTILE, records::keys, "sets 256 keys of 500 KB each, all refused, in one call";
    "receipt-paths", RECORDS, HOSTILE, records::paths, "asks for 200 paths of 7 KB each in one call";
    "log-lines", RECORDS, ROGUE, records::lines, "writes 1,000 log lines in each of many calls";
    "log-deleted-names", RECORDS, Arm::Nothing, records::deleted_names, "deletes 7,000 secrets that are not there in one request";
    "files-without-names", FOLDERS, HOSTILE, folders::without_names, "writes 64 MiB to a file that it unlinked";
    "files-nested", FOLDERS, Arm::Nothing, folders::nested, "nests folders as deep as it can, then deletes the agent";
    "install-storm", PACKAGES, Arm::Large, packages::install_storm, "installs a package of 60 MB, 60 times at once";
    "slow-uploads", PACKAGES, Arm::Nothing, packages::slow_uploads, "uploads 24 packages, a byte a second each";
    "many-versions", PACKAGES, Arm::Nothing, packages::many_versions, "publishes and installs one version after another, each with code of its own";
    "huge-texts", TEXTS, Arm::Nothing, texts::huge_texts, "makes agents with half a megabyte of text and reads the account, ten times at once";
    "redaction", TEXTS, HOSTILE, texts::redaction, "has a tool answer with nothing but a secret of six bytes";
    "many-secrets", TEXTS, Arm::Nothing, texts::many_secrets, "sets 64 secrets of 16 KB in each request, and chats";
    "unknown-names", EGRESS, HOSTILE, egress::unknown_names, "looks up names that nobody knows, and gives up on each at once";
    "idle-connections", EGRESS, HOSTILE, egress::idle_connections, "asks 60 servers that keep connections open, from many calls at once";
    "held-bodies", EGRESS, HOSTILE, egress::held_bodies, "asks for bodies that never end";
    "half-heads", CONNECTIONS, Arm::Nothing, connections::half_heads, "opens 400 connections and sends half of a head on each";
    "slow-bodies", CONNECTIONS, Arm::Nothing, connections::slow_bodies, "sends 100 JSON bodies, a byte a second each";
    "unread-streams", CONNECTIONS, HOSTILE, connections::unread_streams, "opens streams of logs and of chats, and reads none of them";
    "unknown-keys", CONNECTIONS, Arm::Nothing, connections::unknown_keys, "tries API keys that do not exist, a new one each time";
    "keys-without-limit", CONNECTIONS, Arm::Nothing, connections::keys_without_limit, "makes API keys with no limit of requests, and uses them";
    "spinning", SANDBOXES, ROGUE, sandboxes::spinning, "runs more guests that spin than there are processors";
    "allocating", SANDBOXES, ROGUE, sandboxes::allocating, "runs guests that take all memory they get";
    "printing", SANDBOXES, ROGUE, sandboxes::printing, "runs guests that print, return or ask for random bytes without end";
    "many-calls", ANSWERS, Arm::Model(MANY_CALLS), answers::many_calls, "has a model make 3,000 tool calls in one answer";
    "equal-ids", ANSWERS, Arm::Model(EQUAL_IDS), answers::equal_ids, "has a model give all its tool calls one id";
    "huge-answer", ANSWERS, Arm::Model(HUGE_ANSWER), answers::huge_answer, "has a model answer with 8 MiB of text";
    "deep-arguments", ANSWERS, ECHO, answers::deep_arguments, "calls a tool with arguments nested 120 deep, and reads the history";
}

/// The attacks of these names; all when there are none.
///
/// # Errors
/// Names the one that does not exist, and those that do.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Attack>, String> {
    if names.is_empty() {
        return Ok(ATTACKS.iter().collect());
    }
    let find = |name: &String| {
        let found = ATTACKS.iter().find(|attack| attack.name == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
            format!(
                "there is no attack {name:?}; there are: {}",
                known.join(", ")
            )
        })
    };
    names.iter().map(find).collect()
}

/// How long a lane waits between two rounds: the load is to come from what is asked, not from how often. One generator
/// runs on the server's own processors.
const PAUSE: Duration = Duration::from_millis(200);

/// Does `round` again and again in so many lanes at once, with a pause between; it is given the lane and the round's
/// number, unique over all lanes.
async fn again_and_again<F>(lanes: u64, round: impl Fn(u64, u64) -> F)
where
    F: Future<Output = ()>,
{
    let lane = async |lane: u64| {
        for number in 0.. {
            round(lane, number * lanes + lane).await;
            tokio::time::sleep(PAUSE).await;
        }
    };
    join_all((0..lanes).map(lane)).await;
}
