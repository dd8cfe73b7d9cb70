//! The end of an agent, and of all that is its own.

use std::collections::BTreeMap;

use serde_json::json;
use skillgate_store::{
    NewAgent, NewAgentRule, NewLogLine, PersonalityChange, SecretChanges, SecretLimits,
    SecretOwner, SecretText, Store, StoreError, Timestamp,
};

use super::given::{a_run, an_account, an_agent, assignment_of, end, new_agent, new_version, step};

pub(super) async fn deleting_an_agent_leaves_nothing(store: &Store) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let secrets = BTreeMap::from([("TOKEN".to_owned(), SecretText::new("value"))]);
    let agent = store
        .create_agent(
            &account,
            NewAgent {
                secrets,
                ..new_agent("Gone")
            },
        )
        .await?
        .id;
    let run = a_run(store, &account, &agent).await?;
    store.append_step(&run.id, &step(0)).await?;
    let published = store
        .publish_version(&account, new_version("gone", "1.0.0", b"gone"))
        .await?;
    store
        .install_skill(&account, &agent, assignment_of(&published, json!({})))
        .await?
        .unwrap();
    store.append_logs(&account, &agent, &[]).await?;
    let rule = NewAgentRule {
        name: "rule",
        content: "text",
        most: 1,
    };
    store.put_rule(&account, &agent, rule).await?;
    let change = PersonalityChange {
        soul_md: "new",
        expected_sha256: None,
        keep: 1,
    };
    store.set_personality(&account, &agent, change).await?;

    assert!(store.delete_agent(&account, &agent).await?);
    assert!(
        store
            .secrets(&account, SecretOwner::Agent(&agent))
            .await?
            .is_empty()
    );
    assert_eq!(store.list_sessions(&account, &agent, 1).await?.total, 0);
    assert!(store.get_run(&account, &run.id).await?.is_none());
    assert!(store.steps(&account, &run.id).await?.is_empty());
    assert!(store.list_assignments(&account, &agent).await?.is_empty());
    assert!(store.list_rules(&account, &agent).await?.is_empty());
    let versions = store.personality_versions(&account, &agent).await?;
    assert!(versions.is_empty());
    assert!(
        store.get_skill(&account, "gone").await?.is_some(),
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
    Ok(())
}

/// Log lines, answers and secrets may come while an agent is deleted: whoever comes too late is told that it is gone.
pub(super) async fn deleting_an_agent_waits_for_nobody_in_a_circle(
    store: &Store,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    for _ in 0..20 {
        let agent = an_agent(store, &account).await?;
        let run = a_run(store, &account, &agent).await?;
        let lines = vec![a_line("said"); 20];
        store.append_logs(&account, &agent, &lines).await?;
        let set = ["A", "B"].map(|name| (name.to_owned(), SecretText::new("value")));
        let secrets = SecretChanges {
            set: BTreeMap::from(set),
            delete: Vec::new(),
            most: SecretLimits::default(),
        };
        store
            .set_secrets(&account, SecretOwner::Agent(&agent), &secrets)
            .await?;
        let (logged, ended, set, deleted) = tokio::join!(
            store.append_logs(&account, &agent, &lines),
            store.finish_run(&run, end(0, "done")),
            store.set_secrets(&account, SecretOwner::Agent(&agent), &secrets),
            store.delete_agent(&account, &agent),
        );
        assert!(deleted?);
        logged?;
        set?;
        assert!(matches!(ended, Ok(()) | Err(StoreError::Conflict(_))));
    }
    Ok(())
}

fn a_line(text: &str) -> NewLogLine {
    NewLogLine {
        at: Timestamp::from_micros(0),
        level: "info".into(),
        message: text.into(),
    }
}
