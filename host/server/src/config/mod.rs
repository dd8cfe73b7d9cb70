//! What the operator sets, a file for each area.

mod connections;
mod descriptors;

pub use connections::ConnectionLimits;
pub use descriptors::DescriptorBudget;
