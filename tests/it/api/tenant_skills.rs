//! `/api/skills`: the pool and its assignments, field by field as the specification shows them.

use serde_json::{Value, json};
use skillgate_tests::app::{Answer, Client, TestApp};
use skillgate_tests::postgres;
use skillgate_tests::skills::{signed, signing_key};

/// An account with the skill `terraform` and an agent.
struct Given {
    app: TestApp,
    admin: Client,
    agent: String,
    skill: String,
}

impl Given {
    async fn new() -> Self {
        let app = TestApp::with_script(json!({ "turns": [] })).await;
        let admin = app.admin().await;
        let skill = publish(&admin, "terraform", Some("engineering")).await;
        let agent = admin.agent().await;
        Self {
            app,
            admin,
            agent,
            skill,
        }
    }

    async fn assign(&self, body: Value) -> Answer {
        let mut whole = json!({ "agentId": self.agent });
        for (name, value) in body.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let path = format!("/api/skills/{}/assign", self.skill);
        self.admin.post(&path, whole).await
    }

    async fn assignments(&self) -> Value {
        let path = format!("/api/skills/{}/agents", self.skill);
        self.admin.get(&path).await.body["agents"].take()
    }
}

/// Publishes instructions; the skill's UUID.
async fn publish(client: &Client, name: &str, category: Option<&str>) -> String {
    let category = category.map_or_else(String::new, |category| {
        format!("metadata:\n  skillgate:\n    category: {category}\n")
    });
    let text = format!(
        "---\nname: {name}\ndescription: Expert Terraform/OpenTofu...\n{category}---\nUse modules.\n"
    );
    let published = client.post("/v1/skills", json!({ "skillMd": text })).await;
    published.data(201)["uuid"].as_str().unwrap().to_owned()
}

/// The value of a field, which then is checked as given.
fn take(value: &mut Value, field: &str) -> String {
    value[field].take().as_str().unwrap().to_owned()
}

fn is_time(text: &str) -> bool {
    text.len() == "2026-01-15T10:00:00.000Z".len() && text.ends_with('Z')
}

#[tokio::test]
async fn a_list_shows_the_pool() {
    let given = Given::new().await;
    given.assign(json!({})).await;
    let mut answer = given.admin.get("/api/skills").await;
    assert_eq!(answer.status, 200);
    assert!(is_time(&take(&mut answer.body["skills"][0], "createdAt")));
    assert!(is_time(&take(&mut answer.body["skills"][0], "updatedAt")));
    assert_eq!(
        answer.body,
        json!({
            "skills": [{
                "id": given.skill,
                "name": "terraform",
                "slug": "terraform",
                "description": "Expert Terraform/OpenTofu...",
                "category": "engineering",
                "toolIds": [],
                "config": {},
                "listingRef": null,
                "listingVersion": null,
                "locked": false,
                "currentVersion": "1.0.0",
                "status": "active",
                "createdAt": null,
                "updatedAt": null,
                "source": "custom",
                "assignedAgentsCount": 1,
            }],
            "total": 1,
        })
    );
}

