//! The `skillgate` command as its users have it: the real binary, from a new skill to an agent that uses it.

mod bench;
mod operations;
mod relay;

use serde_json::{Value, json};
use skillgate_tests::fake_anthropic::{Block, FakeAnthropic, Reply};

use bench::{Bench, Server};

/// Exit codes as docs/cli.md has them.
const FAILED: i32 = 1;
const REFUSED: i32 = 3;
const USAGE: i32 = 2;
const NOT_FOUND: i32 = 4;
const UNREACHABLE: i32 = 5;

#[test]
fn a_skill_lives_from_new_to_an_answer_in_a_chat() {
    let bench = Bench::new();
    bench.run(&["new", "greeter"]).ok();
    let skill = bench.within("greeter");
    skill.cargo(&["test"]);

    let built = skill.run(&["build", "--json"]).json();
    assert_eq!(built["name"], "greeter");
    assert_eq!(built["tools"][0]["name"], "greet");
    assert_eq!(built["problem"], Value::Null);
    assert_eq!(
        skill.run(&["build", "--json"]).json()["digest"],
        built["digest"],
        "building is deterministic"
    );
    let package = skill.read("greeter.skill");
    let package = String::from_utf8_lossy(&package);
    assert!(package.contains("/cargo/registry/"));
    assert!(
        !package.contains("/.cargo/"),
        "the package tells where its author's home is"
    );

    let greeted = skill.run(&[
        "run",
        "greeter.skill",
        "greet",
        "--args",
        r#"{"name":"Ada"}"#,
    ]);
    assert_eq!(greeted.ok(), "Hello, Ada!\n");
    let wrong = skill.run(&[
        "run",
        "greeter.skill",
        "greet",
        "--args",
        r#"{"nme":"Ada"}"#,
    ]);
    assert!(wrong.fails(1).contains("nme"));
    assert!(
        skill
            .run(&["run", "greeter.skill", "great"])
            .fails(NOT_FOUND)
            .contains("greet")
    );

    skill.run(&["keys", "new"]).ok();
    skill.run(&["sign", "greeter.skill"]).ok();
    skill.run(&["verify", "greeter.skill"]).ok();

    let server = Server::start(&bench, &[]);
    let remote = server.client(&skill);
    let published = remote.run(&["publish", "greeter.skill"]);
    assert!(
        published.stderr.contains("registered"),
        "{}",
        published.stderr
    );
    published.ok();
    let again = remote.run(&["publish", "greeter.skill"]);
    assert!(!again.stderr.contains("registered"), "{}", again.stderr);
    again.ok();
    remote.run(&["install", "Demo", "greeter"]).ok();
    let chat = remote.run(&["chat", "Demo", r#"greeter__greet {"name":"Ada"}"#]);
    assert!(chat.stderr.contains("greeter__greet"), "{}", chat.stderr);
    assert!(chat.ok().contains("Hello, Ada!"));
    server.stop();
}

#[test]
fn chat_prints_its_events_as_lines() {
    let bench = Bench::new();
    let server = Server::start(&bench, &[]);
    let events = server
        .client(&bench)
        .run(&["chat", "Demo", "hello", "--json"])
        .ok();
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events[0]["type"], "text");
    assert_eq!(events[events.len() - 1]["type"], "done");
    server.stop();
}

#[test]
fn options_come_from_flags_before_the_environment_before_the_file() {
    let bench = Bench::new();
    bench.write(
        "server.toml",
        b"max-runs = 7\nrate_limit = 5\nlisten = \"127.0.0.1:9\"\nallow-egress = [\"10.0.0.0/8\", \"fd00::/8\"]\n",
    );
    let bench = bench
        .set("SKILLGATE_CONFIG", "server.toml")
        .set("SKILLGATE_RATE_LIMIT", "6")
        .set("SKILLGATE_DATABASE_URL", "postgres://u:hunter2@db/x");
    let arguments = ["config", "show", "--listen", "127.0.0.1:8", "--json"];
    let shown = bench.run(&arguments).json();
    let of = |option: &str| {
        let mut settings = shown.as_array().unwrap().iter();
        let found = settings.find(|one| one["option"] == option).unwrap();
        (found["value"].clone(), found["source"].clone())
    };
    for (option, value, source) in [
        ("listen", json!("127.0.0.1:8"), "flag"),
        ("rate-limit", json!("6"), "environment"),
        ("max-runs", json!("7"), "file"),
        ("allow-egress", json!("10.0.0.0/8,fd00::/8"), "file"),
        ("data", json!("data"), "default"),
        ("max-tool-calls", Value::Null, "default"),
        ("database-url", json!("(hidden)"), "environment"),
    ] {
        assert_eq!(of(option), (value, json!(source)), "{option}");
    }
    let text = bench.run(&["config", "show"]).ok();
    assert!(
        text.contains("max-runs") && !text.contains("hunter2"),
        "{text}"
    );

    for (file, reason) in [
        ("max-run = 7", "unknown option `max-run`"),
        ("max-runs = \"many\"", "--max-runs"),
        ("max-runs = true", "not a boolean"),
        ("max-runs =", "server.toml"),
        ("config = \"other.toml\"", "unknown option `config`"),
    ] {
        bench.write("server.toml", file.as_bytes());
        let said = bench.run(&["serve"]).fails(USAGE);
        assert!(said.contains(reason), "{file}: {said}");
    }
}

/// The same agent that the demo model answers for talks to the model once the operator has a key.
#[tokio::test(flavor = "multi_thread")]
async fn the_operators_key_brings_the_real_model() {
    let model = FakeAnthropic::start([Reply::Answer(vec![Block::text("I am a model.")])]).await;
    let bench = Bench::new();
    let demo = Server::start(&bench, &[]);
    let client = demo.client(&bench);
    assert!(
        client
            .run(&["chat", "Demo", "hello"])
            .ok()
            .contains("demo model")
    );
    demo.stop();

    let operator = bench
        .set("ANTHROPIC_API_KEY", "sk-ant-operator")
        .set("ANTHROPIC_BASE_URL", model.base_url());
    let server = Server::start(&operator, &[]);
    let client = client.set("SKILLGATE_URL", &server.url);
    assert_eq!(
        client.run(&["chat", "Demo", "hello"]).ok(),
        "I am a model.\n"
    );
    server.stop();
}

#[test]
fn a_signature_holds_for_exactly_what_was_signed() {
    let bench = Bench::with_skill("tips");
    bench.run(&["build", "tips"]).ok();
    assert!(
        bench
            .run(&["verify", "tips.skill"])
            .fails(REFUSED)
            .contains("not signed")
    );
    let key = bench.run(&["keys", "new", "--json"]).json();
    bench.run(&["sign", "tips.skill"]).ok();
    let verified = bench.run(&["verify", "tips.skill", "--json"]).json();
    assert_eq!(verified["signers"], json!([key["keyId"]]));

    let inspected = bench.run(&["inspect", "tips.skill", "--json"]).json();
    assert_eq!(inspected["name"], "tips");
    assert_eq!(inspected["digest"], verified["digest"]);
    assert_eq!(inspected["signatures"]["verified"], true);
    assert_eq!(inspected["signatures"]["keyIds"], json!([key["keyId"]]));

    let public = key["publicKey"].as_str().unwrap();
    bench
        .run(&["verify", "tips.skill", "--public-key", public])
        .ok();
    let other = bench
        .run(&["keys", "new", "--output", "other.key", "--json"])
        .json();
    let other = other["publicKey"].as_str().unwrap();
    bench
        .run(&["verify", "tips.skill", "--public-key", other])
        .fails(REFUSED);
    bench
        .run(&["verify", "tips.skill", "--key-id", "0000"])
        .fails(REFUSED);

    let whole = bench.read("tips.skill");
    for position in (0..whole.len()).step_by(whole.len() / 40) {
        let mut tampered = whole.clone();
        tampered[position] ^= 1;
        bench.write("tampered.skill", &tampered);
        bench.run(&["verify", "tampered.skill"]).fails(REFUSED);
    }
}

#[test]
fn a_sealed_key_signs_only_with_its_passphrase() {
    let bench = Bench::with_skill("tips");
    bench.run(&["build", "tips"]).ok();
    let sealed = bench.set("SKILLGATE_KEY_PASSPHRASE", "open sesame");
    sealed.run(&["keys", "new"]).ok();
    assert!(
        bench
            .run(&["sign", "tips.skill"])
            .fails(REFUSED)
            .contains("SKILLGATE_KEY_PASSPHRASE")
    );
    let wrong = bench.set("SKILLGATE_KEY_PASSPHRASE", "open barley");
    assert!(
        wrong
            .run(&["sign", "tips.skill"])
            .fails(REFUSED)
            .contains("wrong passphrase")
    );
    sealed.run(&["sign", "tips.skill"]).ok();
    assert!(
        sealed
            .run(&["keys", "new"])
            .fails(USAGE)
            .contains("not overwritten")
    );
}

#[test]
fn what_is_not_signed_or_not_allowed_is_not_published() {
    let bench = Bench::with_skill("tips");
    bench.run(&["build", "tips"]).ok();
    let server = Server::start(&bench, &[]);
    let client = server.client(&bench);
    assert!(
        client
            .run(&["publish", "tips.skill"])
            .fails(REFUSED)
            .contains("skillgate sign")
    );
    bench.run(&["keys", "new"]).ok();
    bench.run(&["sign", "tips.skill"]).ok();

    let chat_key = server.api_key(
        &bench,
        &["--scopes", "chat,agents:read", "--label", "chat only"],
    );
    let may_chat = client.set("SKILLGATE_API_KEY", &chat_key);
    assert!(
        may_chat
            .run(&["publish", "tips.skill"])
            .fails(REFUSED)
            .contains("skills")
    );
    may_chat.run(&["chat", "Demo", "hello"]).ok();
    let stranger = client.set(
        "SKILLGATE_API_KEY",
        "ak_live_00000000000000000000000000000000",
    );
    stranger.run(&["chat", "Demo", "hello"]).fails(REFUSED);

    client.run(&["publish", "tips.skill"]).ok();
    assert!(
        client
            .run(&["install", "Nobody", "tips"])
            .fails(NOT_FOUND)
            .contains("Nobody")
    );
    client.run(&["install", "Demo", "absent"]).fails(NOT_FOUND);
    client.run(&["install", "Demo", "tips"]).ok();
    let url = server.url.clone();
    server.stop();
    let gone = client.run(&["chat", "Demo", "hello"]);
    assert!(gone.fails(UNREACHABLE).contains(&url));
}

#[test]
fn a_second_quickstart_changes_nothing() {
    let bench = Bench::with_skill("tips");
    bench
        .run(&["build", "tips", "--output", "skills/tips.skill"])
        .ok();
    bench
        .run(&["keys", "new", "--output", "dev-keys/dev.key"])
        .ok();
    bench
        .run(&["sign", "skills/tips.skill", "--key", "dev-keys/dev.key"])
        .ok();

    let first = Server::start(&bench, &[]);
    let agent = first.agent.clone();
    assert!(
        first
            .printed
            .contains(&format!("'X-Api-Key: {}'", first.key.as_deref().unwrap()))
    );
    first.stop();

    let second = Server::start(&bench, &[]);
    assert_eq!(second.agent, agent);
    assert_eq!(second.key, None, "the admin key is shown once");
    assert!(
        second.printed.contains("\"X-Api-Key: $SKILLGATE_API_KEY\""),
        "{}",
        second.printed
    );
    let key = second.api_key(&bench, &["--scopes", "admin", "--label", "test"]);
    let client = second.client(&bench).set("SKILLGATE_API_KEY", &key);
    client.run(&["chat", "Demo", "hello"]).ok();
    second.stop();
}

#[test]
fn mistakes_on_the_command_line_are_told_apart() {
    let bench = Bench::with_skill("tips");
    bench.run(&["biuld"]).fails(USAGE);
    bench.run(&["new", "Not A Name"]).fails(USAGE);
    bench.run(&["new", "skills/Not A Name"]).fails(USAGE);
    bench.run(&["new", "skills/.."]).fails(USAGE);
    let made = bench.run(&["new", "skills/more/weather", "--json"]).json();
    assert_eq!(
        made,
        json!({ "name": "weather", "folder": "skills/more/weather" })
    );
    let manifest = bench.within("skills/more/weather").read("SKILL.md");
    assert!(String::from_utf8_lossy(&manifest).contains("name: weather"));
    bench.run(&["new", "skills/more/weather"]).fails(USAGE);
    assert!(
        bench
            .run(&["new", "tips"])
            .fails(USAGE)
            .contains("not an empty folder")
    );
    bench.run(&["build", "absent"]).fails(NOT_FOUND);
    bench.run(&["verify", "absent.skill"]).fails(NOT_FOUND);
    assert!(
        bench
            .run(&["chat", "Demo", "hello"])
            .fails(USAGE)
            .contains("SKILLGATE_API_KEY")
    );
    bench.run(&["build", "tips"]).ok();
    bench.run(&["sign", "tips.skill"]).fails(NOT_FOUND);
    let failed = bench.run(&["verify", "tips.skill", "--json"]);
    let error: Value = serde_json::from_str(&failed.fails(REFUSED)).unwrap();
    assert_eq!(error["error"]["code"], "refused");
}

#[test]
fn keys_are_made_for_known_scopes_and_accounts_only() {
    let bench = Bench::new();
    let create = |more: &[&str]| {
        bench.run(
            &[
                &["api-key", "create", "--label", "x", "--data", "data"],
                more,
            ]
            .concat(),
        )
    };
    assert!(
        create(&["--scopes", "chat"])
            .fails(NOT_FOUND)
            .contains("no database")
    );
    let account = bench
        .run(&["account", "create", "--name", "Acme", "--data", "data"])
        .ok();
    let key = create(&["--scopes", "chat"]).ok();
    assert!(
        key.starts_with("ak_live_") && key.trim().len() == 40,
        "{key}"
    );
    create(&[
        "--scopes",
        "chat",
        "--account",
        account.trim(),
        "--expires",
        "30d",
        "--rate-limit",
        "5",
    ])
    .ok();
    create(&["--scopes", "chat", "--account", "acct_absent"]).fails(NOT_FOUND);
    assert!(
        create(&["--scopes", "everything"])
            .fails(USAGE)
            .contains("everything")
    );
    create(&["--scopes", "chat", "--expires", "2001-01-01"]).fails(USAGE);
}

#[test]
fn accounts_have_plans_and_limits() {
    let bench = Bench::new();
    let account =
        |arguments: &[&str]| bench.run(&[&["account"], arguments, &["--data", "data"]].concat());
    account(&["list"]).fails(NOT_FOUND);
    let acme = account(&[
        "create",
        "--name",
        "Acme",
        "--plan",
        "Pro",
        "--max-agents",
        "10",
    ])
    .ok();
    let acme = acme.trim();
    let small = account(&["create", "--name", "Small"]).ok();
    let listed = account(&["list", "--json"]).json();
    assert_eq!(
        (&listed[0]["id"], &listed[1]["id"]),
        (&json!(acme), &json!(small.trim()))
    );
    assert_eq!(
        (&listed[0]["plan"], &listed[0]["maxAgents"]),
        (&json!("Pro"), &json!(10))
    );
    assert_eq!(listed[1]["maxAgents"], Value::Null);
    assert!(listed[0].get("dataKey").is_none());

    let set = [
        "set",
        acme,
        "--name",
        "Acme Inc.",
        "--max-agents",
        "default",
    ];
    let set = [
        &set[..],
        &[
            "--max-skills-per-agent",
            "20",
            "--swarms",
            "false",
            "--json",
        ],
    ]
    .concat();
    let changed = account(&set).json();
    assert_eq!(
        (&changed["name"], &changed["plan"]),
        (&json!("Acme Inc."), &json!("Pro"))
    );
    assert_eq!(
        (&changed["maxAgents"], &changed["allowsSwarms"]),
        (&Value::Null, &json!(false))
    );
    let text = account(&["list"]).ok();
    let line = text.lines().next().unwrap();
    assert!(
        line.contains("10000 agents, 20 skills an agent, without swarms"),
        "{text}"
    );

    account(&["set", "acct_absent", "--plan", "Pro"]).fails(NOT_FOUND);
    for wrong in [
        ["--max-agents", "10001"],
        ["--max-agents", "many"],
        ["--plan", ""],
        ["--swarms", "maybe"],
    ] {
        account(&[&["set", acme], &wrong[..]].concat()).fails(USAGE);
    }

    let key = [
        "api-key",
        "create",
        "--operator",
        "--scopes",
        "admin",
        "--label",
        "metrics",
    ];
    let key = bench
        .run(&[&key[..], &["--data", "data", "--json"]].concat())
        .json();
    assert_eq!(key["apiKey"]["isOperator"], true);
    let key = ["api-key", "create", "--scopes", "admin", "--label", "plain"];
    let key = bench
        .run(&[&key[..], &["--data", "data", "--json"]].concat())
        .json();
    assert_eq!(key["apiKey"]["isOperator"], false);
}
