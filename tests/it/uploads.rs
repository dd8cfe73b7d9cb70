//! Packages that must not come in, and what installing one demands. Each refusal says what is wrong.

use std::io::Write;

use serde_json::json;
use skillgate_runtime::{Runtime, RuntimeConfig, Tool};
use skillgate_skill::{Package, SigningKey, key_id};
use skillgate_store::{NewVersion, SkillKind, TrustLevel};
use skillgate_tests::app::{Client, TestApp};
use skillgate_tests::skills::{
    component, manifest, package, sign, sign_with_its_tools, signed, signing_key, unsigned,
};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A server, and a client whose account knows the publisher key 1.
async fn server() -> (TestApp, Client) {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    admin.register(&signing_key(1)).await.data(201);
    (app, admin)
}

#[tokio::test]
async fn a_byte_changed_anywhere_is_found() {
    let (_app, admin) = server().await;
    let good = signed("echo", &signing_key(1)).await;
    let mut changed = good.clone();
    changed.files.get_mut("component.wasm").unwrap().push(0);
    let message = admin.upload(&changed).await.error(400, "validation_error");
    assert!(message.contains("component.wasm"), "{message}");
    let mut changed = good.clone();
    changed
        .files
        .insert("references/more.md".into(), b"Obey me.".to_vec());
    let message = admin.upload(&changed).await.error(400, "validation_error");
    assert!(message.contains("references/more.md"), "{message}");
    let bytes = good.write().unwrap();
    for place in (0..bytes.len()).step_by(bytes.len() / 23) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let answer = admin.upload_bytes(changed).await;
        // A byte that no reader looks at may change; then what comes in is what was signed.
        if answer.status == 201 {
            assert_eq!(
                answer.data(201)["digest"],
                good.digest().to_string(),
                "byte {place}"
            );
        } else {
            answer.error(400, "validation_error");
        }
    }
}

#[tokio::test]
async fn only_the_accounts_own_publishers_sign() {
    let (app, admin) = server().await;
    let message = admin
        .upload(&unsigned("echo"))
        .await
        .error(400, "validation_error");
    assert!(message.contains("skillgate sign"), "{message}");
    let other = signed("echo", &signing_key(2)).await;
    admin.upload(&other).await.error(400, "validation_error");
    let stranger = app.stranger(&["skills"]).await;
    stranger.register(&signing_key(2)).await.data(201);
    admin.upload(&other).await.error(400, "validation_error");
    stranger.upload(&other).await.data(201);
    let wish = json!({ "skillId": "echo", "trustLevel": "clawhub" });
    let agent = admin.agent().await;
    admin
        .post(&format!("/v1/agents/{agent}/skills"), wish)
        .await
        .error(404, "skill_not_found");
}

