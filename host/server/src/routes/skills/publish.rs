//! `POST /v1/skills` and `PUT /v1/skills/{id}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::SkillView;
use super::receive::{SentSkill, SkillUpload, receive};
use crate::envelope::{Created, Data};
use crate::extract::{Caller, Id};
use crate::service::publish::{LARGEST_PACKAGE, publish_received};
use crate::service::{instructions, skills};
use crate::{ApiError, App};

/// What the form around the package may add.
const FORM: usize = 64 << 10;

/// The most bytes of a body that holds a skill: the largest package in its form.
pub(crate) const MAX_BODY: usize = LARGEST_PACKAGE + FORM;

/// What was published: the skill in this version, and who signed it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PublishedSkill {
    #[serde(flatten)]
    skill: SkillView,
    version: String,
    /// What the publisher calls itself; `null` for instructions that nobody signed.
    publisher: Option<String>,
}

/// Publishes a signed package, or a SKILL.md for the account itself.
pub(crate) async fn publish(
    State(app): State<App>,
    caller: Caller,
    upload: SkillUpload,
) -> Result<Created<PublishedSkill>, ApiError> {
    let sent = receive(&app, caller.account(), upload).await?;
    Ok(Created(accept(&app, &caller, sent, None).await?))
}

/// Publishes what is to be the skill's content from now on. The same content is the version that is there.
pub(crate) async fn replace(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
    upload: SkillUpload,
) -> Result<Data<PublishedSkill>, ApiError> {
    let skill = skills::own(&app, caller.account(), &id).await?;
    let sent = receive(&app, caller.account(), upload).await?;
    Ok(Data {
        data: accept(&app, &caller, sent, Some(&skill.name)).await?,
    })
}

async fn accept(
    app: &App,
    caller: &Caller,
    sent: SentSkill,
    name: Option<&str>,
) -> Result<PublishedSkill, ApiError> {
    let (account, key) = (caller.account(), caller.key());
    let (published, publisher) = match sent {
        SentSkill::Package(received) => {
            let accepted = publish_received(app, account, key, received, name).await?;
            (accepted.published, Some(accepted.publisher))
        }
        SentSkill::Instructions(text) => {
            let published = instructions::publish(app, account, key, text, name).await?;
            (published, None)
        }
    };
    Ok(PublishedSkill {
        version: published.version.version.clone(),
        publisher,
        skill: SkillView::new(published.skill, published.version),
    })
}
