//! Skills on agents.

use futures::future::join_all;
use serde_json::json;
use skillgate_store::{AssignmentGrant, NewAssignment, Store, StoreError};

use super::given::{an_account, an_agent, assignment_of, new_version, permissions};

pub(super) async fn skills_are_put_on_agents(store: &Store) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let foreign = an_agent(store, &other).await?;
    let one = store
        .publish_version(&account, new_version("notes", "1.0.0", b"one"))
        .await?;
    let two = store
        .publish_version(&account, new_version("notes", "2.0.0", b"two"))
        .await?;
    let wanted = assignment_of(&one, json!({"kv": {"quota": "1MiB"}}));
    assert!(
        store
            .install_skill(&account, &foreign, wanted.clone())
            .await?
            .is_none(),
        "another's agent"
    );
    assert!(
        store
            .install_skill(&other, &foreign, wanted.clone())
            .await?
            .is_none(),
        "another's private skill"
    );

    let assignment = store
        .install_skill(&account, &agent, wanted.clone())
        .await?
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
            .await?
            .unwrap()
            .install_count,
        1
    );

    let keep = |replaces: &str| NewAssignment {
        grant: AssignmentGrant::Kept {
            replaces: replaces.to_owned(),
        },
        ..assignment_of(&two, json!({}))
    };
    let first = NewAssignment {
        grant: AssignmentGrant::First(permissions(json!({"kv": {"quota": "9MiB"}}))),
        ..assignment_of(&two, json!({}))
    };
    for late in [keep(&two.version.id), first] {
        let changed = store.install_skill(&account, &agent, late).await;
        assert!(matches!(changed, Err(StoreError::Conflict(_))));
    }
    let kept = store
        .install_skill(&account, &agent, keep(&one.version.id))
        .await?
        .unwrap();
    assert_eq!(kept.version, "2.0.0");
    let key = one.version.publisher_key_id.as_deref();
    let grant = store
        .effective_grant(&account, &agent, &one.skill.id, key)
        .await?;
    assert_eq!(
        grant.unwrap().permissions,
        permissions(json!({"kv": {"quota": "1MiB"}}))
    );
    let back = assignment_of(&one, json!({"kv": {"quota": "1MiB"}}));
    store.install_skill(&account, &agent, back).await?;

    let upgrade = assignment_of(&two, json!({"kv": {"quota": "2MiB"}}));
    let upgraded = store
        .install_skill(&account, &agent, upgrade)
        .await?
        .unwrap();
    assert_eq!(
        (&upgraded.id, upgraded.version.as_str()),
        (&assignment.id, "2.0.0")
    );
    assert_eq!(
        store.list_assignments(&account, &agent).await?,
        std::slice::from_ref(&upgraded)
    );
    assert!(store.list_assignments(&other, &agent).await?.is_empty());
    assert!(
        store
            .get_assignment(&other, &agent, &one.skill.id)
            .await?
            .is_none()
    );

    let key = one.version.publisher_key_id.as_deref();
    let grant = store
        .effective_grant(&account, &agent, &one.skill.id, key)
        .await?
        .unwrap();
    assert_eq!(
        grant.permissions,
        permissions(json!({"kv": {"quota": "2MiB"}})),
        "the upgrade's grant replaces the first"
    );

    assert!(!store.uninstall_skill(&other, &agent, &one.skill.id).await?);
    assert!(
        store
            .uninstall_skill(&account, &agent, &one.skill.id)
            .await?
    );
    assert!(
        !store
            .uninstall_skill(&account, &agent, &one.skill.id)
            .await?
    );
    assert!(store.list_assignments(&account, &agent).await?.is_empty());
    assert!(
        store
            .effective_grant(&account, &agent, &one.skill.id, key)
            .await?
            .is_none()
    );
    Ok(())
}

