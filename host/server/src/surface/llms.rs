//! `/llms.txt`: the rows of all surfaces, for language models (<https://llmstxt.org>).

use super::{Access, Operation, Surface};

/// The text on these surfaces.
pub(crate) fn llms_text(surfaces: impl IntoIterator<Item = Surface>) -> String {
    let mut text = String::from(
        "# Skillgate\n\n\
         > Runs agents, and their skills in WebAssembly sandboxes that hold only what was asked for and granted.\n\n\
         Requests carry `X-Api-Key: ak_live_…` or `Authorization: Bearer ak_live_…`. Answers are `{\"data\": …}`, lists with `pagination`; \
         refusals are `{\"error\": {\"code\", \"message\"}}`.\n\n\
         ## API\n\n\
         - [OpenAPI 3.1](/openapi.json): every operation with its types\n",
    );
    for operation in surfaces.into_iter().flat_map(Surface::into_operations) {
        text += &line(&operation);
    }
    text
}

fn line(operation: &Operation) -> String {
    let Operation {
        method,
        path,
        access,
        summary,
    } = operation;
    let access = match access {
        Access::Public => "no key".to_owned(),
        Access::AnyKey => "any key".to_owned(),
        Access::Scoped(scope) => format!("scope `{scope}`"),
    };
    format!("- `{method} {path}` ({access}): {summary}\n")
}
