//! Columns of text that are more than text: JSON and words of a fixed set.

use std::borrow::Cow;

use serde_json::{Value, json};
use skillgate_skill::Permissions;

use crate::json::{self, Unreadable};

/// JSON as the database holds it; becomes the field's type when a row is read.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
pub(crate) struct JsonText(String);

impl TryFrom<JsonText> for Value {
    type Error = Unreadable;

    fn try_from(text: JsonText) -> Result<Self, Self::Error> {
        json::read(&text.0)
    }
}

/// Checks every rule and every bound, as for permissions that come from outside.
impl TryFrom<JsonText> for Permissions {
    type Error = serde_json::Error;

    fn try_from(text: JsonText) -> Result<Self, Self::Error> {
        serde_json::from_str(&text.0)
    }
}

impl TryFrom<JsonText> for Vec<String> {
    type Error = serde_json::Error;

    fn try_from(text: JsonText) -> Result<Self, Self::Error> {
        serde_json::from_str(&text.0)
    }
}

/// JSON of which one row must not fail a whole list: what can't be read becomes `{"unreadable": "why"}`.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
pub(crate) struct JsonOrNote(String);

impl From<JsonOrNote> for Value {
    fn from(text: JsonOrNote) -> Self {
        let read = json::read(&text.0);
        read.unwrap_or_else(|error| json!({ "unreadable": error.to_string() }))
    }
}

/// Text of unknown origin without NUL, which PostgreSQL does not store; U+FFFD stands in its place.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Defines an enum that is one word in the database, in JSON and when shown.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant,)+ }

        impl $name {
            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::StoreError;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::StoreError::Invalid(format!(
                        "`{}` is none of: {}", word.escape_debug(), [$($word),+].join(", ")
                    ))),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::StoreError;

            fn try_from(word: String) -> Result<Self, $crate::StoreError> {
                word.parse()
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "enum": [$($word),+] })
            }
        }

        impl From<$name> for $crate::db::Arg<'_> {
            fn from(word: $name) -> Self {
                Self::from(word.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::storable;

    #[test]
    fn replaces_only_nul() {
        assert_eq!(storable("a\0b\0"), "a\u{FFFD}b\u{FFFD}");
        assert_eq!(storable("plain \u{1F600}\n"), "plain \u{1F600}\n");
    }
}
