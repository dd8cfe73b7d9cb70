//! Every operation in one file: method, path, who may call it, handler, summary.

pub(crate) mod account;
pub(crate) mod agents;
pub(crate) mod api_keys;
pub(crate) mod assignments;
pub(crate) mod auth;
pub(crate) mod chat;
pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod knowledge;
pub(crate) mod llms;
pub(crate) mod logs;
pub(crate) mod openapi;
pub(crate) mod permission_grants;
pub(crate) mod personality;
pub(crate) mod publisher_keys;
pub(crate) mod rules;
pub(crate) mod runs;
pub(crate) mod skills;
pub(crate) mod swarms;
pub(crate) mod tasks;
pub(crate) mod tenant_skills;
pub(crate) mod usage;
pub(crate) mod workflow;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Router, http};
use tower_http::catch_panic::CatchPanicLayer;

use crate::envelope::{Envelope, Envelopes};
use crate::extract::JSON_LIMIT;
use crate::middleware::authenticate::authenticate;
use crate::middleware::panic::answer_panic;
use crate::middleware::render::render;
use crate::middleware::request_id::request_id;
use crate::surface::Access::{AnyKey, Public, Scoped};
use crate::surface::{Operation, Surface, llms_full_text, llms_text, openapi_document};
use crate::{ApiError, App};
use skillgate_service::Scope::{
    Admin, AgentsRead, AgentsWrite, Chat, KnowledgeRead, KnowledgeWrite, Logs, SkillsRead,
    SkillsWrite, SwarmsRead, SwarmsWrite,
};

