//! What the chapters start from.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skillgate_skill::Permissions;
use skillgate_store::{
    AgentStatus, AssignmentGrant, AssignmentSettings, GrantMode, NewAgent, NewAssignment,
    NewMessage, NewRun, NewStep, NewVersion, PackageLimits, Published, Run, RunEnd, RunStatus,
    Session, SkillKind, Store, StoreError, TrustLevel,
};

pub(super) async fn an_account(store: &Store) -> Result<String, StoreError> {
    Ok(store.create_account("Somebody").await?.id)
}

pub(super) fn new_agent(name: &str) -> NewAgent {
    NewAgent {
        name: name.into(),
        swarm: None,
        region: "eu".into(),
        image: "skillgate/0.1.0".into(),
        config: json!({"llmProvider": "demo"}),
        soul_md: "# SOUL".into(),
        workflow_md: "# Workflow".into(),
        status: AgentStatus::Running,
        secrets: BTreeMap::new(),
        max_agents: i64::MAX,
    }
}

pub(super) async fn an_agent(store: &Store, account: &str) -> Result<String, StoreError> {
    Ok(store.create_agent(account, new_agent("Demo")).await?.id)
}

pub(super) fn new_run(session: &Session, text: &str) -> NewRun {
    NewRun {
        agent_id: session.agent_id.clone(),
        session_id: session.id.clone(),
        request: json!({"context": "plan: Pro"}),
        message: NewMessage::text(text),
    }
}

pub(super) async fn a_run(store: &Store, account: &str, agent: &str) -> Result<Run, StoreError> {
    let session = store.default_session(account, agent, "ada", "api").await?;
    let run = store.create_run(account, new_run(&session.unwrap(), "hi"));
    Ok(run.await?.unwrap())
}

pub(super) fn step(seq: i64) -> NewStep {
    NewStep {
        seq,
        kind: "model_answer".into(),
        body: json!({"type": "model_answer", "text": "a\u{0}b"}),
    }
}

pub(super) fn end(seq: i64, text: &str) -> RunEnd {
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

pub(super) fn permissions(json: Value) -> Permissions {
    serde_json::from_value(json).unwrap()
}

pub(super) fn new_version(name: &str, version: &str, package: &[u8]) -> NewVersion {
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
        permissions: permissions(json!({"http": ["GET https://example.com/*"]})),
        publisher_key_id: Some("ab".repeat(32)),
        trust_level: TrustLevel::Community,
        published_by: "a key".into(),
        most: PackageLimits::default(),
    }
}

pub(super) fn assignment_of(published: &Published, granted: Value) -> NewAssignment {
    NewAssignment {
        skill_id: published.skill.id.clone(),
        version_id: published.version.id.clone(),
        trust_level: TrustLevel::Community,
        grant: AssignmentGrant::Anew(permissions(granted)),
        mode: GrantMode::Allow,
        installed_by: "a key".into(),
        settings: AssignmentSettings::default(),
        max_skills: i64::MAX,
    }
}
