//! The memory of the real server, whatever tenants keep in it.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::json;
use skillgate_skill::{MANIFEST, Package};
use skillgate_tests::skills::{sign, signing_key};

use super::process::Process;

/// The most that the server may ever hold, in MiB.
const PEAK: u64 = 512;

/// A skill of instructions alone, with this many MiB of references.
fn heavy(mib: usize) -> Package {
    let manifest =
        "---\nname: heavy\ndescription: Heavy.\nmetadata:\n  version: \"1.0.0\"\n---\nRead.\n";
    let files = BTreeMap::from([
        (MANIFEST.to_owned(), manifest.as_bytes().to_vec()),
        ("references/all.md".to_owned(), vec![b'x'; mib << 20]),
    ]);
    sign(Package::from_files(files).unwrap(), &signing_key(1), &[])
}

#[tokio::test]
async fn installing_a_large_package_many_times_at_once() {
    let server = Process::start().await;
    let admin = server.admin();
    let agent = admin.agent().await;
    admin.equip(&agent, &heavy(60), &signing_key(1)).await;
    let path = format!("/v1/agents/{agent}/skills");
    let wish = json!({ "skillId": "heavy", "trustLevel": "clawhub" });
    let again = || async { admin.post(&path, wish.clone()).await };
    for answer in join_all((0..60).map(|_| again())).await {
        let message = answer.error(409, "conflict");
        assert_eq!(message, "Skill already assigned to this agent");
    }
    // On agents that have it not yet, at once too: what is ready is not read again.
    let agents = join_all((0..20).map(|_| admin.agent())).await;
    let install = |agent: String| {
        let (admin, wish) = (admin.clone(), wish.clone());
        async move {
            admin
                .post(&format!("/v1/agents/{agent}/skills"), wish)
                .await
        }
    };
    for answer in join_all(agents.into_iter().map(install)).await {
        answer.data(201);
    }
    assert!(server.peak_mib() < PEAK, "{} MiB", server.peak_mib());
}

#[tokio::test]
async fn uploading_a_large_package_many_times_at_once() {
    let server = Process::start().await;
    let admin = server.admin();
    admin.register(&signing_key(1)).await.data(201);
    let bytes = heavy(30).write().unwrap();
    let upload = |_| admin.upload_bytes(bytes.clone());
    let answers = join_all((0..6).map(upload)).await;
    // Those that did not fit were told so.
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert!(statuses.contains(&201), "{statuses:?}");
    assert!(
        statuses.iter().all(|status| [201, 503].contains(status)),
        "{statuses:?}"
    );
    assert!(server.peak_mib() < PEAK, "{} MiB", server.peak_mib());
}

#[tokio::test]
async fn counting_and_listing_agents_reads_none_of_their_texts() {
    let server = Process::start().await;
    let admin = server.admin();
    let text = "x".repeat(256 << 10);
    for number in 0..200 {
        let body = json!({ "name": number.to_string(), "soulMd": text, "workflowMd": text });
        admin.post("/v1/agents", body).await.data(201);
    }
    let before = server.peak_mib();
    let usage = join_all((0..10).map(|_| admin.get("/v1/account"))).await;
    for answer in usage {
        assert_eq!(answer.data(200)["usage"]["agents"], 200);
    }
    let lists = join_all((0..10).map(|_| admin.get("/v1/agents"))).await;
    for answer in lists {
        assert_eq!(answer.body["pagination"]["total"], 200);
        assert_eq!(answer.data(200).as_array().unwrap().len(), 200);
    }
    let more = server.peak_mib() - before;
    assert!(more < 64, "{more} MiB more");
    let page = admin.get("/v1/agents?limit=3&offset=1").await;
    assert_eq!(
        page.body["pagination"],
        json!({ "total": 200, "limit": 3, "offset": 1 })
    );
    assert_eq!(page.data(200)[0]["name"], "198");
    admin
        .get("/v1/agents?limit=0")
        .await
        .error(400, "validation_error");
}
