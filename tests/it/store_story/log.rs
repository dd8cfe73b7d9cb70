//! Logs.

use skillgate_store::{NewLogLine, Store, StoreError};

use super::Clock;
use super::given::{an_account, an_agent};

/// More bytes than any log here has.
const PLENTY: i64 = 1 << 20;

pub(super) async fn logs_are_kept_to_a_length(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let at = clock.advance(0);
    let line = |text: String| NewLogLine {
        at,
        level: "info".into(),
        message: text,
    };
    assert!(
        !store
            .append_logs(&other, &agent, &[line("no".into())])
            .await?
    );
    assert!(
        store
            .append_logs(&account, &agent, &[line("1".into()), line("2\0".into())])
            .await?
    );
    let one = [line("3".into())];
    let (first, second) = tokio::join!(
        store.append_logs(&account, &agent, &one),
        store.append_logs(&account, &agent, &one)
    );
    assert!(first.unwrap() && second.unwrap());
    let lines = store.tail_logs(&account, &agent, 3, PLENTY).await?;
    assert_eq!(
        lines.iter().map(|line| line.seq).collect::<Vec<_>>(),
        [2, 3, 4]
    );
    assert_eq!(lines[0].message, "2\u{FFFD}");
    assert_eq!(
        store.logs_after(&account, &agent, 2, 1, PLENTY).await?,
        [lines[1].clone()]
    );
    assert!(store.tail_logs(&other, &agent, 3, PLENTY).await?.is_empty());
    assert!(
        store
            .logs_after(&other, &agent, 0, 3, PLENTY)
            .await?
            .is_empty()
    );

    let many: Vec<_> = (0..10_000).map(|number| line(number.to_string())).collect();
    store.append_logs(&account, &agent, &many).await?;
    let kept = store.tail_logs(&account, &agent, 20_000, PLENTY).await?;
    assert_eq!(
        (kept.len(), kept[0].seq, kept[0].message.as_str()),
        (10_000, 5, "0"),
        "the newest are kept"
    );
    assert_eq!(store.last_log_number(&account, &agent).await?, 10_004);
    assert_eq!(store.last_log_number(&other, &agent).await?, 0);

    // "9997", "9998" and "9999" have four bytes each.
    let fitting = store.tail_logs(&account, &agent, 20_000, 11).await?;
    assert_eq!(
        fitting.iter().map(|line| line.seq).collect::<Vec<_>>(),
        [10_003, 10_004],
        "the newest that fit"
    );
    let next = store.logs_after(&account, &agent, 10_001, 10, 5).await?;
    assert_eq!(
        next.iter().map(|line| line.seq).collect::<Vec<_>>(),
        [10_002, 10_003],
        "the last may pass the limit, so that a reader gets on"
    );
    Ok(())
}
