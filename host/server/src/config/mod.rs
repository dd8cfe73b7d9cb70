//! What the operator may set about connections. Every figure has its unit and its reason; the defaults suit one machine.

mod connections;
mod descriptors;

pub use connections::ConnectionLimits;
pub use descriptors::DescriptorBudget;
