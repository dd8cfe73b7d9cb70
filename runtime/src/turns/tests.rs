//! Turns given out to guests that are polled by hand, or run in tasks on one thread.

use std::pin::pin;

use futures::FutureExt as _;
use futures::future::join_all;

use super::*;
use crate::accounts::Accounts;

/// Lets others run, as a guest does at the end of an epoch.
async fn end_of_epoch() {
    let mut ended = false;
    poll_fn(|context| {
        if std::mem::replace(&mut ended, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a guest of each of `accounts` in a task of its own, on one thread, each for `epochs`, and
/// gives the order in which they ran.
async fn order(queue: &Arc<Turns>, accounts: &[&'static str], epochs: usize) -> Vec<&'static str> {
    let (known, ran) = (Accounts::new(8), Arc::new(Mutex::new(Vec::new())));
    let guests = accounts.iter().map(|name| {
        let (queue, account) = (Arc::clone(queue), known.of(name));
        let (name, ran) = (*name, Arc::clone(&ran));
        tokio::spawn(async move {
            let guest = async {
                for _ in 0..epochs {
                    ran.lock().unwrap().push(name);
                    end_of_epoch().await;
                }
            };
            queue.run(&account, pin!(guest)).await;
        })
    });
    for guest in join_all(guests).await {
        guest.unwrap();
    }
    let ran = ran.lock().unwrap();
    ran.clone()
}

#[tokio::test]
async fn an_account_with_many_guests_gets_no_more_turns_than_one_with_one() {
    let queue = Turns::new(1);
    let many = ["many", "many", "many", "many", "many", "many", "one"];
    let ran = order(&queue, &many, 8).await;
    assert_eq!(ran.len(), 56);
    // They alternate as soon as both wait.
    let last_of_one = ran.iter().rposition(|name| *name == "one").unwrap();
    assert!(last_of_one < 26, "{ran:?}");
    assert_eq!(queue.queue().free, 1);
    assert!(queue.queue().lines.is_empty());
}

#[tokio::test]
async fn what_was_used_while_nobody_waited_is_not_held_against_an_account() {
    let queue = Turns::new(1);
    let known = Accounts::new(8);
    let (early, late) = (known.of("early"), known.of("late"));
    for _ in 0..100 {
        queue.run(&early, pin!(async {})).await;
    }
    let task = Waker::noop();
    let running = Place::new(&queue, &late);
    assert!(running.begin(task));
    let waiting = [&late, &early, &late].map(|account| Place::new(&queue, account));
    assert!(waiting.iter().all(|place| !place.begin(task)));
    running.end(task);
    let next = || {
        let called = waiting.iter().position(|place| place.begin(task))?;
        waiting[called].end(task);
        Some(called)
    };
    let order: Vec<usize> = (0..3).filter_map(|_| next()).collect();
    assert_eq!(order, [0, 1, 2], "late, early, late");
}

#[tokio::test]
async fn a_guest_that_waits_for_something_holds_nobody_up() {
    let queue = Turns::new(1);
    let account = Accounts::new(8).of("a");
    let (send, receive) = tokio::sync::oneshot::channel::<u8>();
    let (receive, sends) = (pin!(receive), pin!(async move { send.send(7) }));
    let waits = queue.run(&account, receive);
    let answers = queue.run(&account, sends);
    let (received, sent) = tokio::join!(waits, answers);
    assert_eq!((received, sent), (Ok(7), Ok(())));
}

#[test]
fn a_guest_that_gives_up_does_not_keep_its_turn() {
    let (queue, known) = (Turns::new(1), Accounts::new(8));
    let task = Waker::noop();
    let accounts = ["a", "b", "c"].map(|name| known.of(name));
    let [running, called, waiting] =
        [0, 1, 2].map(|number: usize| Place::new(&queue, &accounts[number]));
    assert!(running.begin(task));
    assert!(!called.begin(task) && !waiting.begin(task));
    // One that waits, and one whose turn comes, give up.
    drop(waiting);
    running.end(task);
    drop(called);
    let work = pin!(async { "ran" });
    let mut next = pin!(queue.run(&accounts[2], work));
    let mut context = Context::from_waker(task);
    assert_eq!(next.poll_unpin(&mut context), Poll::Ready("ran"));
    drop(running);
    assert_eq!(queue.queue().free, 1);
}

#[test]
fn a_guest_that_panics_does_not_keep_its_turn() {
    let (queue, known) = (Turns::new(1), Accounts::new(8));
    let account = known.of("a");
    let work = pin!(async { panic!("on purpose") });
    let work = queue.run(&account, work);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work.now_or_never()));
    assert!(panicked.is_err());
    assert_eq!(queue.queue().free, 1);
}
