//! The store's verbs, told as one story, on both databases.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use skillgate_store::*;
use skillgate_tests::postgres;

const SECOND: i64 = 1_000_000;

/// A clock that stands until it is moved: what happens at the same time must still have an order.
#[derive(Clone)]
struct Clock(Arc<AtomicI64>);

impl Clock {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(
            "2026-01-15T10:30:00Z"
                .parse::<Timestamp>()
                .unwrap()
                .as_micros(),
        )))
    }

    fn advance(&self, micros: i64) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(micros, Ordering::Relaxed) + micros)
    }
}

fn master_key() -> MasterKey {
    MasterKey::from_hex(&"5a".repeat(32)).unwrap()
}

async fn open(url: &str, clock: &Clock) -> Store {
    let clock = clock.clone();
    let mut config = StoreConfig::new(url, master_key());
    config.clock = Arc::new(move || clock.advance(0));
    Store::open(config).await.unwrap()
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("skillgate.db").display());
    on_any(&url).await;
}

#[tokio::test]
async fn on_postgres() {
    on_any(&postgres::database().await).await;
}

/// Every chapter on one database, one after the other, so that each meets what the others left behind.
async fn on_any(url: &str) {
    several_start_at_once(url).await;
    let clock = Clock::new();
    let store = open(url, &clock).await;
    keys_are_found_until_they_end(&store, &clock).await;
    publisher_keys_have_one_owner(&store, &clock).await;
    agents_live_and_die(&store, &clock).await;
    secrets_are_kept(&store).await;
    sessions_belong_to_peers(&store, &clock).await;
    runs_are_journalled(&store, &clock).await;
    history_is_the_latest_in_order(&store, &clock).await;
    versions_are_published_once(&store).await;
    skills_are_put_on_agents(&store).await;
    grants_narrow_and_end(&store, &clock).await;
    logs_are_kept_to_a_length(&store, &clock).await;
    deleting_an_agent_leaves_nothing(&store).await;
    two_processes_share_it(url, &store, &clock).await;
    a_wrong_master_key_is_refused(url).await;
    store.close().await;
    assert!(
        store.ping().await.is_err(),
        "a closed store answers no more"
    );
}

async fn an_account(store: &Store) -> String {
    store.create_account("Somebody").await.unwrap().id
}

fn new_agent(name: &str) -> NewAgent {
    NewAgent {
        name: name.into(),
        region: "eu".into(),
        image: "skillgate/0.1.0".into(),
        config: json!({"llmProvider": "demo"}),
        soul_md: "# SOUL".into(),
        identity_md: String::new(),
        workflow_md: "# Workflow".into(),
        status: AgentStatus::Running,
        secrets: BTreeMap::new(),
    }
}

async fn an_agent(store: &Store, account: &str) -> String {
    store
        .create_agent(account, new_agent("Demo"))
        .await
        .unwrap()
        .id
}

/// Several processes open a new database at the same moment; one account comes of it.
async fn several_start_at_once(url: &str) {
    let starts = (0..4).map(|_| {
        let url = url.to_owned();
        tokio::spawn(async move {
            let store = Store::open(StoreConfig::new(url, master_key()))
                .await
                .unwrap();
            let first = store
                .bootstrap("First", NewApiKey::default())
                .await
                .unwrap();
            store.close().await;
            first
        })
    });
    let mut first = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        first.extend(start.await.unwrap());
    }
    assert_eq!(first.len(), 1, "exactly one start makes the account");
    let store = Store::open(StoreConfig::new(url, master_key()))
        .await
        .unwrap();
    assert!(!store.accounts_empty().await.unwrap());
    assert_eq!(store.first_account().await.unwrap().unwrap(), first[0].0);
    let found = store
        .find_api_key(first[0].1.plaintext.expose())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.account_id, first[0].0.id);
    store.close().await;
}