#[tokio::test]
async fn a_proof_of_another_account_registers_nothing() {
    let (app, admin) = server().await;
    let stranger = app.stranger(&["skills"]).await;
    let proof = stranger.prove(&signing_key(3), &stranger.challenge().await);
    let message = admin
        .register_with(&proof)
        .await
        .error(400, "validation_error");
    assert!(message.contains("another account"), "{message}");
    assert_eq!(
        admin.get("/v1/publisher-keys").await.body["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_revoked_publisher_publishes_and_installs_nothing_more() {
    let (_app, admin) = server().await;
    let echo = signed("echo", &signing_key(1)).await;
    admin.upload(&echo).await.data(201);
    let keys = admin.get("/v1/publisher-keys").await.data(200);
    let path = format!("/v1/publisher-keys/{}", keys[0]["keyId"].as_str().unwrap());
    admin.delete(&path).await.data(200);
    admin
        .upload(&signed("probe", &signing_key(1)).await)
        .await
        .error(400, "validation_error");
    let wish = json!({ "skillId": "echo", "trustLevel": "clawhub" });
    let agent = admin.agent().await;
    admin
        .post(&format!("/v1/agents/{agent}/skills"), wish)
        .await
        .error(400, "validation_error");
    admin.register(&signing_key(1)).await.error(409, "conflict");
}

#[tokio::test]
async fn publishing_twice_is_once_and_a_version_never_changes() {
    let (_app, admin) = server().await;
    let echo = signed("echo", &signing_key(1)).await;
    let first = admin.upload(&echo).await.data(201);
    assert_eq!(admin.upload(&echo).await.data(201), first);
    let other = package(&(manifest("echo") + "\nMore words.\n"), &component("echo"));
    let other = sign_with_its_tools(other, &signing_key(1)).await;
    let message = admin.upload(&other).await.error(409, "conflict");
    assert!(message.contains("0.1.0"), "{message}");
}

#[tokio::test]
async fn tools_that_were_not_signed_are_refused() {
    let (_app, admin) = server().await;
    let echo = sign(unsigned("echo"), &signing_key(1), &[]);
    let message = admin.upload(&echo).await.error(400, "validation_error");
    assert!(message.contains("tool echo"), "{message}");
}

/// A hint decides whether a call that a crash cut short is made again: what lists another one than was signed does not
/// run, neither when it comes in nor when it is loaded later on.
#[tokio::test]
async fn a_hint_that_was_not_signed_is_refused() {
    let (app, admin) = server().await;
    let key = signing_key(1);
    let runtime = Runtime::new(RuntimeConfig::default()).unwrap();
    let loaded = runtime.load(&unsigned("echo")).await.unwrap();
    let signed_as = |change: fn(&mut Tool)| {
        let mut tools = loaded.tools().to_vec();
        let tool = tools.iter_mut().find(|tool| tool.name == "echo").unwrap();
        change(tool);
        let digests: Vec<_> = tools.iter().map(Tool::digest).collect();
        sign(unsigned("echo"), &key, &digests)
    };
    let changes: [fn(&mut Tool); 3] = [
        |tool| tool.annotations.idempotent = !tool.annotations.idempotent,
        |tool| tool.annotations.read_only = !tool.annotations.read_only,
        |tool| tool.title = Some("Echo, but better".to_owned()),
    ];
    for change in changes {
        let message = admin
            .upload(&signed_as(change))
            .await
            .error(400, "validation_error");
        assert!(message.contains("the tool echo: "), "{message}");
    }

    let stored = signed_as(changes[0]);
    store_unchecked(&app, &admin, &stored, &key).await;
    let wish = json!({ "skillId": "echo", "trustLevel": "clawhub" });
    let agent = admin.agent().await;
    let message = admin
        .post(&format!("/v1/agents/{agent}/skills"), wish)
        .await
        .error(400, "validation_error");
    assert!(message.contains("the tool echo: "), "{message}");
}

/// Puts a package into the database as if it had been published.
async fn store_unchecked(app: &TestApp, admin: &Client, package: &Package, key: &SigningKey) {
    let manifest = &package.manifest;
    let new = NewVersion {
        name: manifest.name.clone(),
        title: manifest.name.clone(),
        description: manifest.description.clone(),
        kind: SkillKind::Wasm,
        author: None,
        category: None,
        tags: Vec::new(),
        version: manifest.version.clone().unwrap().into(),
        digest: package.digest().to_string(),
        package: package.write().unwrap(),
        manifest: json!({}),
        tools: json!([]),
        permissions: Default::default(),
        publisher_key_id: Some(key_id(&key.verifying_key()).to_string()),
        trust_level: TrustLevel::Community,
        published_by: "nobody".to_owned(),
        most: Default::default(),
    };
    let stored = app.store.publish_version(&admin.account, new).await;
    stored.unwrap();
}

#[tokio::test]
async fn a_component_that_imports_more_than_it_asks_for() {
    let (_app, admin) = server().await;
    let overreach = sign(unsigned("overreach"), &signing_key(1), &[]);
    let message = admin
        .upload(&overreach)
        .await
        .error(400, "validation_error");
    assert!(
        message.contains("wasi:http/") && message.contains("permissions:"),
        "{message}"
    );
}

#[tokio::test]
async fn a_core_module_is_no_component() {
    let (_app, admin) = server().await;
    let module = wat::parse_str("(module)").unwrap();
    let bytes = archive(&[
        ("SKILL.md", manifest("echo").as_bytes()),
        ("component.wasm", &module),
    ]);
    let message = admin
        .upload_bytes(bytes)
        .await
        .error(400, "validation_error");
    assert!(
        message.contains("component.wasm") && message.contains("core WebAssembly module"),
        "{message}"
    );
}

#[tokio::test]
async fn archives_that_no_honest_tool_makes() {
    let (_app, admin) = server().await;
    let text = manifest("echo");
    let skill = ("SKILL.md", text.as_bytes());
    for name in ["../evil", "/etc/passwd", "a/../../evil", "a\\b"] {
        refused(&admin, archive(&[skill, (name, b"x")])).await;
    }
    let names: Vec<String> = (0..300)
        .map(|number| format!("references/{number}.md"))
        .collect();
    let mut files = vec![skill];
    files.extend(names.iter().map(|name| (name.as_str(), &b"x"[..])));
    assert!(refused(&admin, archive(&files)).await.contains("256"));
    assert!(refused(&admin, symlink(skill)).await.contains("link"));
    let message = refused(&admin, bomb(skill)).await;
    assert!(
        message.contains("unpacks to more than 67108864 bytes"),
        "{message}"
    );
    refused(&admin, b"no archive".to_vec()).await;
    refused(&admin, Vec::new()).await;
}

#[tokio::test]
async fn forms_that_hold_no_package() {
    let (_app, admin) = server().await;
    let form = reqwest::multipart::Form::new().text("other", "x");
    let message = admin
        .send(
            admin
                .request(reqwest::Method::POST, "/v1/skills")
                .multipart(form),
        )
        .await;
    assert!(message.error(400, "validation_error").contains("package"));
    let message = admin.post("/v1/skills", json!({})).await;
    assert!(message.error(400, "validation_error").contains("skillMd"));
    let message = admin
        .upload_bytes(vec![0; 66 << 20])
        .await
        .error(413, "payload_too_large");
    assert!(message.contains("bytes"), "{message}");
}

#[tokio::test]
async fn a_grant_is_at_most_what_is_asked_for() {
    let (_app, admin) = server().await;
    admin
        .upload(&signed("probe", &signing_key(1)).await)
        .await
        .data(201);
    let agent = admin.agent().await;
    let path = format!("/v1/agents/{agent}/skills");
    let wish = |permissions| json!({ "skillId": "probe", "trustLevel": "clawhub", "permissions": permissions });
    let more = json!({ "http": ["https://evil.example/*"] });
    let message = admin
        .post(&path, wish(more))
        .await
        .error(400, "validation_error");
    assert!(message.contains("example.com"), "{message}");
    admin
        .post(&path, wish(json!({ "magic": true })))
        .await
        .error(400, "validation_error");
    let less = json!({ "kv": { "quota": "1KiB" } });
    let installed = admin.post(&path, wish(less.clone())).await.data(201);
    assert_eq!(installed["permissions"], less);
    let nonsense = json!({ "skillId": "probe", "trustLevel": "best" });
    admin
        .post(&path, nonsense)
        .await
        .error(400, "validation_error");
    let unknown = json!({ "skillId": "probe", "trustLevel": "clawhub", "version": "9.9.9" });
    admin
        .post(&path, unknown)
        .await
        .error(404, "skill_version_not_found");
}

async fn refused(admin: &Client, bytes: Vec<u8>) -> String {
    assert!(Package::read(&bytes).is_err());
    admin
        .upload_bytes(bytes)
        .await
        .error(400, "validation_error")
}

/// A ZIP with these entries, whatever their names.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn symlink(skill: (&str, &[u8])) -> Vec<u8> {
    let mut zip = ZipWriter::new_append(std::io::Cursor::new(archive(&[skill]))).unwrap();
    zip.add_symlink(
        "references/passwd",
        "/etc/passwd",
        SimpleFileOptions::default(),
    )
    .unwrap();
    zip.finish().unwrap().into_inner()
}

/// 100 MiB of nothing in a few hundred kilobytes.
fn bomb(skill: (&str, &[u8])) -> Vec<u8> {
    let mut zip = ZipWriter::new_append(std::io::Cursor::new(archive(&[skill]))).unwrap();
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    zip.start_file("references/zeros.md", deflated).unwrap();
    for _ in 0..100 {
        zip.write_all(&vec![0; 1 << 20]).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
