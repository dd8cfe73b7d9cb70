//! How deep a name lies in its folder.

use crate::folder::{MAX_DEPTH, NoRoom};

/// The depth of what `path` names, seen from a folder of the depth `from`. There are no links, so the text of a
/// path says where it leads; one that leads out of its folder is refused when it is used.
pub(super) fn of(from: u32, path: &str) -> u32 {
    path.split('/').fold(from, |depth, name| match name {
        "" | "." => depth,
        ".." => depth.saturating_sub(1),
        _ => depth.saturating_add(1),
    })
}

/// Refuses what is deeper than names may be nested.
pub(super) fn check(depth: u32) -> Result<(), NoRoom> {
    if depth > MAX_DEPTH {
        return Err(NoRoom::Depth { most: MAX_DEPTH });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_from_where_a_path_begins() {
        assert_eq!(of(0, "a"), 1);
        assert_eq!(of(3, "a//./b/"), 5);
        assert_eq!(of(3, "a/../b"), 4);
        assert_eq!(of(0, "../../a"), 1);
        check(MAX_DEPTH).unwrap();
        check(MAX_DEPTH + 1).unwrap_err();
    }
}
