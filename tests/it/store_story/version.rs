//! Published versions.

use skillgate_store::{
    Conflict, Limit, Limited, NewVersion, PackageLimits, Source, Store, StoreError, VersionNumber,
};

use super::given::{an_account, new_version};

pub(super) async fn versions_are_published_once(store: &Store) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let new = new_version("calculator", "1.9.0", b"\0PK");
    let published = store.publish_version(&account, new.clone()).await?;
    assert!(published.is_new);
    assert_eq!(
        (
            published.skill.latest_version.as_deref(),
            published.version.size
        ),
        (Some("1.9.0"), 3)
    );
    assert_eq!(
        (&published.skill.tags, &published.version.tools),
        (&new.tags, &new.tools)
    );
    let again = store.publish_version(&account, new).await?;
    assert_eq!(
        (again.is_new, again.version),
        (false, published.version.clone()),
        "the same again changes nothing"
    );

    let altered = new_version("calculator", "1.9.0", b"other");
    assert!(matches!(
        store.publish_version(&account, altered).await,
        Err(StoreError::Conflict(Conflict::OtherContents { version, .. })) if version == "1.9.0"
    ));
    let nonsense = new_version("calculator", "one", b"other");
    assert!(matches!(
        store.publish_version(&account, nonsense).await,
        Err(StoreError::Invalid(_))
    ));

    let newer = store
        .publish_version(&account, new_version("calculator", "1.10.0", b"new"))
        .await?;
    let older = store
        .publish_version(&account, new_version("calculator", "1.8.0", b"old"))
        .await?;
    assert_eq!(
        older.skill.latest_version.as_deref(),
        Some("1.10.0"),
        "an older one published later is not the latest"
    );
    assert_eq!(older.skill.title, "calculator 1.10.0");
    let (skill, latest) = store
        .get_version(&account, "calculator", None)
        .await?
        .unwrap();
    assert_eq!((&skill, &latest), (&older.skill, &newer.version));
    let (_, head) = store
        .get_version_head(&account, "calculator", None)
        .await?
        .unwrap();
    assert_eq!(
        (&head.id, head.size, head.tool_bytes),
        (&latest.id, 3, latest.tools.to_string().len() as i64)
    );
    let usage = store.package_usage(&account).await?;
    assert_eq!((usage.versions, usage.bytes), (3, 9));
    assert_eq!(
        store.get_skill(&account, &skill.id).await?.unwrap(),
        skill,
        "found by its UUID too"
    );
    assert!(
        store
            .get_version(&account, "calculator", Some("2.0.0"))
            .await?
            .is_none()
    );
    let versions = store.list_versions(&account, &skill.id).await?;
    let versions: Vec<_> = versions
        .iter()
        .map(|version| (version.number, version.version.as_str()))
        .collect();
    assert_eq!(
        versions,
        [(3, "1.8.0"), (2, "1.10.0"), (1, "1.9.0")],
        "the newest first"
    );
    assert_eq!(
        store
            .package_bytes(&account, &published.version.id)
            .await?
            .unwrap(),
        b"\0PK"
    );
    assert_eq!(
        store.list_skills(&account).await?,
        std::slice::from_ref(&skill)
    );
    assert_eq!(
        store.list_installations(&account).await?[0].source,
        Source::Own
    );

    assert!(store.get_skill(&other, "calculator").await?.is_none());
    assert!(store.get_version(&other, &skill.id, None).await?.is_none());
    assert!(store.package_bytes(&other, &latest.id).await?.is_none());
    assert!(store.list_versions(&other, &skill.id).await?.is_empty());
    let theirs = store
        .publish_version(&other, new_version("calculator", "0.1.0", b"mine"))
        .await?;
    assert_ne!(theirs.skill.id, skill.id, "names are per account");
    Ok(())
}

fn unsigned(name: &str, version: VersionNumber, package: &[u8]) -> NewVersion {
    NewVersion {
        version,
        publisher_key_id: None,
        ..new_version(name, "0.0.0", package)
    }
}

pub(super) async fn unnamed_versions_are_numbered(store: &Store) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let publish = async |package: &[u8]| {
        let new = unsigned("triage", VersionNumber::Next, package);
        let published = store.publish_version(&account, new).await?;
        Ok::<_, StoreError>((published.version.version, published.is_new))
    };
    assert_eq!(publish(b"one").await?, ("1.0.0".to_owned(), true));
    assert_eq!(publish(b"one").await?, ("1.0.0".to_owned(), false));
    assert_eq!(publish(b"two").await?, ("1.0.1".to_owned(), true));
    let (third, fourth) = tokio::join!(publish(b"three"), publish(b"four"));
    let mut numbers = [third?.0, fourth?.0];
    numbers.sort();
    assert_eq!(
        numbers,
        ["1.0.2", "1.0.3"],
        "of two at once each gets its own"
    );
    Ok(())
}

pub(super) async fn no_unsigned_version_follows_a_signed_one(
    store: &Store,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    for (version, signed) in [("1.0.0", false), ("0.9.0", true)] {
        let mut new = new_version("triage", version, version.as_bytes());
        new.publisher_key_id = new.publisher_key_id.filter(|_| signed);
        assert!(store.publish_version(&account, new).await?.is_new);
    }
    for version in [VersionNumber::Next, "2.0.0".into()] {
        let refused = store.publish_version(&account, unsigned("triage", version, b"two"));
        let refused = refused.await.unwrap_err();
        assert!(
            matches!(&refused, StoreError::Conflict(Conflict::UnsignedBesideSigned(skill)) if skill == "triage"),
            "the latest version is unsigned, an older one is not: {refused}"
        );
    }
    Ok(())
}

/// Of several who publish at the same time, as many are let through as there is room for.
pub(super) async fn what_an_account_publishes_is_limited(store: &Store) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let publish = async |name: &str, package: &[u8]| {
        let most = PackageLimits {
            versions: 2,
            bytes: 10,
        };
        let new = NewVersion {
            most,
            ..new_version(name, "1.0.0", package)
        };
        store.publish_version(&account, new).await
    };
    let refused = |refused, of, wanted, most| {
        let limit = Limit { of, wanted, most };
        matches!(refused, Err(StoreError::LimitReached(found)) if found == limit)
    };
    assert!(publish("one", b"12345").await?.is_new);
    let large = publish("two", b"123456").await;
    assert!(refused(large, Limited::PackageBytes, 11, 10));
    let (two, three, four) = tokio::join!(
        publish("two", b"12"),
        publish("three", b"12"),
        publish("four", b"12")
    );
    let published = [&two, &three, &four].map(Result::is_ok);
    assert_eq!(published.iter().filter(|is_ok| **is_ok).count(), 1);
    for one in [two, three, four].into_iter().filter(Result::is_err) {
        assert!(refused(one, Limited::Versions, 3, 2));
    }
    let again = publish("one", b"12345").await?;
    assert!(!again.is_new, "the same again takes no room");
    Ok(())
}