async fn keys_are_found_until_they_end(store: &Store, clock: &Clock) {
    let account = an_account(store).await;
    let wanted = NewApiKey {
        label: "ci".into(),
        scopes: vec!["agents:read".into(), "chat".into()],
        rate_limit: Some(7),
        expires_at: Some(clock.advance(0)),
    };
    assert!(
        store
            .create_api_key("acct_none", wanted.clone())
            .await
            .unwrap()
            .is_none()
    );
    let expired = store
        .create_api_key(&account, wanted.clone())
        .await
        .unwrap()
        .unwrap();
    assert!(
        store
            .find_api_key(expired.plaintext.expose())
            .await
            .unwrap()
            .is_none(),
        "it expires at its time"
    );

    let lasting = NewApiKey {
        expires_at: None,
        ..wanted
    };
    let issued = store
        .create_api_key(&account, lasting)
        .await
        .unwrap()
        .unwrap();
    let text = issued.plaintext.expose().to_owned();
    assert_eq!(text.len(), 40);
    assert!(
        !format!("{issued:?}").contains(&text),
        "a key does not show in Debug"
    );
    assert_eq!(
        store.find_api_key(&text).await.unwrap().unwrap(),
        issued.key
    );

    let mut altered = text.clone();
    altered.replace_range(39.., if text.ends_with('0') { "1" } else { "0" });
    assert!(
        store.find_api_key(&altered).await.unwrap().is_none(),
        "the prefix alone is not enough"
    );
    assert!(
        store
            .find_api_key("ak_live_' OR 1=1")
            .await
            .unwrap()
            .is_none()
    );

    let used = clock.advance(SECOND);
    store.touch_api_key(&issued.key.id, used).await.unwrap();
    let keys = store.list_api_keys(&account).await.unwrap();
    assert_eq!(keys[0].last_used_at, Some(used));
    assert_eq!(
        keys.iter().map(|key| &key.id).collect::<Vec<_>>(),
        [&issued.key.id, &expired.key.id]
    );

    let other = an_account(store).await;
    assert!(!store.revoke_api_key(&other, &issued.key.id).await.unwrap());
    assert!(store.find_api_key(&text).await.unwrap().is_some());
    assert!(
        store
            .revoke_api_key(&account, &issued.key.id)
            .await
            .unwrap()
    );
    assert!(store.find_api_key(&text).await.unwrap().is_none());
}

async fn publisher_keys_have_one_owner(store: &Store, clock: &Clock) {
    let (account, other) = (an_account(store).await, an_account(store).await);
    let new = NewPublisherKey {
        key_id: "ab".repeat(32),
        public_key: vec![7; 32],
        label: "laptop".into(),
    };
    let key = store
        .add_publisher_key(&account, new.clone())
        .await
        .unwrap();
    assert_eq!(key.public_key, vec![7; 32]);
    assert_eq!(
        store
            .add_publisher_key(&account, new.clone())
            .await
            .unwrap(),
        key,
        "adding again changes nothing"
    );
    assert!(matches!(
        store.add_publisher_key(&other, new.clone()).await,
        Err(StoreError::Conflict(_))
    ));
    assert_eq!(
        store.publisher_key(&new.key_id).await.unwrap().unwrap(),
        key
    );
    assert_eq!(store.list_publisher_keys(&account).await.unwrap(), [key]);

    assert!(
        !store
            .revoke_publisher_key(&other, &new.key_id, clock.advance(0))
            .await
            .unwrap()
    );
    let revoked = clock.advance(SECOND);
    assert!(
        store
            .revoke_publisher_key(&account, &new.key_id, revoked)
            .await
            .unwrap()
    );
    assert!(
        store
            .revoke_publisher_key(&account, &new.key_id, clock.advance(SECOND))
            .await
            .unwrap()
    );
    assert_eq!(
        store
            .publisher_key(&new.key_id)
            .await
            .unwrap()
            .unwrap()
            .revoked_at,
        Some(revoked),
        "the first stands"
    );
    assert!(matches!(
        store.add_publisher_key(&account, new).await,
        Err(StoreError::Conflict(_))
    ));
}

