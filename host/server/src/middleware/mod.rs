//! What happens around every request, outermost first: [`request_id`], [`gate`]; and [`scope`] around single routes.

pub mod gate;
pub mod request_id;
pub mod scope;
