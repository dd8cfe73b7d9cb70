//! `GET /llms.txt`

use std::sync::LazyLock;

use crate::envelope::PlainText;

/// The text: it is the same as long as the process lives.
static TEXT: LazyLock<String> = LazyLock::new(super::llms_text_of_all);

/// Every operation, a line each, for language models.
pub(crate) async fn get() -> PlainText {
    PlainText(&TEXT)
}
