//! SOUL.md: each change keeps what was there before.

use skillgate_store::{
    PersonalityChange, PersonalityOutcome, PersonalityWritten, SecretChanges, SecretOwner, Store,
    StoreError,
};

use super::given::{an_account, an_agent};
use super::{Clock, SECOND};

/// How many earlier versions these tests keep.
const KEEP: i64 = 2;

fn to<'a>(soul_md: &'a str, expected: Option<&'a str>) -> PersonalityChange<'a> {
    PersonalityChange {
        soul_md,
        expected_sha256: expected,
        keep: KEEP,
    }
}

fn written(outcome: Option<PersonalityOutcome>) -> PersonalityWritten {
    match outcome {
        Some(PersonalityOutcome::Written(written)) => written,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn earlier_versions_are_kept(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let set = async |text: &str, expected: Option<&str>| {
        let at = clock.advance(SECOND);
        let set = store.set_personality(&account, &agent, to(text, expected));
        Ok::<_, StoreError>((at, set.await?))
    };
    let first = store.get_agent(&account, &agent).await?.unwrap();
    let (at, second) = set("two", Some(&first.soul_md_sha256)).await?;
    let second = written(second);
    assert_eq!((second.updated_at, second.runs), (at, true));
    let now = store.get_agent(&account, &agent).await?.unwrap();
    assert_eq!(
        (
            now.soul_md.as_str(),
            &now.soul_md_sha256,
            now.soul_md_updated_at
        ),
        ("two", &second.sha256, at)
    );
    assert!(now.needs_restart);

    let (_, again) = set("two", None).await?;
    assert_eq!(written(again), second, "the same text is no new version");
    let (_, stale) = set("three", Some(&first.soul_md_sha256)).await?;
    let sha256 = second.sha256.clone();
    assert_eq!(stale, Some(PersonalityOutcome::Mismatch { sha256 }));
    set("three", Some(&second.sha256.to_uppercase())).await?;
    set("four", None).await?;

    let versions = store.personality_versions(&account, &agent).await?;
    let listed: Vec<_> = versions.iter().map(|one| (one.number, one.size)).collect();
    assert_eq!(
        listed,
        [(3, 5), (2, 3)],
        "the newest, without the current one"
    );
    let version = store.personality_version(&account, &agent, 2).await?;
    let version = version.unwrap();
    assert_eq!(
        (
            version.soul_md.as_str(),
            version.soul_md_sha256,
            version.written_at
        ),
        ("two", second.sha256, second.updated_at)
    );
    for gone in [i64::MIN, 0, 1, 4, i64::MAX] {
        let version = store.personality_version(&account, &agent, gone).await?;
        assert_eq!(version, None, "{gone}");
    }

    let theirs = store.set_personality(&other, &agent, to("theirs", None));
    assert_eq!(theirs.await?, None);
    assert!(store.personality_versions(&other, &agent).await?.is_empty());
    let theirs = store.personality_version(&other, &agent, 2).await?;
    assert_eq!(theirs, None);
    Ok(())
}

/// Of several who replace the same text, one does; and each version has a number of its own.
pub(super) async fn of_two_changes_of_one_text_one_is_made(
    store: &Store,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let agent = an_agent(store, &account).await?;
    let no_secrets = SecretChanges::default();
    for round in 0..10 {
        let before = store.get_agent(&account, &agent).await?.unwrap();
        let expected = Some(before.soul_md_sha256.as_str());
        let texts = ["a", "b", "c"].map(|text| format!("{text}{round}"));
        let (one, two, free, secrets) = tokio::join!(
            store.set_personality(&account, &agent, to(&texts[0], expected)),
            store.set_personality(&account, &agent, to(&texts[1], expected)),
            store.set_personality(&account, &agent, to(&texts[2], None)),
            store.set_secrets(&account, SecretOwner::Agent(&agent), &no_secrets),
        );
        assert!(secrets?);
        written(free?);
        let made = [one?, two?].into_iter().flatten();
        let made = made.filter(|one| matches!(one, PersonalityOutcome::Written(_)));
        assert!(made.count() <= 1, "both replaced one text");
        let newest = store.personality_versions(&account, &agent).await?;
        assert_eq!(newest.len() as i64, KEEP.min(newest[0].number));
    }
    let before = store.get_agent(&account, &agent).await?.unwrap();
    let expected = Some(before.soul_md_sha256.as_str());
    let (one, two) = tokio::join!(
        store.set_personality(&account, &agent, to("first", expected)),
        store.set_personality(&account, &agent, to("second", expected)),
    );
    let made = [one?, two?].into_iter().flatten();
    let made = made.filter(|one| matches!(one, PersonalityOutcome::Written(_)));
    assert_eq!(made.count(), 1);
    Ok(())
}
