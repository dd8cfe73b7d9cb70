//! Keys of requests that are sent again.

use skillgate_store::{IdempotencyClaim, IdempotentRequest, Store, StoreError, Timestamp};

use super::given::an_account;
use super::{Clock, SECOND};

fn request(digest: &str, fingerprint: &str) -> IdempotentRequest {
    IdempotentRequest {
        digest: digest.as_bytes().to_vec(),
        fingerprint: fingerprint.as_bytes().to_vec(),
    }
}

/// Claims for a minute; remembered for an hour.
async fn claim(
    store: &Store,
    account: &str,
    request: &IdempotentRequest,
) -> Result<IdempotencyClaim, StoreError> {
    let now = store.now().as_micros();
    let later = |seconds: i64| Timestamp::from_micros(now + seconds * SECOND);
    store
        .claim_idempotency_key(account, request, later(60), later(3_600))
        .await
}

fn claimed(claim: IdempotencyClaim) -> String {
    match claim {
        IdempotencyClaim::Claimed(claim) => claim,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn a_key_is_claimed_by_one_and_remembers_its_answer(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let (first, other) = (request("key", "a"), request("key", "b"));
    let lost = claimed(claim(store, &account, &first).await?);
    let in_flight = claim(store, &account, &first).await?;
    assert!(matches!(in_flight, IdempotencyClaim::InFlight));
    let other = claim(store, &account, &other).await?;
    assert!(matches!(other, IdempotencyClaim::OtherRequest));
    let stranger = an_account(store).await?;
    claimed(claim(store, &stranger, &first).await?);

    // The first claim is overdue: the next takes its place, and what the first says is not kept any more.
    clock.advance(60 * SECOND);
    let taken = claimed(claim(store, &account, &first).await?);
    let keep = async |claim: &str, body: Option<&[u8]>| {
        store
            .keep_idempotent_answer(&account, &first, claim, 201, body)
            .await
    };
    keep(&lost, Some(b"late")).await?;
    store
        .release_idempotency_key(&account, &first, &lost)
        .await?;
    let in_flight = claim(store, &account, &first).await?;
    assert!(matches!(in_flight, IdempotencyClaim::InFlight));
    keep(&taken, Some(b"made")).await?;
    let answered = claim(store, &account, &first).await?;
    let IdempotencyClaim::Answered { status, body } = answered else {
        panic!("{answered:?}");
    };
    assert_eq!((status, body.as_deref()), (201, Some(b"made".as_slice())));

    keep(&taken, None).await?;
    let answered = claim(store, &account, &first).await?;
    assert!(matches!(
        answered,
        IdempotencyClaim::Answered { body: None, .. }
    ));
    clock.advance(3_600 * SECOND);
    let anew = claimed(claim(store, &account, &request("key", "b")).await?);
    let released = request("key", "b");
    store
        .release_idempotency_key(&account, &released, &anew)
        .await?;
    claimed(claim(store, &account, &released).await?);

    // What has expired goes, of whichever account; what has not stays.
    clock.advance(3_600 * SECOND);
    assert!(store.delete_expired_idempotency_keys().await? >= 2);
    assert_eq!(store.delete_expired_idempotency_keys().await?, 0);

    // Of many at the same time one gets it.
    let many = request("many", "a");
    let claims = (0..8).map(|_| claim(store, &account, &many));
    let mut won = 0;
    for claim in futures::future::join_all(claims).await {
        match claim? {
            IdempotencyClaim::Claimed(_) => won += 1,
            other => assert!(matches!(other, IdempotencyClaim::InFlight), "{other:?}"),
        }
    }
    assert_eq!(won, 1);
    Ok(())
}
