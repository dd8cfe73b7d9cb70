//! The bodies of refusals: which surface has which, and which path belongs to which surface.

use std::sync::Arc;

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::ApiError;

/// How a surface writes its refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// `{"error": {"code", "message"}}`: `/v1`, and all that is beside the surfaces.
    ControlPlane,
    /// `{"error": "message"}`: `/api/skills`.
    Tenant,
    /// `{"success": false, "error": {"code", "message"}}`: `/skills`, `/admin` and `/marketplace`.
    Authoring,
}

/// A refusal on the control plane.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ControlPlaneRefusal<'a> {
    error: ErrorObject<'a>,
}

/// A refusal on `/api/skills`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TenantRefusal {
    /// What was wrong, and what to do.
    error: String,
}

/// A refusal on `/skills`, `/admin` and `/marketplace`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AuthoringRefusal<'a> {
    /// Always false.
    success: bool,
    error: ErrorObject<'a>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Error")]
struct ErrorObject<'a> {
    /// What programs read, such as `validation_error`.
    code: &'a str,
    /// What people read: what was wrong, and what to do.
    message: &'a str,
    /// With `consent_required` alone: the permissions, tools and signer that are new.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("type" = "object"))]
    difference: Option<&'a Value>,
    /// With `consent_required` alone: the task whose approval consents.
    #[serde(rename = "taskId", skip_serializing_if = "Option::is_none")]
    task_id: Option<&'a str>,
}

impl Envelope {
    /// The status of a refusal on this surface.
    pub(crate) fn status(self, error: &ApiError) -> StatusCode {
        match self {
            Self::ControlPlane | Self::Authoring => error.status(),
            Self::Tenant => error.tenant_status(),
        }
    }

    /// The body of a refusal on this surface, as JSON.
    pub(crate) fn body(self, error: &ApiError) -> String {
        match self {
            Self::ControlPlane => as_text(&ControlPlaneRefusal::new(error)),
            Self::Tenant => as_text(&TenantRefusal::new(error)),
            Self::Authoring => as_text(&AuthoringRefusal {
                success: false,
                error: ErrorObject::new(error),
            }),
        }
    }
}

fn as_text(refusal: &impl Serialize) -> String {
    serde_json::to_string(refusal).unwrap_or_default()
}

impl<'a> ControlPlaneRefusal<'a> {
    fn new(error: &'a ApiError) -> Self {
        let error = ErrorObject::new(error);
        Self { error }
    }
}

impl TenantRefusal {
    fn new(error: &ApiError) -> Self {
        let thing = error.code().strip_suffix("_not_found");
        let thing = thing.filter(|thing| *thing != "route");
        // The texts of the specification: "Skill not found", "Agent not found".
        let error = match thing {
            Some(thing) => format!("{} not found", in_words(thing)),
            None => error.message().to_owned(),
        };
        Self { error }
    }
}

/// `skill_version` as `Skill version`.
fn in_words(thing: &str) -> String {
    let words = thing.replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

impl<'a> ErrorObject<'a> {
    fn new(error: &'a ApiError) -> Self {
        Self {
            code: error.code(),
            message: error.message(),
            difference: error.difference(),
            task_id: error.task_id(),
        }
    }
}

/// The envelopes of all surfaces, by the prefix of their paths.
#[derive(Debug, Clone)]
pub(crate) struct Envelopes(Arc<[(&'static str, Envelope)]>);

impl Envelopes {
    pub(crate) fn new(surfaces: impl IntoIterator<Item = (&'static str, Envelope)>) -> Self {
        let mut prefixes: Vec<_> = surfaces.into_iter().collect();
        prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Self(prefixes.into())
    }

    /// The envelope of the surface that a path belongs to, also where nothing is served at it: the one with the longest prefix.
    pub(crate) fn of(&self, path: &str) -> Envelope {
        let owns = |prefix: &str| {
            let below = path.strip_prefix(prefix);
            below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
        };
        let owner = self.0.iter().find(|(prefix, _)| owns(prefix));
        owner.map_or(Envelope::ControlPlane, |(_, envelope)| *envelope)
    }
}