async fn agents_live_and_die(store: &Store, clock: &Clock) {
    let (account, other) = (an_account(store).await, an_account(store).await);
    let first = store
        .create_agent(&account, new_agent("First"))
        .await
        .unwrap();
    let second = store
        .create_agent(&account, new_agent("Second"))
        .await
        .unwrap();
    assert_eq!(
        store.get_agent(&account, &first.id).await.unwrap().unwrap(),
        first
    );
    assert_eq!(first.config, json!({"llmProvider": "demo"}));
    let page = store.list_agents(&account, 1, 0).await.unwrap();
    assert_eq!(
        (page.items, page.total),
        (vec![second.clone()], 2),
        "newest first, even within a microsecond"
    );
    assert_eq!(
        store.list_agents(&account, 10, 1).await.unwrap().items,
        [first.clone()]
    );

    assert!(store.get_agent(&other, &first.id).await.unwrap().is_none());
    assert_eq!(store.list_agents(&other, 10, 0).await.unwrap().total, 0);
    assert!(!store.delete_agent(&other, &first.id).await.unwrap());

    let at = clock.advance(SECOND);
    let stop = store
        .set_agent_status(&account, &first.id, AgentStatus::Stopped, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (stop.status, stop.started_at, stop.stopped_at),
        (AgentStatus::Stopped, first.started_at, Some(at))
    );
    let error = AgentError {
        category: "skill".into(),
        message: "signature".into(),
    };
    let failed = store
        .set_agent_status(&account, &second.id, AgentStatus::Error, Some(error))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (
            failed.error_category.as_deref(),
            failed.last_error.as_deref()
        ),
        (Some("skill"), Some("signature"))
    );
    let to_start = store.agents_to_start().await.unwrap();
    assert!(to_start.contains(&failed) && !to_start.contains(&stop));
    let started = store
        .set_agent_status(&account, &second.id, AgentStatus::Running, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((started.last_error, started.started_at), (None, Some(at)));
    assert!(
        store
            .set_agent_status(&other, &first.id, AgentStatus::Running, None)
            .await
            .unwrap()
            .is_none()
    );

    assert!(store.delete_agent(&account, &first.id).await.unwrap());
    assert!(!store.delete_agent(&account, &first.id).await.unwrap());
    assert!(
        store
            .get_agent(&account, &first.id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(matches!(
        store.create_agent("acct_none", new_agent("Lost")).await,
        Err(StoreError::Conflict(_))
    ));
}

async fn secrets_are_kept(store: &Store) {
    let (account, other) = (an_account(store).await, an_account(store).await);
    let secrets = BTreeMap::from([("anthropicApiKey".to_owned(), SecretText::new("sk-ant-1"))]);
    let agent = store
        .create_agent(
            &account,
            NewAgent {
                secrets,
                ..new_agent("Demo")
            },
        )
        .await
        .unwrap()
        .id;
    let value = async |account: &str, name: &str| {
        store
            .secret_value(account, &agent, name)
            .await
            .unwrap()
            .map(|value| value.expose().to_owned())
    };
    assert_eq!(
        value(&account, "anthropicApiKey").await.as_deref(),
        Some("sk-ant-1")
    );
    assert_eq!(value(&account, "openaiApiKey").await, None);
    assert_eq!(value(&other, "anthropicApiKey").await, None);

    let changes = SecretChanges {
        set: BTreeMap::from([
            ("TOKEN".to_owned(), SecretText::new("first")),
            ("anthropicApiKey".to_owned(), SecretText::new("")),
        ]),
        delete: vec!["never there".into()],
    };
    assert!(!store.set_secrets(&other, &agent, &changes).await.unwrap());
    assert!(store.set_secrets(&account, &agent, &changes).await.unwrap());
    assert_eq!(value(&account, "TOKEN").await.as_deref(), Some("first"));
    assert_eq!(
        value(&account, "anthropicApiKey").await.as_deref(),
        Some(""),
        "an empty value is a value"
    );
    assert_eq!(
        store.secret_names(&account, &agent).await.unwrap(),
        ["TOKEN", "anthropicApiKey"]
    );
    assert!(store.secret_names(&other, &agent).await.unwrap().is_empty());

    let changes = SecretChanges {
        set: BTreeMap::new(),
        delete: vec!["TOKEN".into()],
    };
    assert!(store.set_secrets(&account, &agent, &changes).await.unwrap());
    assert_eq!(value(&account, "TOKEN").await, None);
}

async fn sessions_belong_to_peers(store: &Store, clock: &Clock) {
    let (account, other) = (an_account(store).await, an_account(store).await);
    let agent = an_agent(store, &account).await;
    let session = async |peer: &str| {
        store
            .default_session(&account, &agent, peer, "api")
            .await
            .unwrap()
            .unwrap()
    };
    let (ada, again, bob) = tokio::join!(session("ada"), session("ada"), session("bob"));
    assert_eq!(ada, again, "two messages at once begin one session");
    assert_ne!(ada.id, bob.id);

    clock.advance(SECOND);
    let fresh = store
        .create_session(&account, &agent, "ada", "api")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        session("ada").await,
        fresh,
        "the new session is the default now"
    );
    assert_eq!(session("bob").await, bob);
    let (one, two) = tokio::join!(
        store.create_session(&account, &agent, "ada", "api"),
        store.create_session(&account, &agent, "ada", "api")
    );
    let made = [one.unwrap().unwrap(), two.unwrap().unwrap()];
    assert!(made.contains(&session("ada").await));

    let page = store.list_sessions(&account, &agent, 3).await.unwrap();
    assert_eq!((page.items.len(), page.total), (3, 5));
    assert_eq!(page.items[2].id, fresh.id, "newest first");
    assert!(
        !store
            .get_session(&account, &agent, &ada.id)
            .await
            .unwrap()
            .unwrap()
            .is_default
    );

    assert!(
        store
            .get_session(&other, &agent, &ada.id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .default_session(&other, &agent, "ada", "api")
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .create_session(&other, &agent, "ada", "api")
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        store
            .list_sessions(&other, &agent, 100)
            .await
            .unwrap()
            .total,
        0
    );
}

fn new_run(session: &Session, text: &str) -> NewRun {
    NewRun {
        agent_id: session.agent_id.clone(),
        session_id: session.id.clone(),
        request: json!({"context": "plan: Pro"}),
        message: NewMessage::text(text),
    }
}

fn step(seq: i64) -> NewStep {
    NewStep {
        seq,
        kind: "model_answer".into(),
        body: json!({"type": "model_answer", "text": "a\u{0}b"}),
    }
}

fn end(seq: i64, text: &str) -> RunEnd {
    RunEnd {
        status: RunStatus::Completed,
        stop_reason: "end_turn".into(),
        error: None,
        message: Some(NewMessage {
            content: text.into(),
            parts: json!([{"type": "text", "text": text}]),
        }),
        step: step(seq),
    }
}

async fn runs_are_journalled(store: &Store, clock: &Clock) {
    let (account, other) = (an_account(store).await, an_account(store).await);
    let agent = an_agent(store, &account).await;
    let session = store
        .default_session(&account, &agent, "ada", "api")
        .await
        .unwrap()
        .unwrap();
    assert!(
        store
            .create_run(&other, new_run(&session, "hi"))
            .await
            .unwrap()
            .is_none()
    );
    let mut elsewhere = session.clone();
    elsewhere.agent_id = an_agent(store, &account).await;
    assert!(
        store
            .create_run(&account, new_run(&elsewhere, "hi"))
            .await
            .unwrap()
            .is_none(),
        "another agent's session"
    );

    let run = store
        .create_run(&account, new_run(&session, "hi"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        store.get_run(&account, &run.id).await.unwrap().unwrap(),
        run
    );
    assert!(store.get_run(&other, &run.id).await.unwrap().is_none());
    assert!(store.unfinished_runs().await.unwrap().contains(&run));

    store.append_step(&run.id, &step(0)).await.unwrap();
    store.append_step(&run.id, &step(1)).await.unwrap();
    assert!(matches!(
        store.append_step(&run.id, &step(1)).await,
        Err(StoreError::Conflict(_))
    ));
    assert!(matches!(
        store.append_step("run_none", &step(0)).await,
        Err(StoreError::Conflict(_))
    ));

    clock.advance(SECOND);
    assert!(
        matches!(
            store.finish_run(&run, end(1, "lost")).await,
            Err(StoreError::Conflict(_))
        ),
        "its step is taken"
    );
    assert!(
        store.unfinished_runs().await.unwrap().contains(&run),
        "then nothing of it happened"
    );
    store.finish_run(&run, end(2, "hello")).await.unwrap();
    assert!(matches!(
        store.finish_run(&run, end(3, "twice")).await,
        Err(StoreError::Conflict(_))
    ));

    let ended = store.get_run(&account, &run.id).await.unwrap().unwrap();
    assert_eq!(
        (ended.status, ended.stop_reason.as_deref()),
        (RunStatus::Completed, Some("end_turn"))
    );
    assert_eq!(ended.ended_at, Some(clock.advance(0)));
    assert!(
        store
            .unfinished_runs()
            .await
            .unwrap()
            .iter()
            .all(|unfinished| unfinished.id != run.id)
    );
    let steps = store.steps(&account, &run.id).await.unwrap();
    assert_eq!(
        steps.iter().map(|step| step.seq).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    assert_eq!(steps[0].body, step(0).body);
    assert!(store.steps(&other, &run.id).await.unwrap().is_empty());

    let failed = store
        .create_run(&account, new_run(&session, "again"))
        .await
        .unwrap()
        .unwrap();
    let error = Some(("provider_error".to_owned(), "cut off\0".to_owned()));
    let end = RunEnd {
        status: RunStatus::Failed,
        stop_reason: "error".into(),
        error,
        message: None,
        step: step(0),
    };
    store.finish_run(&failed, end).await.unwrap();
    let failed = store.get_run(&account, &failed.id).await.unwrap().unwrap();
    assert_eq!(failed.error_code.as_deref(), Some("provider_error"));
    assert_eq!(
        failed.error_message.as_deref(),
        Some("cut off\u{FFFD}"),
        "NUL does not stop a journal"
    );
}

async fn history_is_the_latest_in_order(store: &Store, clock: &Clock) {
    let (account, other) = (an_account(store).await, an_account(store).await);
    let agent = an_agent(store, &account).await;
    let ada = store
        .default_session(&account, &agent, "ada", "api")
        .await
        .unwrap()
        .unwrap();
    let bob = store
        .default_session(&account, &agent, "bob", "api")
        .await
        .unwrap()
        .unwrap();
    let mut noon = clock.advance(0);
    for (session, ask, answer) in [(&ada, "1", "2"), (&bob, "3", "4"), (&ada, "5", "6")] {
        noon = clock.advance(SECOND);
        let run = store
            .create_run(&account, new_run(session, ask))
            .await
            .unwrap()
            .unwrap();
        store.finish_run(&run, end(0, answer)).await.unwrap();
    }
    clock.advance(SECOND);
    let latest = store
        .create_run(&account, new_run(&ada, "7"))
        .await
        .unwrap()
        .unwrap();
    let read = async |session: Option<&Session>, since: Option<Timestamp>, limit: i64| {
        let query = History {
            session: session.map(|session| session.id.as_str()),
            since,
            limit,
        };
        let page = store.history(&account, &agent, query).await.unwrap();
        let texts: Vec<_> = page
            .items
            .into_iter()
            .map(|message| message.content)
            .collect();
        (texts.join(" "), page.total)
    };
    assert_eq!(read(None, None, 50).await, ("1 2 3 4 5 6 7".into(), 7));
    assert_eq!(read(None, None, 3).await, ("5 6 7".into(), 7));
    assert_eq!(read(Some(&ada), None, 50).await, ("1 2 5 6 7".into(), 5));
    assert_eq!(read(Some(&ada), None, 2).await, ("6 7".into(), 5));
    assert_eq!(
        read(None, Some(noon), 50).await,
        ("7".into(), 1),
        "only what came after that time"
    );
    assert_eq!(read(Some(&bob), Some(noon), 50).await, (String::new(), 0));

    let all = History {
        session: None,
        since: None,
        limit: 50,
    };
    assert_eq!(store.history(&other, &agent, all).await.unwrap().total, 0);
    let messages = store.history(&account, &agent, all).await.unwrap().items;
    assert_eq!(
        (messages[6].role, messages[6].run_id.as_ref()),
        (Role::User, Some(&latest.id))
    );
    assert_eq!(
        (messages[5].role, &messages[5].parts),
        (Role::Assistant, &json!([{"type": "text", "text": "6"}]))
    );
}

fn new_version(name: &str, version: &str, package: &[u8]) -> NewVersion {
    NewVersion {
        name: name.into(),
        title: format!("{name} {version}"),
        description: "Adds numbers.".into(),
        kind: SkillKind::Wasm,
        author: Some("acme".into()),
        category: None,
        tags: vec!["math".into()],
        version: version.into(),
        digest: format!("digest of {package:?}"),
        package: package.into(),
        manifest: json!({"name": name}),
        tools: json!([{"name": "evaluate"}]),
        permissions: json!({"http": ["GET https://example.com/*"]}),
        publisher_key_id: Some("ab".repeat(32)),
        trust_level: TrustLevel::Community,
        published_by: "a key".into(),
    }
}

async fn versions_are_published_once(store: &Store) {
    let (account, other) = (an_account(store).await, an_account(store).await);
    let new = new_version("calculator", "1.9.0", b"\0PK");
    let published = store.publish_version(&account, new.clone()).await.unwrap();
    assert!(published.is_new);
    assert_eq!(
        (
            published.skill.latest_version.as_str(),
            published.version.size
        ),
        ("1.9.0", 3)
    );
    assert_eq!(
        (&published.skill.tags, &published.version.tools),
        (&new.tags, &new.tools)
    );
    let again = store.publish_version(&account, new).await.unwrap();
    assert_eq!(
        (again.is_new, again.version),
        (false, published.version.clone()),
        "the same again changes nothing"
    );

    let altered = new_version("calculator", "1.9.0", b"other");
    assert!(matches!(
        store.publish_version(&account, altered).await,
        Err(StoreError::Conflict(_))
    ));
    let nonsense = new_version("calculator", "one", b"other");
    assert!(matches!(
        store.publish_version(&account, nonsense).await,
        Err(StoreError::Invalid(_))
    ));

    let newer = store
        .publish_version(&account, new_version("calculator", "1.10.0", b"new"))
        .await
        .unwrap();
    let older = store
        .publish_version(&account, new_version("calculator", "1.8.0", b"old"))
        .await
        .unwrap();
    assert_eq!(
        older.skill.latest_version, "1.10.0",
        "an older one published later is not the latest"
    );
    assert_eq!(older.skill.title, "calculator 1.10.0");
    let (skill, latest) = store
        .get_version(&account, "calculator", None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&skill, &latest), (&older.skill, &newer.version));
    assert_eq!(
        store.get_skill(&account, &skill.id).await.unwrap().unwrap(),
        skill,
        "found by its UUID too"
    );
    assert!(
        store
            .get_version(&account, "calculator", Some("2.0.0"))
            .await
            .unwrap()
            .is_none()
    );
    let versions = store.list_versions(&account, &skill.id).await.unwrap();
    let versions: Vec<_> = versions
        .iter()
        .map(|version| version.version.as_str())
        .collect();
    assert_eq!(versions, ["1.8.0", "1.10.0", "1.9.0"], "the newest first");
    assert_eq!(
        store
            .package_bytes(&account, &published.version.id)
            .await
            .unwrap()
            .unwrap(),
        b"\0PK"
    );
    assert_eq!(store.list_skills(&account).await.unwrap(), [skill.clone()]);
    assert_eq!(
        store.list_installations(&account).await.unwrap()[0].source,
        Source::Own
    );

    assert!(
        store
            .get_skill(&other, "calculator")
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .get_version(&other, &skill.id, None)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .package_bytes(&other, &latest.id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .list_versions(&other, &skill.id)
            .await
            .unwrap()
            .is_empty()
    );
    let theirs = store
        .publish_version(&other, new_version("calculator", "0.1.0", b"mine"))
        .await
        .unwrap();
    assert_ne!(theirs.skill.id, skill.id, "names are per account");
}

fn assignment_of(published: &Published, granted: Value) -> NewAssignment {
    NewAssignment {
        skill_id: published.skill.id.clone(),
        version_id: published.version.id.clone(),
        trust_level: TrustLevel::Community,
        granted,
        installed_by: "a key".into(),
    }
}

async fn skills_are_put_on_agents(store: &Store) {
    let (account, other) = (an_account(store).await, an_account(store).await);
    let agent = an_agent(store, &account).await;
    let foreign = an_agent(store, &other).await;
    let one = store
        .publish_version(&account, new_version("notes", "1.0.0", b"one"))
        .await
        .unwrap();
    let two = store
        .publish_version(&account, new_version("notes", "2.0.0", b"two"))
        .await
        .unwrap();
    let wanted = assignment_of(&one, json!({"kv": {"quota": "1MiB"}}));
    assert!(
        store
            .install_skill(&account, &foreign, wanted.clone())
            .await
            .unwrap()
            .is_none(),
        "another's agent"
    );
    assert!(
        store
            .install_skill(&other, &foreign, wanted.clone())
            .await
            .unwrap()
            .is_none(),
        "another's private skill"
    );

    let assignment = store
        .install_skill(&account, &agent, wanted.clone())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (assignment.skill_name.as_str(), assignment.version.as_str()),
        ("notes", "1.0.0")
    );
    assert!(assignment.id.starts_with("as_") && assignment.is_enabled);
    assert!(matches!(
        store.install_skill(&account, &agent, wanted).await,
        Err(StoreError::Conflict(_))
    ));
    assert_eq!(
        store
            .get_skill(&account, "notes")
            .await
            .unwrap()
            .unwrap()
            .install_count,
        1
    );

    let upgrade = assignment_of(&two, json!({"kv": {"quota": "2MiB"}}));
    let upgraded = store
        .install_skill(&account, &agent, upgrade)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (&upgraded.id, upgraded.version.as_str()),
        (&assignment.id, "2.0.0")
    );
    assert_eq!(
        store.list_assignments(&account, &agent).await.unwrap(),
        [upgraded.clone()]
    );
    assert!(
        store
            .list_assignments(&other, &agent)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .get_assignment(&other, &agent, &one.skill.id)
            .await
            .unwrap()
            .is_none()
    );

    let packages = store.installed_packages(&account, &agent).await.unwrap();
    assert_eq!(packages.len(), 1);
    assert_eq!(
        (&packages[0].assignment, packages[0].package.as_slice()),
        (&upgraded, b"two".as_slice())
    );
    assert_eq!(
        (&packages[0].granted, &packages[0].digest),
        (&json!({"kv": {"quota": "2MiB"}}), &two.version.digest)
    );
    assert!(
        store
            .installed_packages(&other, &agent)
            .await
            .unwrap()
            .is_empty()
    );

    assert!(
        !store
            .uninstall_skill(&other, &agent, &one.skill.id)
            .await
            .unwrap()
    );
    assert!(
        store
            .uninstall_skill(&account, &agent, &one.skill.id)
            .await
            .unwrap()
    );
    assert!(
        !store
            .uninstall_skill(&account, &agent, &one.skill.id)
            .await
            .unwrap()
    );
    assert!(
        store
            .list_assignments(&account, &agent)
            .await
            .unwrap()
            .is_empty()
    );
    let key = one.version.publisher_key_id.as_deref();
    assert!(
        store
            .effective_grant(&account, &agent, &one.skill.id, key)
            .await
            .unwrap()
            .is_none()
    );
}

async fn grants_narrow_and_end(store: &Store, clock: &Clock) {
    let (account, other) = (an_account(store).await, an_account(store).await);
    let agent = an_agent(store, &account).await;
    let published = store
        .publish_version(&account, new_version("fetch", "1.0.0", b"fetch"))
        .await
        .unwrap();
    let key = published.version.publisher_key_id.clone();
    store
        .install_skill(
            &account,
            &agent,
            assignment_of(&published, json!({"config": ["A"]})),
        )
        .await
        .unwrap()
        .unwrap();
    let granted = async || {
        store.installed_packages(&account, &agent).await.unwrap()[0]
            .granted
            .clone()
    };
    let effective = async |signer: Option<&str>| {
        let grant = store
            .effective_grant(&account, &agent, &published.skill.id, signer)
            .await
            .unwrap();
        grant.map(|grant| grant.permissions)
    };
    let grant = |agent: Option<&str>, permissions: Value, expires_at: Option<Timestamp>| NewGrant {
        agent_id: agent.map(Into::into),
        skill_id: published.skill.id.clone(),
        publisher_key_id: key.clone(),
        permissions,
        granted_by: "a key".into(),
        expires_at,
    };
    assert!(
        store
            .create_grant(&other, grant(None, json!({}), None))
            .await
            .unwrap()
            .is_none(),
        "another's skill"
    );
    let foreign = an_agent(store, &other).await;
    assert!(
        store
            .create_grant(&account, grant(Some(&foreign), json!({}), None))
            .await
            .unwrap()
            .is_none()
    );

    store
        .create_grant(&account, grant(None, json!({"config": ["ALL"]}), None))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        granted().await,
        json!({"config": ["A"]}),
        "one for the agent goes before one for the account"
    );
    let soon = Some(clock.advance(SECOND));
    store
        .create_grant(
            &account,
            grant(Some(&agent), json!({"config": ["OLD"]}), soon),
        )
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        granted().await,
        json!({"config": ["A"]}),
        "one that has expired is none"
    );
    let later = Some(Timestamp::from_micros(
        clock.advance(0).as_micros() + SECOND,
    ));
    let id = store
        .create_grant(
            &account,
            grant(Some(&agent), json!({"config": ["B"]}), later),
        )
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        granted().await,
        json!({"config": ["B"]}),
        "a newer one goes before an older"
    );
    assert_eq!(
        effective(key.as_deref()).await,
        Some(json!({"config": ["B"]}))
    );
    assert_eq!(effective(Some("another signer")).await, None);
    assert_eq!(effective(None).await, None);

    assert!(!store.revoke_grant(&other, &id).await.unwrap());
    assert!(store.revoke_grant(&account, &id).await.unwrap());
    assert_eq!(granted().await, json!({"config": ["A"]}));
    let (skill, agent_only) = (&published.skill.id, effective(key.as_deref()).await);
    assert_eq!(agent_only, Some(json!({"config": ["A"]})));
    store
        .uninstall_skill(&account, &agent, skill)
        .await
        .unwrap();
    assert_eq!(
        effective(key.as_deref()).await,
        Some(json!({"config": ["ALL"]})),
        "the account's own stays"
    );
}

