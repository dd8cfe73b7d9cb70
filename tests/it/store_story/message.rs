//! Histories.

use serde_json::json;
use skillgate_store::{History, Role, Session, Store, StoreError, Timestamp};

use super::given::{an_account, an_agent, end, new_run};
use super::{Clock, SECOND};

pub(super) async fn history_is_the_latest_in_order(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let ada = store
        .default_session(&account, &agent, "ada", "api")
        .await?
        .unwrap();
    let bob = store
        .default_session(&account, &agent, "bob", "api")
        .await?
        .unwrap();
    let mut noon = clock.advance(0);
    for (session, ask, answer) in [(&ada, "1", "2"), (&bob, "3", "4"), (&ada, "5", "6")] {
        noon = clock.advance(SECOND);
        let run = store
            .create_run(&account, new_run(session, ask))
            .await?
            .unwrap();
        store.finish_run(&run, end(0, answer)).await?;
    }
    clock.advance(SECOND);
    let latest = store
        .create_run(&account, new_run(&ada, "7"))
        .await?
        .unwrap();
    let read = async |session: Option<&Session>, since: Option<Timestamp>, limit: i64| {
        let query = History {
            session: session.map(|session| session.id.as_str()),
            since,
            limit,
        };
        let page = store.said(&account, &agent, query, 1 << 20).await.unwrap();
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
    assert_eq!(store.said(&other, &agent, all, 1 << 20).await?.total, 0);
    let own = Some(latest.id.as_str());
    let messages = store.conversation(&ada, own, 50, 1 << 20).await?;
    assert_eq!(
        (messages[4].role, messages[4].run_id.as_ref()),
        (Role::User, Some(&latest.id))
    );
    assert_eq!(
        (messages[3].role, &messages[3].parts),
        (Role::Assistant, &json!([{"type": "text", "text": "6"}]))
    );

    let told = async |limit: i64, bytes: i64| {
        let messages = store.conversation(&ada, own, limit, bytes).await.unwrap();
        let texts: Vec<_> = messages.into_iter().map(|one| one.content).collect();
        texts.join(" ")
    };
    assert_eq!(told(50, 10_000).await, "1 2 5 6 7");
    assert_eq!(told(2, 10_000).await, "6 7");
    // A text of one byte, and `null` beside it.
    assert_eq!(told(50, 5).await, "7");
    assert_eq!(told(50, 4).await, "");
    Ok(())
}
