//! The shape of a value that is to be checked: as much as its cost depends on.

use serde_json::Value;

/// How many values there are at each level, and how long the longest way to one is.
#[derive(Debug)]
pub(super) struct Shape {
    /// The number of values at each level; the value itself is level 0.
    pub(super) levels: Vec<u64>,
    /// The number of levels.
    pub(super) depth: usize,
    /// Bytes of the value as text.
    pub(super) bytes: usize,
    /// Bytes of the longest JSON pointer into the value, about.
    pub(super) path: usize,
}

impl Shape {
    /// Measures `value`, which was read from `bytes` bytes of text and whose depth was checked: it recurses.
    pub(super) fn of(value: &Value, bytes: usize) -> Self {
        let mut shape = Self {
            levels: Vec::with_capacity(8),
            depth: 0,
            bytes,
            path: 0,
        };
        shape.add(value, 0, 0);
        shape.depth = shape.levels.len();
        shape
    }

    fn add(&mut self, value: &Value, level: usize, path: usize) {
        match self.levels.get_mut(level) {
            Some(count) => *count += 1,
            None => self.levels.push(1),
        }
        self.path = self.path.max(path);
        match value {
            Value::Array(items) => {
                for item in items {
                    // An index has at most seven digits in the longest text.
                    self.add(item, level + 1, path + 8);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.add(member, level + 1, path + 1 + name.len());
                }
            }
            _ => {}
        }
    }
}