async fn logs_are_kept_to_a_length(store: &Store, clock: &Clock) {
    let (account, other) = (an_account(store).await, an_account(store).await);
    let agent = an_agent(store, &account).await;
    let at = clock.advance(0);
    let line = |text: String| NewLogLine {
        at,
        level: "info".into(),
        message: text,
    };
    assert!(
        !store
            .append_logs(&other, &agent, &[line("no".into())])
            .await
            .unwrap()
    );
    assert!(
        store
            .append_logs(&account, &agent, &[line("1".into()), line("2\0".into())])
            .await
            .unwrap()
    );
    let one = [line("3".into())];
    let (first, second) = tokio::join!(
        store.append_logs(&account, &agent, &one),
        store.append_logs(&account, &agent, &one)
    );
    assert!(first.unwrap() && second.unwrap());
    let lines = store.tail_logs(&account, &agent, 3).await.unwrap();
    assert_eq!(
        lines.iter().map(|line| line.seq).collect::<Vec<_>>(),
        [2, 3, 4]
    );
    assert_eq!(lines[0].message, "2\u{FFFD}");
    assert_eq!(
        store.logs_after(&account, &agent, 2, 1).await.unwrap(),
        [lines[1].clone()]
    );
    assert!(store.tail_logs(&other, &agent, 3).await.unwrap().is_empty());
    assert!(
        store
            .logs_after(&other, &agent, 0, 3)
            .await
            .unwrap()
            .is_empty()
    );

    let many: Vec<_> = (0..10_000).map(|number| line(number.to_string())).collect();
    store.append_logs(&account, &agent, &many).await.unwrap();
    let kept = store.tail_logs(&account, &agent, 20_000).await.unwrap();
    assert_eq!(
        (kept.len(), kept[0].seq, kept[0].message.as_str()),
        (10_000, 5, "0"),
        "the newest are kept"
    );
}