pub(super) async fn a_deleted_skill_stays_where_it_is_until_the_last_agent_gives_it_up(
    store: &Store,
) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let late = an_agent(store, &account).await?;
    let old = store
        .publish_version(&account, new_version("notes", "1.0.0", b"old"))
        .await?;
    let wanted = assignment_of(&old, json!({}));
    store
        .install_skill(&account, &agent, wanted.clone())
        .await?
        .unwrap();
    assert!(!store.delete_skill(&other, &old.skill.id).await?);
    assert!(store.delete_skill(&account, &old.skill.id).await?);
    assert!(!store.delete_skill(&account, &old.skill.id).await?);

    assert!(store.get_skill(&account, "notes").await?.is_none());
    assert!(store.get_skill(&account, &old.skill.id).await?.is_none());
    assert!(store.list_skills(&account).await?.is_empty());
    let refused = store.install_skill(&account, &late, wanted).await?;
    assert!(refused.is_none(), "nobody installs it any more");
    let kept = store.granted_skills(&account, &agent).await?;
    assert_eq!(kept[0].source.version_id, old.version.id);
    assert!(
        store
            .package_bytes(&account, &old.version.id)
            .await?
            .is_some()
    );

    let new = store
        .publish_version(&account, new_version("notes", "1.0.0", b"new"))
        .await?;
    assert!(
        new.is_new && new.skill.id != old.skill.id,
        "the name is free"
    );
    assert_eq!(store.package_usage(&account).await?.versions, 2);
    store
        .uninstall_skill(&account, &agent, &old.skill.id)
        .await?;
    assert_eq!(store.package_usage(&account).await?.versions, 1);
    assert!(store.delete_skill(&account, &new.skill.id).await?);
    assert_eq!(store.package_usage(&account).await?.versions, 0);
    Ok(())
}

/// Each takes the skill from an agent, or deletes the agent, and none of them sees what the other has not committed yet.
pub(super) async fn a_deleted_skill_goes_with_the_last_of_several_who_give_it_up(
    store: &Store,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    for _ in 0..20 {
        let published = store
            .publish_version(&account, new_version("notes", "1.0.0", b"notes"))
            .await?;
        let skill = &published.skill.id;
        let mut agents = Vec::new();
        for _ in 0..3 {
            let agent = an_agent(store, &account).await?;
            let wanted = assignment_of(&published, json!({}));
            store.install_skill(&account, &agent, wanted).await?;
            agents.push(agent);
        }
        let [one, two, three] = [0, 1, 2].map(|place: usize| agents[place].as_str());
        let ended = tokio::join!(
            store.uninstall_skill(&account, one, skill),
            store.uninstall_skill(&account, two, skill),
            store.delete_agent(&account, three),
            store.delete_skill(&account, skill),
        );
        assert_eq!(
            (ended.0?, ended.1?, ended.2?, ended.3?),
            (true, true, true, true)
        );
        assert_eq!(store.package_usage(&account).await?.versions, 0);
    }
    Ok(())
}

/// Of several skills that are installed at once, as many as the agent may have; another version is no further skill.
pub(super) async fn an_agents_skills_are_counted(store: &Store) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let agent = an_agent(store, &account).await?;
    let mut published = Vec::new();
    for number in 0..6 {
        let new = new_version(&format!("counted-{number}"), "1.0.0", b"one");
        published.push(store.publish_version(&account, new).await?);
    }
    let at_most_two = |published| NewAssignment {
        max_skills: 2,
        ..assignment_of(published, json!({}))
    };
    let installs = published
        .iter()
        .map(|one| store.install_skill(&account, &agent, at_most_two(one)));
    let installed = join_all(installs).await;
    assert_eq!(installed.iter().filter(|one| one.is_ok()).count(), 2);
    let mut refused = installed.iter().flat_map(|one| one.as_ref().err());
    assert!(refused.all(|error| matches!(error, StoreError::LimitReached(_))));

    let there = store.list_assignments(&account, &agent).await?;
    let again = new_version(&there[0].skill_name, "2.0.0", b"two");
    let again = store.publish_version(&account, again).await?;
    let replaced = store
        .install_skill(&account, &agent, at_most_two(&again))
        .await?;
    assert_eq!(replaced.unwrap().version, "2.0.0");
    Ok(())
}
