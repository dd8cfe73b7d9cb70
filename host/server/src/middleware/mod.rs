//! What happens around every request, outermost first: [`request_id`], [`gate`].

pub(crate) mod gate;
pub(crate) mod request_id;
