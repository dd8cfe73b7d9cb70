//! `GET /v1/swarms`

use axum::extract::State;

use super::view::SwarmOverviewView;
use crate::envelope::Data;
use crate::extract::Caller;
use crate::{ApiError, App};

/// Lists all swarms, newest first. As the specification shows it, there is no pagination.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<Data<Vec<SwarmOverviewView>>, ApiError> {
    let swarms = app.swarms.list(&caller).await?;
    Ok(Data {
        data: swarms.into_iter().map(SwarmOverviewView::from).collect(),
    })
}
