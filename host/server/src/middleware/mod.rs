//! What happens around every request, outermost first: [`request_id`], [`gate`]; and [`scope`] around single routes.

pub(crate) mod gate;
pub(crate) mod request_id;
pub(crate) mod scope;
