//! `GET /v1/agents/{id}/status`: what an agent does, and what its sandboxes use.

use serde_json::{Value, json};
use skillgate_tests::app::TestApp;
use skillgate_tests::sample::assert_like;
use skillgate_tests::skills::{signed, signing_key};

fn sample() -> Value {
    json!({
        "status": "running",
        "containerStatus": "running",
        "live": true,
        "resources": { "memoryUsage": "128MiB / 512MiB", "cpuPercent": "2.35%" },
        "source": "redis"
    })
}

#[tokio::test]
async fn the_figures_are_those_of_the_agents_sandboxes() {
    let call = json!({ "type": "tool_call", "name": "rogue__allocate", "arguments": {} });
    let said = json!({ "type": "text", "text": "Done." });
    let script = json!({ "turns": [{ "parts": [call] }, { "parts": [said] }] });
    let app = TestApp::with_script(script).await;
    let admin = app.admin().await;
    let (agent, idle) = (admin.agent().await, admin.agent().await);
    let key = signing_key(1);
    admin
        .equip(&agent, &signed("rogue", &key).await, &key)
        .await;
    let status = async |agent: &str| {
        let answer = admin.get(&format!("/v1/agents/{agent}/status")).await;
        answer.data(200)
    };
    let before = status(&agent).await;
    assert_like(&sample(), &before);
    assert_eq!(
        (
            &before["status"],
            &before["containerStatus"],
            &before["live"],
            &before["source"]
        ),
        (
            &json!("running"),
            &json!("running"),
            &json!(true),
            &json!("runtime")
        )
    );
    let memory = |status: &Value| {
        let usage = status["resources"]["memoryUsage"].as_str().unwrap();
        usage.split(" / ").next().unwrap().to_owned()
    };
    let percent = |status: &Value| {
        let percent = status["resources"]["cpuPercent"].as_str().unwrap();
        percent.strip_suffix('%').unwrap().parse::<f64>().unwrap()
    };
    assert_eq!((memory(&before).as_str(), percent(&before)), ("0B", 0.0));

    admin.chat(&agent, "Allocate.").await.until("done").await;
    let after = status(&agent).await;
    assert_like(&sample(), &after);
    let used = memory(&after);
    let mebibytes: f64 = used.strip_suffix("MiB").unwrap().parse().unwrap();
    assert!(mebibytes > 32.0 && mebibytes <= 64.0, "{used}");
    assert!(percent(&after) > 0.0, "{after}");
    assert_eq!(memory(&status(&idle).await), "0B", "another agent");
}

#[tokio::test]
async fn an_agent_that_does_not_run_has_no_figures() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = format!("/v1/agents/{}", admin.agent().await);
    let stop = admin.post(&format!("{path}/stop"), json!({})).await;
    stop.data(200);
    let status = admin.get(&format!("{path}/status")).await.data(200);
    assert_eq!(
        status,
        json!({
            "status": "stopped",
            "containerStatus": "stopped",
            "live": false,
            "resources": null,
            "source": "database"
        })
    );
    assert_like(&sample(), &status);
}
