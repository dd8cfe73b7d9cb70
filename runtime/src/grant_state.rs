//! Whether what was granted still holds, for calls that are already under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Says whether a grant was revoked. Clones share one state: keep one for each grant, hand a clone
/// to each [`Call`](crate::Call), and revoke it when the grant is withdrawn. A revoked grant stays
/// revoked; a new grant has a new state.
#[derive(Debug, Clone, Default)]
pub struct GrantState(Arc<State>);

// Not a `CancellationToken`, which takes a lock to be cloned and to be asked: each decision in a call asks.
#[derive(Debug, Default)]
struct State {
    revoked: AtomicBool,
    told: Notify,
}

impl GrantState {
    /// Withdraws the grant: calls under it end with a denial, those that run now at once.
    pub fn revoke(&self) {
        self.0.revoked.store(true, Ordering::Release);
        self.0.told.notify_waiters();
    }

    /// Whether the grant was withdrawn.
    pub fn is_revoked(&self) -> bool {
        self.0.revoked.load(Ordering::Acquire)
    }

    /// Waits until the grant is withdrawn.
    pub(crate) async fn revoked(&self) {
        // Listens before it looks: what is told between the two is heard.
        let told = self.0.told.notified();
        if !self.is_revoked() {
            told.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GrantState;

    #[test]
    fn clones_share_one_state_and_others_do_not() {
        let (state, other) = (GrantState::default(), GrantState::default());
        let clone = state.clone();
        assert!(!clone.is_revoked());
        state.revoke();
        assert!(clone.is_revoked() && !other.is_revoked());
    }

    #[tokio::test]
    async fn a_waiting_task_is_woken() {
        let state = GrantState::default();
        let waiting = tokio::spawn({
            let state = state.clone();
            async move { state.revoked().await }
        });
        tokio::task::yield_now().await;
        state.revoke();
        waiting.await.unwrap();
        state.revoked().await;
    }
}
