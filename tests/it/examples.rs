//! The example skills, as `cargo xtask skills` packs them, through the real runtime.

mod calculator;
mod given;
mod notes;
mod web_fetch;