async fn deleting_an_agent_leaves_nothing(store: &Store) {
    let account = an_account(store).await;
    let secrets = BTreeMap::from([("TOKEN".to_owned(), SecretText::new("value"))]);
    let agent = store
        .create_agent(
            &account,
            NewAgent {
                secrets,
                ..new_agent("Gone")
            },
        )
        .await
        .unwrap()
        .id;
    let session = store
        .default_session(&account, &agent, "ada", "api")
        .await
        .unwrap()
        .unwrap();
    let run = store
        .create_run(&account, new_run(&session, "hi"))
        .await
        .unwrap()
        .unwrap();
    store.append_step(&run.id, &step(0)).await.unwrap();
    let published = store
        .publish_version(&account, new_version("gone", "1.0.0", b"gone"))
        .await
        .unwrap();
    store
        .install_skill(&account, &agent, assignment_of(&published, json!({})))
        .await
        .unwrap()
        .unwrap();
    store.append_logs(&account, &agent, &[]).await.unwrap();

    assert!(store.delete_agent(&account, &agent).await.unwrap());
    assert!(
        store
            .secret_names(&account, &agent)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .secret_value(&account, &agent, "TOKEN")
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        store
            .list_sessions(&account, &agent, 1)
            .await
            .unwrap()
            .total,
        0
    );
    assert!(store.get_run(&account, &run.id).await.unwrap().is_none());
    assert!(store.steps(&account, &run.id).await.unwrap().is_empty());
    assert!(
        store
            .list_assignments(&account, &agent)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store.get_skill(&account, "gone").await.unwrap().is_some(),
        "the skill itself stays"
    );
    assert!(matches!(
        store.finish_run(&run, end(1, "late")).await,
        Err(StoreError::Conflict(_))
    ));
    assert!(matches!(
        store.append_step(&run.id, &step(1)).await,
        Err(StoreError::Conflict(_))
    ));
}

