//! What attackers upload: packages of the test guests, some with a schema that is an attack.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use skillgate_skill::{MANIFEST, Package, SigningKey, ToolDigest};

use crate::abuse::model;
use crate::abuse::peers::Peers;
use crate::fake_anthropic::FakeAnthropic;
use crate::skills;

/// The mark in the guest `hostile` behind which its schema stands, see there.
const MARK: &[u8] = b"<the input schema of the tool `listed` stands here>";
/// How many bytes a schema may have there.
const ROOM: usize = 80 * 1024;

/// Everything that attackers need, made once.
pub struct Arsenal {
    /// The servers that skills ask.
    pub peers: Peers,
    /// The language model of agents whose provider is `anthropic`.
    pub model: FakeAnthropic,
    /// The tools of each guest, as its publisher signs them.
    tools: HashMap<&'static str, Vec<ToolDigest>>,
}

impl Arsenal {
    /// Makes it; compiles the guests in this process, which takes a test build some seconds.
    pub async fn make() -> Self {
        let mut tools = HashMap::new();
        for guest in ["echo", "hostile", "probe", "rogue"] {
            tools.insert(guest, tools_of(skills::unsigned(guest)).await.unwrap());
        }
        Self {
            peers: Peers::start().await,
            model: model::start().await,
            tools,
        }
    }

    /// A guest as it is, signed.
    pub fn guest(&self, name: &'static str, key: &SigningKey) -> Package {
        skills::sign(skills::unsigned(name), key, &self.tools[name])
    }

    /// The guest `hostile`, which may ask all peers.
    pub fn hostile(&self, key: &SigningKey) -> Package {
        let component = skills::component("hostile");
        skills::sign(self.hostile_with(component), key, &self.tools["hostile"])
    }

    /// The guest `hostile` with this schema, signed with the tools that it then lists. A host that refuses the schema
    /// refuses it here too: it is signed as if it had none then, and never gets as far as that being compared.
    pub async fn with_schema(&self, schema: &Value, key: &SigningKey) -> Package {
        let package = self.hostile_with(patched(schema));
        let tools = tools_of(package.clone()).await;
        skills::sign(
            package,
            key,
            tools.as_ref().unwrap_or(&self.tools["hostile"]),
        )
    }

    /// As [`Arsenal::with_schema`], for a schema that must not be compiled in this process.
    pub fn with_deadly_schema(&self, schema: &Value, key: &SigningKey) -> Package {
        let package = self.hostile_with(patched(schema));
        skills::sign(package, key, &self.tools["hostile"])
    }

    /// The guest `rogue` as its version 0.0.`number`, with code of its own: no version's code is another's.
    pub fn version(&self, number: u64, key: &SigningKey) -> Package {
        let manifest = skills::manifest("rogue")
            .replace("version: \"0.1.0\"", &format!("version: \"0.0.{number}\""));
        let mut component = skills::component("rogue");
        // A custom section: its id, its length, its name with the name's length, its content.
        component.extend([0, 10, 1, b'n']);
        component.extend(number.to_le_bytes());
        let package = skills::package(&manifest, &component);
        skills::sign(package, key, &self.tools["rogue"])
    }

    fn hostile_with(&self, component: Vec<u8>) -> Package {
        let manifest = skills::manifest("hostile")
            .replace("        - GET http://127.0.0.1:9/*", &self.peers.rules());
        skills::package(&manifest, &component)
    }
}

/// Instructions without code, with a file of so many bytes beside them.
pub fn instructions(name: &str, bytes: usize, key: &SigningKey) -> Package {
    let manifest = format!(
        "---\nname: {name}\ndescription: Large.\nmetadata:\n  version: \"0.1.0\"\n---\nRead it all.\n"
    );
    let files = BTreeMap::from([
        (MANIFEST.to_owned(), manifest.into_bytes()),
        ("references/large.txt".to_owned(), vec![b'x'; bytes]),
    ]);
    skills::sign(Package::from_files(files).unwrap(), key, &[])
}

/// Takes the stack once for each level of schema times each level of arguments: chains of nested `allOf` whose end
/// refers to their start.
pub fn nested_chain_for_calls() -> Value {
    let wrapped = |inner: Value, levels: usize| {
        (0..levels).fold(
            inner,
            |inner, _| json!({ "allOf": [inner, { "minProperties": 0 }] }),
        )
    };
    let mut chains: serde_json::Map<String, Value> = (0..30)
        .map(|link| {
            let next = json!({ "$ref": format!("#/$defs/{}", link + 1) });
            (link.to_string(), wrapped(next, 50))
        })
        .collect();
    let end = json!({ "additionalProperties": { "$ref": "#/$defs/0" } });
    chains.insert("30".to_owned(), end);
    json!({ "type": "object", "$ref": "#/$defs/0", "$defs": chains })
}

/// A chain so long that compiling it takes more stack than a thread has.
pub fn nested_chain_for_publishing() -> Value {
    let last = 70;
    let chains: serde_json::Map<String, Value> = (0..=last)
        .map(|link| {
            let next = match link == last {
                true => json!(true),
                false => json!({ "$ref": format!("#/$defs/{}", link + 1) }),
            };
            let wrapped = (0..110).fold(next, |inner, _| json!({ "not": inner }));
            (link.to_string(), wrapped)
        })
        .collect();
    json!({ "type": "object", "$ref": "#/$defs/0", "$defs": chains })
}

/// Each definition refers to the next one twice: 2^40 steps.
pub fn doubling() -> Value {
    let steps = 40;
    let mut definitions: serde_json::Map<String, Value> = (0..steps)
        .map(|step| {
            let next = json!({ "$ref": format!("#/$defs/{}", step + 1) });
            (step.to_string(), json!({ "allOf": [next, next] }))
        })
        .collect();
    definitions.insert(steps.to_string(), json!({ "minProperties": 0 }));
    json!({ "type": "object", "$ref": "#/$defs/0", "$defs": definitions })
}

/// Patterns that are short, and automata of megabytes.
pub fn patterns() -> Value {
    let patterns: Vec<Value> = (0..50)
        .map(|number| json!({ "pattern": format!(".{{{}}}", 9_000 + number) }))
        .collect();
    json!({ "type": "object", "anyOf": patterns })
}

/// The component of `hostile` with this schema written into its data.
fn patched(schema: &Value) -> Vec<u8> {
    let schema = schema.to_string();
    assert!(schema.len() <= ROOM, "{} bytes of schema", schema.len());
    let mut component = skills::component("hostile");
    let found = component.windows(MARK.len()).position(|at| at == MARK);
    let start = found.expect("the guest `hostile` has its mark") + MARK.len();
    component[start..start + schema.len()].copy_from_slice(schema.as_bytes());
    component
}

/// What a publisher would sign of this package's tools; `None` when they can't be listed.
async fn tools_of(package: Package) -> Option<Vec<ToolDigest>> {
    let key = skills::signing_key(0);
    let signing = async move { skills::sign_with_its_tools(package, &key).await };
    // It panics where a package can't be loaded, as a test wants it.
    let signed = tokio::spawn(signing).await.ok()?;
    let key = skills::signing_key(0).verifying_key();
    Some(signed.verify(&|_| Some(key)).unwrap().statement.tools)
}
