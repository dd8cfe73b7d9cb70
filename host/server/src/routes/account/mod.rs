//! `/v1/account`.

mod get;
mod model_tiers;

pub(crate) use get::get;
pub(crate) use model_tiers::set_model_tiers;
