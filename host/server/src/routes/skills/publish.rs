//! `POST /v1/skills` and `PUT /v1/skills/{id}`

use axum::extract::{Request, State};
use serde::Serialize;

use super::View;
use super::receive::{SentSkill, receive};
use crate::answer::{Created, Data};
use crate::extract::{Caller, Id};
use crate::service::publish::{LARGEST_PACKAGE, publish_received};
use crate::service::{instructions, skills};
use crate::{ApiError, App};

/// What the form around the package may add.
const FORM: usize = 64 << 10;

/// The most bytes of a body that holds a skill: the largest package in its form.
pub(crate) const MAX_BODY: usize = LARGEST_PACKAGE + FORM;

/// What was published: the skill in this version, and who signed it.
#[derive(Serialize)]
pub(crate) struct Published {
    #[serde(flatten)]
    skill: View,
    version: String,
    /// What the publisher calls itself; `null` for instructions that nobody signed.
    publisher: Option<String>,
}

/// Publishes a signed package, or a SKILL.md for the account itself.
pub(crate) async fn publish(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Created<Published>, ApiError> {
    let sent = receive(&app, caller.account(), request).await?;
    Ok(Created(accept(&app, &caller, sent, None).await?))
}

/// Publishes what is to be the skill's content from now on. The same content is the version that is there.
pub(crate) async fn replace(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
    request: Request,
) -> Result<Data<Published>, ApiError> {
    let skill = skills::own(&app, caller.account(), &id).await?;
    let sent = receive(&app, caller.account(), request).await?;
    Ok(Data {
        data: accept(&app, &caller, sent, Some(&skill.name)).await?,
    })
}

async fn accept(
    app: &App,
    caller: &Caller,
    sent: SentSkill,
    name: Option<&str>,
) -> Result<Published, ApiError> {
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
    Ok(Published {
        version: published.version.version.clone(),
        publisher,
        skill: View::new(published.skill, published.version),
    })
}