/// A server and the command line beside it: both write at the same time, each sees what the other wrote.
async fn two_processes_share_it(url: &str, server: &Store, clock: &Clock) {
    let beside = open(url, clock).await;
    let account = an_account(server).await;
    let writes = |store: Store, account: String| {
        tokio::spawn(async move {
            for number in 0..50 {
                let new = NewApiKey {
                    label: number.to_string(),
                    ..NewApiKey::default()
                };
                store.create_api_key(&account, new).await.unwrap().unwrap();
            }
        })
    };
    let (one, two) = (
        writes(server.clone(), account.clone()),
        writes(beside.clone(), account.clone()),
    );
    one.await.unwrap();
    two.await.unwrap();
    assert_eq!(server.list_api_keys(&account).await.unwrap().len(), 100);
    let key = beside
        .create_api_key(&account, NewApiKey::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        server
            .find_api_key(key.plaintext.expose())
            .await
            .unwrap()
            .unwrap(),
        key.key
    );
    beside.close().await;
    server.ping().await.unwrap();
}

async fn a_wrong_master_key_is_refused(url: &str) {
    let wrong = MasterKey::from_hex(&"a5".repeat(32)).unwrap();
    let refused = Store::open(StoreConfig::new(url, wrong)).await.unwrap_err();
    assert!(matches!(refused, StoreError::WrongMasterKey), "{refused}");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    for url in [
        "",
        "mysql://localhost/x",
        "/data/skillgate.db",
        "postgres://[",
        "sqlite:///nonexistent/folder/x.db",
    ] {
        let refused = Store::open(StoreConfig::new(url, master_key()))
            .await
            .unwrap_err();
        assert!(
            matches!(refused, StoreError::Invalid(_)),
            "{url}: {refused}"
        );
    }
}

#[tokio::test]
async fn the_file_is_for_its_owner_only_and_holds_no_secret_in_the_clear() {
    use std::os::unix::fs::MetadataExt;

    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("skillgate.db").display());
    let store = open(&url, &Clock::new()).await;
    let account = an_account(&store).await;
    let key = store
        .create_api_key(&account, NewApiKey::default())
        .await
        .unwrap()
        .unwrap();
    let secrets = BTreeMap::from([("TOKEN".to_owned(), SecretText::new("a value to look for"))]);
    store
        .create_agent(
            &account,
            NewAgent {
                secrets,
                ..new_agent("Demo")
            },
        )
        .await
        .unwrap();
    store.close().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(
            std::fs::metadata(&path).unwrap().mode() & 0o777,
            0o600,
            "{}",
            path.display()
        );
        let bytes = std::fs::read(&path).unwrap();
        for text in ["a value to look for", key.plaintext.expose()] {
            assert!(
                !bytes
                    .windows(text.len())
                    .any(|window| window == text.as_bytes()),
                "{}",
                path.display()
            );
        }
    }
}
