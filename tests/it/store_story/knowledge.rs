//! Knowledge.

use skillgate_store::{
    KnowledgeAdded, KnowledgeOwner, KnowledgeQuery, KnowledgeScope, MostKnowledge, NewKnowledge,
    NewKnowledgeEntry, NewSwarm, Store, StoreError, VectorRange, knowledge_terms,
};

use super::given::{an_account, an_agent};

fn entry(owner: &KnowledgeOwner, text: &str, source: &str) -> NewKnowledgeEntry {
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    NewKnowledgeEntry {
        text: text.into(),
        source: source.into(),
        kind: Some("faq".into()),
        metadata: r#"{"type":"faq"}"#.into(),
        terms: knowledge_terms(owner, &words),
        vector: text.bytes().take(4).collect(),
    }
}

const PLENTY: MostKnowledge = MostKnowledge {
    scope_entries: 100_000,
    account_bytes: 1 << 30,
};

async fn add(
    store: &Store,
    account: &str,
    owner: &KnowledgeOwner,
    entries: &[NewKnowledgeEntry],
    compared_with: Option<KnowledgeScope>,
) -> Result<KnowledgeAdded, StoreError> {
    let new = NewKnowledge {
        entries,
        embedder: "first",
        compared_with,
        most: PLENTY,
    };
    store.add_knowledge(account, owner, new).await
}

async fn search(store: &Store, owner: &KnowledgeOwner, words: &[&str]) -> Vec<i64> {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    let query = KnowledgeQuery::new(owner, &words);
    store.search_knowledge_text(&query, 3, 10).await.unwrap()
}

fn range(after: i64, scope: KnowledgeScope) -> VectorRange {
    VectorRange {
        after: (after, i64::MAX),
        upto_revision: scope.revision,
        limit: 1_000,
    }
}

pub(super) async fn knowledge_is_added_found_and_deleted(store: &Store) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let owner = KnowledgeOwner::Agent(agent.clone());
    let entries = [
        entry(&owner, "red apple", "fruit"),
        entry(&owner, "green pear", "fruit"),
        entry(&owner, "red rose", "flower"),
    ];
    assert_eq!(
        add(store, &other, &owner, &entries, None).await?,
        KnowledgeAdded::NoOwner
    );
    assert_eq!(
        add(store, &account, &owner, &entries, None).await?,
        KnowledgeAdded::Committed
    );
    let scope = store.knowledge_scope(&account, &owner).await?.unwrap();
    assert_eq!((scope.entries, scope.last_seq, scope.revision), (3, 3, 1));
    assert!(store.knowledge_scope(&other, &owner).await?.is_none());
    assert_eq!(
        add(store, &account, &owner, &entries, None).await?,
        KnowledgeAdded::Stale,
        "others were first"
    );

    let listed = store.list_knowledge(&account, &owner, None, "", 2).await?;
    assert_eq!(
        (
            listed.len(),
            listed[1].text.as_str(),
            listed[1].kind.as_deref()
        ),
        (2, "green pear", Some("faq"))
    );
    let rest = store
        .list_knowledge(&account, &owner, None, &listed[1].id, 9)
        .await?;
    assert_eq!(rest.iter().map(|one| one.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(
        store
            .list_knowledge(&account, &owner, Some("flower"), "", 9)
            .await?,
        rest[1..]
    );
    assert!(
        store
            .list_knowledge(&other, &owner, None, "", 9)
            .await?
            .is_empty()
    );
    let mut both = store
        .knowledge_by_seq(&account, scope.number, &[3, 1, 99])
        .await?;
    both.sort_by_key(|one| one.seq);
    assert_eq!(
        both.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(),
        ["red apple", "red rose"]
    );
    assert!(
        store
            .knowledge_by_seq(&other, scope.number, &[1])
            .await?
            .is_empty()
    );

    assert_eq!(
        search(store, &owner, &["pear", "red"]).await[0],
        2,
        "the rarer word counts more"
    );
    assert_eq!(search(store, &owner, &["red"]).await, [1, 3]);
    assert!(search(store, &owner, &["pe", "*", ""]).await.is_empty());
    assert!(
        search(store, &KnowledgeOwner::Agent("another".into()), &["red"])
            .await
            .is_empty()
    );

    assert!(
        !store
            .delete_knowledge_entry(&other, &owner, &listed[0].id)
            .await?
    );
    assert!(
        store
            .delete_knowledge_entry(&account, &owner, &listed[0].id)
            .await?
    );
    assert!(
        !store
            .delete_knowledge_entry(&account, &owner, &listed[0].id)
            .await?
    );
    assert_eq!(search(store, &owner, &["red"]).await, [3]);
    store
        .delete_knowledge(&account, &owner, Some("flower"))
        .await?;
    store.delete_knowledge(&other, &owner, None).await?;
    let after = store.knowledge_scope(&account, &owner).await?.unwrap();
    assert_eq!((after.entries, after.last_seq, after.revision), (1, 3, 1));
    assert!(after.deletions > scope.deletions);
    store.delete_knowledge(&account, &owner, None).await?;
    assert!(search(store, &owner, &["pear"]).await.is_empty());
    Ok(())
}

pub(super) async fn vectors_are_read_as_they_change(store: &Store) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let owner = KnowledgeOwner::Agent(an_agent(store, &account).await?);
    add(
        store,
        &account,
        &owner,
        &[entry(&owner, "aaaa", "s"), entry(&owner, "bbbb", "s")],
        None,
    )
    .await?;
    let first = store.knowledge_scope(&account, &owner).await?.unwrap();
    add(
        store,
        &account,
        &owner,
        &[entry(&owner, "cccc", "s")],
        Some(first),
    )
    .await?;
    let second = store.knowledge_scope(&account, &owner).await?.unwrap();
    let read = async |after, scope: KnowledgeScope, embedder: &str| {
        let vectors = store
            .knowledge_vectors(scope.number, embedder, range(after, scope))
            .await
            .unwrap();
        vectors
            .into_iter()
            .map(|one| (one.seq, one.vector))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        read(0, first, "first").await,
        [(1, b"aaaa".to_vec()), (2, b"bbbb".to_vec())]
    );
    assert_eq!(
        read(first.revision, second, "first").await,
        [(3, b"cccc".to_vec())]
    );
    assert!(read(0, second, "second").await.is_empty());

    let outdated = store.outdated_knowledge("second", 1_000).await?;
    assert_eq!(
        store.count_outdated_knowledge("second").await?,
        outdated.len() as i64
    );
    let own: Vec<_> = outdated
        .iter()
        .filter(|one| one.scope == second.number)
        .collect();
    assert_eq!(own.len(), 3);
    let vectors = [(1, b"new".to_vec()), (99, b"gone".to_vec())];
    store
        .replace_knowledge_vectors(second.number, "second", &vectors)
        .await?;
    let third = store.knowledge_scope(&account, &owner).await?.unwrap();
    assert!(third.revision > second.revision && third.deletions > second.deletions);
    assert_eq!(
        read(second.revision, third, "second").await,
        [(1, b"new".to_vec())]
    );
    let mut left = store.knowledge_vector_seqs(second.number, "first").await?;
    left.sort_unstable();
    assert_eq!(left, [2, 3]);
    Ok(())
}