/// Lists the operations of the control plane.
fn v1() -> Surface {
    Surface::new("/v1", Envelope::ControlPlane)
        .tag("agents")
        .get(
            "/agents",
            Scoped(AgentsRead),
            agents::list,
            "List agents, newest first",
        )
        .post(
            "/agents",
            Scoped(AgentsWrite),
            agents::create,
            "Make an agent and start it",
        )
        .example(r#"{"name": "Ada", "config": {"llmProvider": "demo"}}"#)
        .get(
            "/agents/{id}",
            Scoped(AgentsRead),
            agents::get,
            "Get an agent",
        )
        .etag()
        .patch(
            "/agents/{id}",
            Scoped(AgentsWrite),
            agents::update,
            "Change an agent; `config` is merged",
        )
        .example(r#"{"name": "Ada", "config": {"systemPrompt": "Be brief."}}"#)
        .if_match()
        .delete(
            "/agents/{id}",
            Scoped(AgentsWrite),
            agents::delete,
            "Delete an agent with its data and secrets",
        )
        .if_match()
        .post(
            "/agents/{id}/start",
            Scoped(AgentsWrite),
            agents::start,
            "Start an agent",
        )
        .post(
            "/agents/{id}/stop",
            Scoped(AgentsWrite),
            agents::stop,
            "Stop an agent",
        )
        .post(
            "/agents/{id}/restart",
            Scoped(AgentsWrite),
            agents::restart,
            "Stop an agent and start it again",
        )
        .get(
            "/agents/{id}/status",
            Scoped(AgentsRead),
            agents::status,
            "Say what an agent does now, and what its sandboxes use",
        )
        .patch(
            "/agents/{id}/secrets",
            Scoped(AgentsWrite),
            agents::secrets,
            "Set and delete secrets of an agent",
        )
        .example(r#"{"secrets": {"GITHUB_TOKEN": "ghp_example"}}"#)
        .tag("instructions of agents")
        .get(
            "/agents/{id}/personality",
            Scoped(AgentsRead),
            personality::get,
            "Read SOUL.md and IDENTITY.md of an agent",
        )
        .etag()
        .put(
            "/agents/{id}/personality",
            Scoped(AgentsWrite),
            personality::set,
            "Replace SOUL.md of an agent",
        )
        .example(r#"{"soulMd": "You are patient and precise."}"#)
        .if_match()
        .get(
            "/agents/{id}/personality/versions",
            Scoped(AgentsRead),
            personality::versions,
            "List the earlier versions of SOUL.md, newest first",
        )
        .get(
            "/agents/{id}/personality/versions/{n}",
            Scoped(AgentsRead),
            personality::version,
            "Read an earlier version of SOUL.md",
        )
        .get(
            "/agents/{id}/workflow",
            Scoped(AgentsRead),
            workflow::get,
            "Read WORKFLOW.md of an agent that runs, with the names of its rules",
        )
        .etag()
        .put(
            "/agents/{id}/workflow",
            Scoped(AgentsWrite),
            workflow::set,
            "Replace WORKFLOW.md of an agent that runs",
        )
        .example(r#"{"workflowMd": "Ask before you send anything."}"#)
        .if_match()
        .get(
            "/agents/{id}/rules",
            Scoped(AgentsRead),
            rules::list,
            "List the rules of an agent by name",
        )
        .get(
            "/agents/{id}/rules/{name}",
            Scoped(AgentsRead),
            rules::get,
            "Read a rule of an agent",
        )
        .etag()
        .put(
            "/agents/{id}/rules/{name}",
            Scoped(AgentsWrite),
            rules::put,
            "Make or replace a rule of an agent",
        )
        .example(r#"{"content": "Answer in two sentences."}"#)
        .if_match()
        .delete(
            "/agents/{id}/rules/{name}",
            Scoped(AgentsWrite),
            rules::delete,
            "Delete a rule of an agent",
        )
        .if_match()
        .tag("chat")
        .get(
            "/agents/{id}/chat/messages",
            Scoped(Chat),
            chat::history,
            "List what was said, oldest first",
        )
        .post(
            "/agents/{id}/chat/messages",
            Scoped(Chat),
            chat::send,
            "Send a message; the answer is a stream of events",
        )
        .example(r#"{"message": "Hello."}"#)
        .get(
            "/agents/{id}/chat/sessions",
            Scoped(Chat),
            chat::sessions,
            "List sessions, newest first",
        )
        .post(
            "/agents/{id}/chat/sessions",
            Scoped(Chat),
            chat::open,
            "Open a session, which starts without context",
        )
        .example(r#"{"peerId": "customer-17"}"#)
        .tag("logs")
        .get(
            "/agents/{id}/logs",
            Scoped(Logs),
            logs::tail,
            "Read the last log lines of an agent",
        )
        .get(
            "/agents/{id}/logs/stream",
            Scoped(Logs),
            logs::stream,
            "Follow the log of an agent",
        )
        .tag("skills of agents")
        .get(
            "/agents/{id}/skills",
            Scoped(SkillsRead),
            assignments::list,
            "List the skills of an agent",
        )
        .post(
            "/agents/{id}/skills",
            Scoped(SkillsWrite),
            assignments::install,
            "Install a skill on an agent",
        )
        .example(r#"{"skillId": "calculator", "trustLevel": "clawhub"}"#)
        .delete(
            "/agents/{id}/skills/{skillId}",
            Scoped(SkillsWrite),
            assignments::uninstall,
            "Remove a skill from an agent",
        )
        .tag("permission grants")
        .get(
            "/permission-grants",
            Scoped(SkillsRead),
            permission_grants::list,
            "List what skills may do, newest first",
        )
        .patch(
            "/permission-grants/{id}",
            Scoped(SkillsWrite),
            permission_grants::change,
            "Narrow a permission grant, or set its end or mode",
        )
        .example(r#"{"mode": "ask"}"#)
        .delete(
            "/permission-grants/{id}",
            Scoped(SkillsWrite),
            permission_grants::revoke,
            "Revoke a permission grant, for calls under way too",
        )
        .tag("tasks")
        .get(
            "/tasks",
            Scoped(AgentsRead),
            tasks::list,
            "List what waits for a decision, or waited, newest first",
        )
        .get("/tasks/{id}", Scoped(AgentsRead), tasks::get, "Get a task")
        .post(
            "/tasks/{id}/approve",
            Scoped(AgentsWrite),
            tasks::approve,
            "Approve a task and do what it stands for",
        )
        .example(r#"{"reason": "Looked at it."}"#)
        .post(
            "/tasks/{id}/deny",
            Scoped(AgentsWrite),
            tasks::deny,
            "Deny a task",
        )
        .example(r#"{"reason": "Not today."}"#)
        .tag("skills")
        .get(
            "/skills",
            Scoped(SkillsRead),
            skills::list,
            "List and search the skills that the account can install",
        )
        .post(
            "/skills",
            Scoped(SkillsWrite),
            skills::publish,
            "Publish a signed package, or a SKILL.md for the account itself",
        )
        .example(r#"{"skillMd": "---\nname: calculator\ndescription: Calculates.\n---\nWork with exact numbers.\n"}"#)
        .body_limit(skills::MAX_BODY)
        .get(
            "/skills/{id}",
            Scoped(SkillsRead),
            skills::get,
            "Get a skill",
        )
        .etag()
        .put(
            "/skills/{id}",
            Scoped(SkillsWrite),
            skills::replace,
            "Replace the content of a skill",
        )
        .example(r#"{"skillMd": "---\nname: calculator\ndescription: Calculates.\n---\nWork with exact numbers.\n"}"#)
        .body_limit(skills::MAX_BODY)
        .if_match()
        .delete(
            "/skills/{id}",
            Scoped(SkillsWrite),
            skills::delete,
            "Delete a skill; agents that have it keep their version",
        )
        .if_match()
        .tag("knowledge")
        .post(
            "/knowledge/ingest",
            Scoped(KnowledgeWrite),
            knowledge::ingest,
            "Store chunks of text in the knowledge of an agent or a swarm",
        )
        .names_thing()
        .example(r#"{"agentId": "$AGENT_ID", "chunks": [{"text": "Refunds are paid within 14 days.", "source": "faq.md", "metadata": {"type": "faq"}}]}"#)
        .body_limit(knowledge::MAX_BODY)
        .get(
            "/knowledge",
            Scoped(KnowledgeRead),
            knowledge::list,
            "List entries of knowledge, oldest first",
        )
        .names_thing()
        .example_query("agentId=$AGENT_ID&limit=20")
        .delete(
            "/knowledge",
            Scoped(KnowledgeWrite),
            knowledge::delete,
            "Delete an entry of knowledge, those of a source, or all",
        )
        .names_thing()
        .example_query("agentId=$AGENT_ID&source=faq.md")
        .post(
            "/knowledge/search",
            Scoped(KnowledgeRead),
            knowledge::search,
            "Search knowledge by words and by what it is about",
        )
        .names_thing()
        .example(r#"{"agentId": "$AGENT_ID", "query": "When are refunds paid?", "limit": 5}"#)
        .tag("publisher keys")
        .get(
            "/publisher-keys",
            Scoped(SkillsRead),
            publisher_keys::list,
            "List publisher keys",
        )
        .post(
            "/publisher-keys",
            Scoped(SkillsWrite),
            publisher_keys::add,
            "Register a publisher key with a proof of possession",
        )
        .example(r#"$PROOF"#)
        .post(
            "/publisher-keys/challenge",
            Scoped(SkillsWrite),
            publisher_keys::challenge,
            "Get a nonce for a proof of possession",
        )
        .without_idempotency_key()
        .delete(
            "/publisher-keys/{id}",
            Scoped(SkillsWrite),
            publisher_keys::revoke,
            "Revoke a publisher key",
        )
        .tag("API keys")
        .get(
            "/api-keys",
            Scoped(Admin),
            api_keys::list,
            "List API keys, newest first",
        )
        .post(
            "/api-keys",
            Scoped(Admin),
            api_keys::create,
            "Make an API key, which is shown this once",
        )
        .example(r#"{"label": "Support", "scopes": ["chat"]}"#)
        .without_idempotency_key()
        .delete(
            "/api-keys/{id}",
            Scoped(Admin),
            api_keys::revoke,
            "Revoke an API key",
        )
        .tag("authentication")
        .post(
            "/auth/token",
            AnyKey,
            auth::issue_token,
            "Issue an access token that is narrower than its API key and ends with it",
        )
        .example(r#"{"scopes": ["chat"], "ttl": 300}"#)
        .without_idempotency_key()
        .post(
            "/auth/session",
            AnyKey,
            auth::log_in,
            "Log in to the console: open a session, which is kept in a cookie",
        )
        .without_idempotency_key()
        .get(
            "/auth/session",
            AnyKey,
            auth::get_session,
            "Get who is calling, and what a session's calls that write have to carry",
        )
        .delete(
            "/auth/session",
            AnyKey,
            auth::log_out,
            "Log out: end the session of the cookie",
        )
        .needs_session()
        .tag("runs")
        .get(
            "/agents/{id}/runs",
            Scoped(Chat),
            runs::list,
            "List the runs of an agent, newest first",
        )
        .get(
            "/runs/{id}",
            Scoped(Chat),
            runs::get,
            "Get a run, step by step",
        )
        .get(
            "/runs/{id}/events",
            Scoped(Chat),
            runs::events,
            "Follow the events of a run, from its beginning or behind one of them",
        )
        .post(
            "/runs/{id}/cancel",
            Scoped(Chat),
            runs::cancel,
            "End a run; what it said is kept",
        )
        .get(
            "/runs/{id}/receipts",
            Scoped(Logs),
            runs::receipts,
            "List the receipts of a run",
        )
        .tag("account")
        .get(
            "/account",
            AnyKey,
            account::get,
            "Get the account, its limits and its usage",
        )
        .put(
            "/account/model-tiers",
            Scoped(Admin),
            account::set_model_tiers,
            "Replace the models of the tiers `low`, `medium` and `high`",
        )
        .example(r#"{"low": ["anthropic/claude-haiku-4-5"]}"#)
        .get(
            "/usage",
            Scoped(AgentsRead),
            usage::get,
            "Report what the account used, by agent, model, skill or day",
        )
        .tag("swarms")
        .get(
            "/swarms",
            Scoped(SwarmsRead),
            swarms::list,
            "List swarms, newest first",
        )
        .post(
            "/swarms",
            Scoped(SwarmsWrite),
            swarms::create,
            "Make a swarm",
        )
        .example(r#"{"name": "Sales", "description": "Answers customers."}"#)
        .get(
            "/swarms/{id}",
            Scoped(SwarmsRead),
            swarms::get,
            "Get a swarm with its agents",
        )
        .etag()
        .patch(
            "/swarms/{id}",
            Scoped(SwarmsWrite),
            swarms::update,
            "Change name, description or icon of a swarm",
        )
        .example(r#"{"description": "Answers customers and partners."}"#)
        .if_match()
        .delete(
            "/swarms/{id}",
            Scoped(SwarmsWrite),
            swarms::delete,
            "Delete a swarm with its credentials and its knowledge; its agents stay",
        )
        .if_match()
        .patch(
            "/swarms/{id}/secrets",
            Scoped(SwarmsWrite),
            swarms::secrets,
            "Set and delete the provider credentials that a swarm's agents fall back to",
        )
        .example(r#"{"secrets": {"anthropicApiKey": "sk-ant-example"}}"#)
}

/// Lists the operations on an account's skills and their assignments to agents.
fn tenant() -> Surface {
    Surface::new("/api/skills", Envelope::Tenant)
        .tag("tenant skills")
        .get(
            "",
            Scoped(SkillsRead),
            tenant_skills::list,
            "List the skills of the account",
        )
        .get(
            "/categories",
            Scoped(SkillsRead),
            tenant_skills::categories,
            "List the categories of the account's skills",
        )
        .get(
            "/agent/{agentId}",
            Scoped(SkillsRead),
            tenant_skills::of_agent,
            "List the skills of an agent",
        )
        .get(
            "/{id}",
            Scoped(SkillsRead),
            tenant_skills::get,
            "Get a skill with the agents that it is assigned to",
        )
        .get(
            "/{id}/agents",
            Scoped(SkillsRead),
            tenant_skills::agents,
            "List the agents that a skill is assigned to",
        )
        .post(
            "/{id}/assign",
            Scoped(SkillsWrite),
            tenant_skills::assign,
            "Assign a skill to an agent",
        )
        .example(r#"{"agentId": "$AGENT_ID", "config": {}, "priority": 1}"#)
        .delete(
            "/{id}/unassign/{agentId}",
            Scoped(SkillsWrite),
            tenant_skills::unassign,
            "Remove a skill from an agent",
        )
        .patch(
            "/{id}/assignments/{agentId}",
            Scoped(SkillsWrite),
            tenant_skills::update,
            "Enable, disable or configure an assignment",
        )
        .example(r#"{"enabled": false, "priority": 2}"#)
}

/// Lists the operations on skills that are written here, and on the account's pool.
fn authoring() -> Surface {
    Surface::new("/skills", Envelope::Authoring)
}

/// Lists the operations of operators.
fn admin() -> Surface {
    Surface::new("/admin", Envelope::Authoring)
}

/// Lists the operations on skills that others share.
fn marketplace() -> Surface {
    Surface::new("/marketplace", Envelope::Authoring)
}

/// Lists the operations that tell whether the server works, and what it serves.
fn meta() -> Surface {
    Surface::new("", Envelope::ControlPlane)
        .tag("server")
        .get(
            "/healthz",
            Public,
            health::live,
            "Say that the process answers",
        )
        .get(
            "/readyz",
            Public,
            health::ready,
            "Say whether the server is ready for requests",
        )
        .get(
            "/.well-known/jwks.json",
            Public,
            auth::public_keys,
            "List the public keys that access tokens are signed with",
        )
        .get(
            "/openapi.json",
            Public,
            openapi::get,
            "Describe every operation, as OpenAPI 3.1",
        )
        .get(
            "/docs",
            Public,
            docs::page,
            "Show every operation on a page, and try them",
        )
        .get(
            "/docs/{file}",
            Public,
            docs::file,
            "Get a file that the page is made of",
        )
        .get(
            "/llms.txt",
            Public,
            llms::get,
            "List every operation in plain text, for language models",
        )
        .get(
            "/llms-full.txt",
            Public,
            llms::get_full,
            "Describe every operation in plain text, with an example of each",
        )
}

fn llms_text_of_all() -> String {
    llms_text(surfaces())
}

fn llms_full_text_of_all() -> String {
    llms_full_text(surfaces())
}

fn surfaces() -> [Surface; 6] {
    [v1(), tenant(), authoring(), admin(), marketplace(), meta()]
}

/// Lists every operation that is served.
pub fn operations() -> Vec<Operation> {
    let surfaces = surfaces().into_iter();
    surfaces.flat_map(Surface::into_operations).collect()
}

/// Describes every operation that is served, as an OpenAPI 3.1 document.
pub fn openapi_json() -> serde_json::Value {
    openapi_document(surfaces())
}

/// The whole service.
pub fn build(app: App) -> Router {
    let envelopes = Envelopes::new(surfaces().iter().map(Surface::envelope));
    let routers = surfaces()
        .into_iter()
        .map(|surface| surface.into_router(&app));
    routers
        .fold(Router::new(), Router::merge)
        .fallback(async |uri: http::Uri| ApiError::no_route(uri.path()))
        .method_not_allowed_fallback(async |method: http::Method| ApiError::no_method(&method))
        // Outermost first, and as one layer: each call of `layer` would box every request once more.
        .layer((
            from_fn(request_id),
            from_fn_with_state(envelopes, render),
            from_fn_with_state(app.clone(), authenticate),
            CatchPanicLayer::custom(answer_panic),
            DefaultBodyLimit::max(JSON_LIMIT),
        ))
        .with_state(app)
}
