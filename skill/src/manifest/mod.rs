//! `SKILL.md`: the frontmatter and what stands in it.

mod config;
mod frontmatter;
mod limits;
mod name;
mod parse;
mod quantity;
mod section;
mod yaml;

pub use config::{ConfigKey, ConfigType};
pub use limits::Limits;
pub use name::check_skill_name;
pub(crate) use name::{check_identifier, check_tool_name};
pub use parse::Manifest;
pub use quantity::{display_duration, display_size, parse_duration, parse_size};
pub(crate) use quantity::{duration_option, size, size_option};
