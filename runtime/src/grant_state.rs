//! Whether what was granted still holds, for calls that are already under way.

use tokio_util::sync::CancellationToken;

/// Says whether a grant was revoked. Clones share one state: keep one for each grant, hand a clone
/// to each [`Call`](crate::Call), and revoke it when the grant is withdrawn. A revoked grant stays
/// revoked; a new grant has a new state.
#[derive(Debug, Clone, Default)]
pub struct GrantState(CancellationToken);

impl GrantState {
    /// Withdraws the grant: calls under it end with a denial, those that run now at once.
    pub fn revoke(&self) {
        self.0.cancel();
    }

    /// Whether the grant was withdrawn.
    pub fn is_revoked(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until the grant is withdrawn.
    pub(crate) async fn revoked(&self) {
        self.0.cancelled().await;
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
        state.revoke();
        waiting.await.unwrap();
    }
}