pub(super) async fn knowledge_is_bounded_and_dies_with_its_owner(
    store: &Store,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let agent = an_agent(store, &account).await?;
    let owner = KnowledgeOwner::Agent(agent.clone());
    let entries = [entry(&owner, "alpha", "s"), entry(&owner, "beta", "s")];
    for most in [
        MostKnowledge {
            scope_entries: 1,
            ..PLENTY
        },
        MostKnowledge {
            account_bytes: 30,
            ..PLENTY
        },
    ] {
        let new = NewKnowledge {
            entries: &entries,
            embedder: "first",
            compared_with: None,
            most,
        };
        let refused = store.add_knowledge(&account, &owner, new).await;
        assert!(
            matches!(refused, Err(StoreError::LimitReached(_))),
            "{refused:?}"
        );
        assert!(
            store
                .list_knowledge(&account, &owner, None, "", 9)
                .await?
                .is_empty()
        );
    }
    add(store, &account, &owner, &entries, None).await?;
    assert!(store.delete_agent(&account, &agent).await?);
    assert!(store.knowledge_scope(&account, &owner).await?.is_none());
    assert!(
        search(store, &owner, &["alpha"]).await.is_empty(),
        "the full text went with it"
    );
    assert_eq!(
        add(store, &account, &owner, &entries, None).await?,
        KnowledgeAdded::NoOwner
    );
    // Owners that begin at the same moment each get a scope of their own.
    let agents = [
        an_agent(store, &account).await?,
        an_agent(store, &account).await?,
        an_agent(store, &account).await?,
    ];
    let owners = agents.map(KnowledgeOwner::Agent);
    let begin = |owner: &KnowledgeOwner| {
        let (owner, account) = (owner.clone(), account.clone());
        async move {
            add(
                store,
                &account,
                &owner,
                &[entry(&owner, "alpha", "s")],
                None,
            )
            .await
        }
    };
    let begun = tokio::join!(begin(&owners[0]), begin(&owners[1]), begin(&owners[2]));
    for one in [begun.0?, begun.1?, begun.2?] {
        assert_eq!(one, KnowledgeAdded::Committed);
    }
    for owner in &owners {
        assert_eq!(search(store, owner, &["alpha"]).await, [1]);
    }
    Ok(())
}

pub(super) async fn a_swarms_knowledge_dies_with_it(store: &Store) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let new = NewSwarm {
        name: "Support".into(),
        slug: "support".into(),
        description: None,
        icon: None,
        max_swarms: 1,
    };
    let swarm = store.create_swarm(&account, new).await?.id;
    let owner = KnowledgeOwner::Swarm(swarm.clone());
    let entries = [entry(&owner, "alpha", "s")];
    let added = add(store, &account, &owner, &entries, None).await?;
    assert_eq!(added, KnowledgeAdded::Committed);
    assert_eq!(search(store, &owner, &["alpha"]).await, [1]);
    let stranger = an_account(store).await?;
    let refused = add(store, &stranger, &owner, &entries, None).await?;
    assert_eq!(refused, KnowledgeAdded::NoOwner);

    assert!(store.delete_swarm(&account, &swarm).await?);
    assert!(store.knowledge_scope(&account, &owner).await?.is_none());
    assert!(
        search(store, &owner, &["alpha"]).await.is_empty(),
        "the full text went with it"
    );
    assert_eq!(
        add(store, &account, &owner, &entries, None).await?,
        KnowledgeAdded::NoOwner
    );
    Ok(())
}
