//! The file descriptors that the system grants: as many as the server can use, shared out.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use skillgate_server::DescriptorBudget;

/// As many as the server asks for at most. More would take memory that it does not plan with.
const WANTED: u64 = 65_536;
/// With fewer than these, a handful of callers fills the server.
const SCARCE: u64 = 1_024;

/// Raises the soft limit to the hard one, within reason, and shares out what there is then.
///
/// # Errors
/// The system refuses the limit that it offered.
pub(super) fn budget() -> std::io::Result<DescriptorBudget> {
    let granted = getrlimit(Resource::Nofile);
    let available = raised(granted.current, granted.maximum);
    if granted.current != Some(available) {
        let raised = Rlimit {
            current: Some(available),
            maximum: granted.maximum,
        };
        setrlimit(Resource::Nofile, raised)?;
    }
    let budget = DescriptorBudget::new(available);
    if available < SCARCE {
        tracing::warn!(
            available,
            "the system grants few file descriptors: raise the hard limit (ulimit -Hn, LimitNOFILE=)"
        );
    }
    tracing::debug!(available, ?budget, "file descriptors");
    Ok(budget)
}

/// The soft limit to set; `None` is no limit. One that is higher already stays.
fn raised(soft: Option<u64>, hard: Option<u64>) -> u64 {
    let wanted = hard.map_or(WANTED, |hard| hard.min(WANTED));
    soft.map_or(WANTED, |soft| soft.max(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_raised_within_reason_and_never_lowered() {
        assert_eq!(raised(Some(1_024), Some(4_096)), 4_096);
        assert_eq!(raised(Some(1_024), Some(1 << 20)), WANTED);
        assert_eq!(raised(Some(1_024), None), WANTED);
        assert_eq!(raised(Some(1 << 20), Some(1 << 20)), 1 << 20);
        assert_eq!(raised(None, None), WANTED);
    }
}
