//! `POST /v1/skills` and `PUT /v1/skills/{id}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::SkillView;
use super::receive::{SentSkill, SkillUpload, receive};
use skillgate_service::SkillRef;
use skillgate_service::packages::MAX_PACKAGE_BYTES;

use crate::envelope::{Created, Data};
use crate::extract::{Caller, Id};
use crate::surface::IfMatch;
use crate::{ApiError, App};

/// What the form around the package may add.
const FORM: usize = 64 << 10;

/// The most bytes of a body that holds a skill: the largest package in its form.
pub(crate) const MAX_BODY: usize = MAX_PACKAGE_BYTES + FORM;

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
    let sent = receive(&app, &caller, upload).await?;
    Ok(Created(accept(&app, &caller, sent, None).await?))
}

/// Publishes what is to be the skill's content from now on. The same content is the version that is there.
pub(crate) async fn replace(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SkillRef>,
    condition: IfMatch,
    upload: SkillUpload,
) -> Result<Data<PublishedSkill>, ApiError> {
    let skill = app.skills.own(&caller, &id).await?;
    let sent = receive(&app, &caller, upload).await?;
    let _turn = condition.hold().await?;
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
    let (published, publisher) = match sent {
        SentSkill::Package(received) => {
            let accepted = app
                .packages
                .publish_received(caller, received, name)
                .await?;
            (accepted.published, Some(accepted.publisher))
        }
        SentSkill::Instructions(text) => {
            let published = app
                .packages
                .publish_instructions(caller, text, name)
                .await?;
            (published, None)
        }
    };
    Ok(PublishedSkill {
        version: published.version.version.clone(),
        publisher,
        skill: SkillView::new(published.skill, published.version),
    })
}
