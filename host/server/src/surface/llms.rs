//! `/llms.txt` and `/llms-full.txt`: the rows of all surfaces, for language models (<https://llmstxt.org>).

mod curl;
mod full;
mod type_text;

pub(crate) use full::llms_full_text;

use super::{Access, Operation, Surface};

const INTRODUCTION: &str = "# Skillgate\n\n\
    > Runs agents, and their skills in WebAssembly sandboxes that hold only what was asked for and granted.\n\n\
    Requests carry `X-Api-Key: ak_live_…` or `Authorization: Bearer ak_live_…`. On `/v1` answers are `{\"data\": …}`, lists with \
    `pagination`, and refusals `{\"error\": {\"code\", \"message\"}}`. On `/api/skills` answers are bare objects and refusals \
    `{\"error\": \"message\"}`; on `/skills`, `/admin` and `/marketplace` refusals are \
    `{\"success\": false, \"error\": {\"code\", \"message\"}}`.\n\n";

/// The text of `/llms.txt` on these surfaces.
pub(crate) fn llms_text(surfaces: impl IntoIterator<Item = Surface>) -> String {
    let mut text = String::from(INTRODUCTION);
    text += "## API\n\n\
        - [OpenAPI 3.1](/openapi.json): every operation with its types\n\
        - [In full](/llms-full.txt): every operation with its types and an example\n";
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
        ..
    } = operation;
    format!(
        "- `{method} {path}` ({}): {summary}\n",
        access_text(*access)
    )
}

fn access_text(access: Access) -> String {
    match access {
        Access::Public => "no key".to_owned(),
        Access::AnyKey => "any key".to_owned(),
        Access::Scoped(scope) => format!("scope `{scope}`"),
    }
}
