//! Ending work early. Most calls are done in microseconds and are never interrupted: nothing is registered, with a timer or
//! with what may stop it, before the work has to wait. Work is pinned by the caller: its state is large, and is not to be copied.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// Runs `work` until `stop` ends; then gives `None`. Work that needs not wait is done in any case.
pub(crate) async fn until<T>(
    stop: impl Future<Output = ()>,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    let mut stop = pin!(stop);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => stop.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// As [`until`]; but once `is_stopped`, work is neither begun nor gone on with.
pub(crate) async fn unless<T>(
    is_stopped: impl Fn() -> bool,
    stop: impl Future<Output = ()>,
    work: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    let mut work = pin!(until(stop, work));
    poll_fn(|context| match is_stopped() {
        true => Poll::Ready(None),
        false => work.as_mut().poll(context),
    })
    .await
}

/// Runs `work` for so long, from when it first has to wait; gives `None` when it was not done.
pub(crate) async fn within<T>(
    patience: Duration,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    let mut timer = pin!(None::<Sleep>);
    poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        if timer.is_none() {
            timer.set(Some(sleep(patience)));
        }
        match timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(context).map(|()| None),
            None => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn what_is_stopped_ends_where_it_waits_and_does_not_begin() {
        let token = CancellationToken::new();
        let (is_stopped, stop) = (|| token.is_cancelled(), || token.cancelled());
        assert_eq!(unless(is_stopped, stop(), pin!(ready(1))).await, Some(1));
        let work = pin!(pending::<u8>());
        let mut waiting = pin!(unless(is_stopped, stop(), work));
        assert!(futures::poll!(&mut waiting).is_pending());
        token.cancel();
        assert_eq!(waiting.await, None);
        let never = pin!(async { panic!("it was begun") });
        assert_eq!(unless(is_stopped, stop(), never).await, None);
        // Where that does not matter, what is done is done.
        assert_eq!(until(stop(), pin!(ready(1))).await, Some(1));
        assert_eq!(until(stop(), pin!(pending::<u8>())).await, None);
    }

    #[tokio::test]
    async fn work_that_is_not_done_in_time_is_given_up() {
        let (begun, patience) = (Instant::now(), Duration::from_millis(20));
        assert_eq!(within(patience, pin!(pending::<u8>())).await, None);
        assert!(begun.elapsed() >= patience);
        assert_eq!(within(Duration::ZERO, pin!(ready(1))).await, Some(1));
    }
}
