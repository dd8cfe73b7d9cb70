//! What the operator may set, by area. Every figure has its unit and its reason; the defaults suit one machine.

mod accounts;
mod logs;
mod packages;
mod pages;
mod places;

pub use accounts::AccountLimits;
pub use logs::LogLimits;
pub use packages::{LoadedSkillLimits, PackageLimits};
pub use pages::PageLimits;
pub use places::WorkPlaces;

/// All limits of the host's own work.
#[derive(Debug, Clone, Default)]
pub struct ServiceLimits {
    /// What one account may have.
    pub accounts: AccountLimits,
    /// Work on packages.
    pub packages: PackageLimits,
    /// Skills that are kept ready in memory.
    pub loaded_skills: LoadedSkillLimits,
    /// Runs, chats and streams at once.
    pub places: WorkPlaces,
    /// How much one answer reads.
    pub pages: PageLimits,
    /// Agents' logs.
    pub logs: LogLimits,
}
