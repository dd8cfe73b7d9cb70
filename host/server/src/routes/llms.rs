//! `GET /llms.txt` and `GET /llms-full.txt`

use std::sync::LazyLock;

use crate::envelope::PlainText;

/// The texts: they are the same as long as the process lives.
static TEXT: LazyLock<String> = LazyLock::new(super::llms_text_of_all);
static FULL_TEXT: LazyLock<String> = LazyLock::new(super::llms_full_text_of_all);

/// Lists every operation, a line each, for language models.
pub(crate) async fn get() -> PlainText {
    PlainText(&TEXT)
}

/// Describes every operation with its types and an example.
pub(crate) async fn get_full() -> PlainText {
    PlainText(&FULL_TEXT)
}
