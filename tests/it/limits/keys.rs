//! API keys: how many, how fast, and what a stranger's costs.

use std::sync::Arc;

use serde_json::json;
use skillgate_service::config::{AccountLimits, ServiceLimits};
use skillgate_store::Timestamp;
use skillgate_tests::app::{Client, Setup, TestApp};

fn wish(rate_limit: u32) -> serde_json::Value {
    json!({ "label": "x", "scopes": ["chat"], "rateLimit": rate_limit })
}

#[tokio::test]
async fn a_key_gets_at_most_the_operators_ceiling() {
    let app = TestApp::start(Setup {
        rate_limit: 50,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    for (limit, fits) in [(1, true), (500, true), (501, false), (0, false)] {
        let answer = admin.post("/v1/api-keys", wish(limit)).await;
        if fits {
            assert_eq!(answer.data(201)["rateLimit"], limit);
        } else {
            let message = answer.error(400, "validation_error");
            assert!(
                message.contains("1 to 500") && message.contains("command line"),
                "{message}"
            );
        }
    }
}

#[tokio::test]
async fn an_account_has_so_many_keys() {
    let limits = ServiceLimits {
        accounts: AccountLimits {
            api_keys: 3,
            ended_api_keys: 1,
            ..AccountLimits::default()
        },
        ..ServiceLimits::default()
    };
    let app = TestApp::start(Setup {
        limits,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let key = json!({ "label": "x", "scopes": ["chat"] });
    for _ in 0..4 {
        // The admin's own key is the third.
        let ids = [
            admin.post("/v1/api-keys", key.clone()).await.data(201),
            admin.post("/v1/api-keys", key.clone()).await.data(201),
        ];
        let message = admin
            .post("/v1/api-keys", key.clone())
            .await
            .error(403, "limit_reached");
        assert!(message.contains("3 valid API keys"), "{message}");
        for made in ids {
            let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
            admin.delete(&path).await.data(200);
        }
    }
    let listed = admin.get("/v1/api-keys").await.data(200);
    assert_eq!(
        listed.as_array().unwrap().len(),
        4,
        "the admin's, the last two, and the newest of those that had ended before: {listed}"
    );
}

#[tokio::test]
async fn keys_that_nobody_knows_cost_no_query_each() {
    let app = TestApp::start(Setup {
        rate_limit: 2,
        clock: Arc::new(|| Timestamp::from_micros(1_800_000_000_000_000)),
        ..Setup::default()
    })
    .await;
    let valid = app.client(&["agents:read"]).await;
    valid.get("/v1/agents").await.data(200);
    let stranger = |number: u32| Client::new(&app.url, Some(&format!("ak_live_{number:032x}")));
    let mut statuses = Vec::new();
    for number in 0..30 {
        statuses.push(stranger(number).get("/v1/agents").await.status);
    }
    assert_eq!(statuses[..2], [401, 401]);
    assert!(statuses[2..].iter().all(|status| *status == 429));

    // A valid key is not locked out by strangers behind the same address.
    valid.get("/v1/agents").await.data(200);
    // With the store closed, every query is an error: there is none.
    app.store.close().await;
    let refused = stranger(99).get("/v1/agents").await;
    assert_eq!(refused.header("retry-after"), "60");
    refused.error(429, "rate_limit_exceeded");
    assert_eq!(stranger(99).get("/healthz").await.status, 200);
}
