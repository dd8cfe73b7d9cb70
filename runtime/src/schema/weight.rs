//! What evaluating a schema costs, in units that can be added up.

/// A bound on work. A step is about 25 ns: one keyword looked at, one key looked up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// Steps for each value that is looked at.
    pub(super) steps: u64,
    /// Sixteenths of a step for each byte of a string that is looked at.
    pub(super) bytes: u64,
    /// Sixteenths of a step for each byte of an array that is looked at, with all that is in it.
    pub(super) whole: u64,
}

/// Sixteenths in a step.
pub(super) const SIXTEENTHS: u64 = 16;

impl Weight {
    pub(super) const fn steps(steps: u64) -> Self {
        Self {
            steps,
            bytes: 0,
            whole: 0,
        }
    }

    pub(super) const fn bytes(bytes: u64) -> Self {
        Self {
            steps: 0,
            bytes,
            whole: 0,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            steps: self.steps.saturating_add(other.steps),
            bytes: self.bytes.saturating_add(other.bytes),
            whole: self.whole.saturating_add(other.whole),
        }
    }

    pub(super) fn times(self, count: u64) -> Self {
        Self {
            steps: self.steps.saturating_mul(count),
            bytes: self.bytes.saturating_mul(count),
            whole: self.whole.saturating_mul(count),
        }
    }

    /// The larger of each part: what one of two alternatives costs at most.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            steps: self.steps.max(other.steps),
            bytes: self.bytes.max(other.bytes),
            whole: self.whole.max(other.whole),
        }
    }

    pub(super) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}