#[tokio::test]
async fn a_list_is_filtered_and_bounded() {
    let given = Given::new().await;
    let admin = &given.admin;
    publish(admin, "crm", Some("sales")).await;
    publish(admin, "billing", None).await;
    let names = async |query: &str| {
        let answer = admin.get(&format!("/api/skills{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let skills = answer.body["skills"].as_array().unwrap().iter();
        let names: Vec<String> = skills
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect();
        (names.join(" "), answer.body["total"].clone())
    };
    assert_eq!(names("").await, ("billing crm terraform".into(), json!(3)));
    assert_eq!(names("?limit=1").await, ("billing".into(), json!(3)));
    assert_eq!(names("?category=sales").await, ("crm".into(), json!(1)));
    assert_eq!(names("?category=none").await, (String::new(), json!(0)));
    let categories = admin.get("/api/skills/categories").await.body;
    assert_eq!(
        categories,
        json!({ "categories": ["engineering", "sales"] })
    );

    given.assign(json!({})).await;
    admin.delete("/v1/skills/terraform").await.data(200);
    assert_eq!(names("").await, ("billing crm".into(), json!(2)));
    assert_eq!(
        names("?status=archived").await,
        ("terraform".into(), json!(1))
    );
    assert_eq!(
        names("?status=all").await,
        ("billing crm terraform".into(), json!(3))
    );
    let categories = admin.get("/api/skills/categories").await.body;
    assert_eq!(categories, json!({ "categories": ["sales"] }));

    for query in ["?limit=0", "?limit=1001", "?limit=-1", "?status=gone"] {
        let answer = admin.get(&format!("/api/skills{query}")).await;
        let message = answer.tenant_error(400);
        assert!(message.contains("must be"), "{message}");
    }
}

#[tokio::test]
async fn details_show_the_skill_and_its_agents() {
    let given = Given::new().await;
    given.assign(json!({})).await;
    for id in [given.skill.as_str(), "terraform"] {
        let mut answer = given.admin.get(&format!("/api/skills/{id}")).await;
        assert_eq!(answer.status, 200);
        assert!(is_time(&take(&mut answer.body["skill"], "createdAt")));
        assert!(is_time(&take(&mut answer.body["skill"], "updatedAt")));
        let assigned = &mut answer.body["assignedAgents"][0];
        assert!(is_time(&take(assigned, "assignedAt")));
        assert_eq!(
            answer.body,
            json!({
                "skill": {
                    "id": given.skill,
                    "name": "terraform",
                    "slug": "terraform",
                    "description": "Expert Terraform/OpenTofu...",
                    "category": "engineering",
                    "toolIds": [],
                    "config": {},
                    "listingRef": null,
                    "listingVersion": null,
                    "locked": false,
                    "currentVersion": "1.0.0",
                    "status": "active",
                    "createdAt": null,
                    "updatedAt": null,
                    "source": "custom",
                },
                "assignedAgents": [{
                    "agentId": given.agent,
                    "agentName": "Ada",
                    "enabled": true,
                    "assignedAt": null,
                }],
            })
        );
    }
}

#[tokio::test]
async fn the_tools_of_a_component_are_named_as_agents_are_offered_them() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let key = signing_key(1);
    admin.register(&key).await.data(201);
    admin.upload(&signed("echo", &key).await).await.data(201);
    let answer = admin.get("/api/skills/echo").await;
    assert_eq!(
        answer.body["skill"]["toolIds"],
        json!(["echo__echo", "echo__count_slow"])
    );
}

#[tokio::test]
async fn assigning_answers_the_assignment_and_shows_on_v1() {
    let given = Given::new().await;
    let mut answer = given
        .assign(json!({ "config": { "priority": 1 }, "priority": 1 }))
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let assignment = &mut answer.body["assignment"];
    assert!(take(assignment, "id").starts_with("as_"));
    assert!(is_time(&take(assignment, "assignedAt")));
    let key = take(assignment, "assignedBy");
    let keys = given.admin.get("/v1/api-keys").await.data(200);
    assert_eq!(keys[0]["id"], key.as_str());
    assert_eq!(
        answer.body,
        json!({
            "assignment": {
                "id": null,
                "tenantId": given.admin.account,
                "skillId": given.skill,
                "agentId": given.agent,
                "skillVersion": "1.0.0",
                "listingRef": null,
                "enabled": true,
                "config": { "priority": 1 },
                "priority": 1,
                "assignedAt": null,
                "assignedBy": null,
            },
        })
    );
    let path = format!("/v1/agents/{}/skills", given.agent);
    let skills = given.admin.get(&path).await.data(200);
    assert_eq!(
        (&skills[0]["skillId"], &skills[0]["isEnabled"]),
        (&json!("terraform"), &json!(true))
    );
    let agent = format!("/v1/agents/{}", given.agent);
    let agent = given.admin.get(&agent).await.data(200);
    assert_eq!(agent["needsRestart"], true);
}

#[tokio::test]
async fn assigning_twice_and_what_is_not_there_is_refused_with_the_texts_of_the_page() {
    let given = Given::new().await;
    given.assign(json!({})).await;
    let message = given.assign(json!({})).await.tenant_error(400);
    assert_eq!(message, "Skill already assigned to this agent");
    let newer = "---\nname: terraform\ndescription: d\n---\nOther.\n";
    let newer = json!({ "skillMd": newer });
    given.admin.post("/v1/skills", newer).await.data(201);
    let message = given.assign(json!({})).await.tenant_error(400);
    assert_eq!(
        message, "Skill already assigned to this agent",
        "a newer version"
    );
    let body = json!({ "agentId": given.agent });
    let assign = async |skill: &str, body: &Value| {
        let path = format!("/api/skills/{skill}/assign");
        given
            .admin
            .post(&path, body.clone())
            .await
            .tenant_error(404)
    };
    assert_eq!(assign("nothing", &body).await, "Skill not found");
    assert_eq!(assign("%20", &body).await, "Skill not found");
    for id in ["agent-123", "", "a b"] {
        let body = json!({ "agentId": id });
        assert_eq!(assign(&given.skill, &body).await, "Agent not found");
    }
    let large = json!({ "config": { "a": "x".repeat(4096) } });
    let message = given.assign(large).await.tenant_error(400);
    assert!(
        message.starts_with("config: must have at most 4096 bytes"),
        "{message}"
    );
    let fraction = given.assign(json!({ "priority": 1.5 })).await;
    fraction.tenant_error(422);
}

#[tokio::test]
async fn agents_of_a_skill_are_listed() {
    let given = Given::new().await;
    assert_eq!(given.assignments().await, json!([]));
    given.assign(json!({ "priority": 1 })).await;
    let mut agents = given.assignments().await;
    let assigned = &mut agents[0];
    assert!(take(assigned, "id").starts_with("as_"));
    assert!(is_time(&take(assigned, "assignedAt")));
    take(assigned, "assignedBy");
    let expected = json!([{
        "id": null,
        "agentId": given.agent,
        "agentName": "Ada",
        "agentStatus": "active",
        "enabled": true,
        "config": {},
        "priority": 1,
        "assignedAt": null,
        "assignedBy": null,
    }]);
    assert_eq!(agents, expected);
    let stop = format!("/v1/agents/{}/stop", given.agent);
    given.admin.post(&stop, json!({})).await.data(200);
    assert_eq!(given.assignments().await[0]["agentStatus"], "inactive");
}

#[tokio::test]
async fn skills_of_an_agent_are_listed() {
    let given = Given::new().await;
    given.assign(json!({ "priority": 1 })).await;
    let path = format!("/api/skills/agent/{}", given.agent);
    let mut answer = given.admin.get(&path).await;
    let skill = &mut answer.body["skills"][0];
    assert!(take(skill, "assignmentId").starts_with("as_"));
    assert!(is_time(&take(skill, "assignedAt")));
    assert_eq!(
        answer.body,
        json!({
            "skills": [{
                "assignmentId": null,
                "skillId": given.skill,
                "name": "terraform",
                "slug": "terraform",
                "description": "Expert Terraform/OpenTofu...",
                "category": "engineering",
                "listingRef": null,
                "enabled": true,
                "config": {},
                "priority": 1,
                "assignedAt": null,
            }],
        })
    );
    let unknown = given.admin.get("/api/skills/agent/agent-123").await;
    assert_eq!(unknown.tenant_error(404), "Agent not found");
}

#[tokio::test]
async fn an_assignment_is_changed_field_by_field() {
    let given = Given::new().await;
    given
        .assign(json!({ "config": { "a": 1 }, "priority": 1 }))
        .await;
    let path = format!("/api/skills/{}/assignments/{}", given.skill, given.agent);
    let success = json!({ "success": true });
    let settings = async || {
        let agents = given.assignments().await;
        ["enabled", "config", "priority"].map(|field| agents[0][field].clone())
    };
    for (change, expected) in [
        (json!({}), [json!(true), json!({ "a": 1 }), json!(1)]),
        (
            json!({ "enabled": false }),
            [json!(false), json!({ "a": 1 }), json!(1)],
        ),
        (
            json!({ "config": { "customSetting": "value" }, "enabled": null }),
            [json!(false), json!({ "customSetting": "value" }), json!(1)],
        ),
        (
            json!({ "enabled": true, "priority": -2 }),
            [json!(true), json!({ "customSetting": "value" }), json!(-2)],
        ),
    ] {
        let answer = given.admin.patch(&path, change.clone()).await;
        assert_eq!((answer.status, answer.body), (200, success.clone()));
        assert_eq!(settings().await, expected, "{change}");
    }
    for wrong in [
        json!({ "enabled": "no" }),
        json!({ "config": [] }),
        json!({ "priority": 5_000_000_000_i64 }),
    ] {
        given.admin.patch(&path, wrong).await.tenant_error(422);
    }
    let deep = format!("{}1{}", "{\"a\":".repeat(80), "}".repeat(80));
    let deep: Value = serde_json::from_str(&deep).unwrap();
    let refused = given.admin.patch(&path, json!({ "config": deep })).await;
    assert!(refused.tenant_error(400).starts_with("config: must not be"));
    for (path, text) in [
        (
            format!("/api/skills/nothing/assignments/{}", given.agent),
            "Skill not found",
        ),
        (
            format!("/api/skills/{}/assignments/nobody", given.skill),
            "Agent not found",
        ),
    ] {
        let refused = given.admin.patch(&path, json!({ "enabled": true })).await;
        assert_eq!(refused.tenant_error(404), text);
    }
}

#[tokio::test]
async fn a_skill_that_is_disabled_is_not_offered_until_it_is_enabled() {
    let text = json!({ "parts": [{ "type": "text", "text": "Done." }] });
    let app = TestApp::with_script(json!({ "turns": [text, text, text] })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = signing_key(1);
    admin.equip(&agent, &signed("echo", &key).await, &key).await;
    let path = format!("/api/skills/echo/assignments/{agent}");
    for (number, enabled) in [true, false, true].into_iter().enumerate() {
        let change = json!({ "enabled": enabled });
        assert_eq!(admin.patch(&path, change).await.status, 200);
        admin.chat(&agent, "Hello?").await.until("done").await;
        let requests = app.script.requests();
        let mut offered = requests[number].tools.iter();
        let is_offered = offered.any(|tool| tool.name == "echo__echo");
        assert_eq!(is_offered, enabled, "request {number}");
    }
}

#[tokio::test]
async fn unassigning_removes_the_skill_everywhere() {
    let given = Given::new().await;
    given.assign(json!({})).await;
    let path = format!("/api/skills/{}/unassign/{}", given.skill, given.agent);
    let answer = given.admin.delete(&path).await;
    assert_eq!(
        (answer.status, answer.body),
        (200, json!({ "success": true }))
    );
    assert_eq!(given.assignments().await, json!([]));
    let skills = format!("/v1/agents/{}/skills", given.agent);
    assert_eq!(given.admin.get(&skills).await.data(200), json!([]));
    let again = given.admin.delete(&path).await;
    assert_eq!(again.tenant_error(404), "Skill not found");
    let nobody = format!("/api/skills/{}/unassign/agent-123", given.skill);
    let nobody = given.admin.delete(&nobody).await;
    assert_eq!(nobody.tenant_error(404), "Agent not found");
}

#[tokio::test]
async fn another_accounts_skill_and_agent_are_not_there() {
    let given = Given::new().await;
    let stranger = given.app.stranger(&["admin"]).await;
    let listed = stranger.get("/api/skills").await.body;
    assert_eq!(listed, json!({ "skills": [], "total": 0 }));
    for path in [
        format!("/api/skills/{}", given.skill),
        "/api/skills/terraform/agents".to_owned(),
    ] {
        assert_eq!(
            stranger.get(&path).await.tenant_error(404),
            "Skill not found"
        );
    }
    let own = publish(&stranger, "own", None).await;
    let assign = format!("/api/skills/{own}/assign");
    let refused = stranger
        .post(&assign, json!({ "agentId": given.agent }))
        .await;
    assert_eq!(refused.tenant_error(404), "Agent not found");
}

#[tokio::test]
async fn the_story_is_the_same_on_postgresql() {
    let setup = skillgate_tests::app::Setup {
        database: Some(postgres::database().await),
        ..Default::default()
    };
    let app = TestApp::start(setup).await;
    let admin = app.admin().await;
    let skill = publish(&admin, "terraform", Some("engineering")).await;
    let agent = admin.agent().await;
    let assign = json!({ "agentId": agent, "config": { "a": 1 }, "priority": 3 });
    let path = format!("/api/skills/{skill}/assign");
    assert_eq!(admin.post(&path, assign).await.status, 201);
    let path = format!("/api/skills/terraform/assignments/{agent}");
    let change = json!({ "enabled": false, "priority": 4 });
    assert_eq!(admin.patch(&path, change).await.status, 200);
    let agents = admin.get(&format!("/api/skills/{skill}/agents")).await.body;
    let assigned = &agents["agents"][0];
    assert_eq!(
        ["enabled", "config", "priority"].map(|field| &assigned[field]),
        [&json!(false), &json!({ "a": 1 }), &json!(4)]
    );
    let listed = admin
        .get("/api/skills?category=engineering&limit=1")
        .await
        .body;
    assert_eq!(
        (
            &listed["total"],
            &listed["skills"][0]["assignedAgentsCount"]
        ),
        (&json!(1), &json!(1))
    );
    let categories = admin.get("/api/skills/categories").await.body;
    assert_eq!(categories, json!({ "categories": ["engineering"] }));
    let of_agent = admin.get(&format!("/api/skills/agent/{agent}")).await.body;
    assert_eq!(of_agent["skills"][0]["enabled"], false);
}
