-- The domain model. One text for SQLite and PostgreSQL: BLOB is read as BYTEA on PostgreSQL.
-- Ids are UUID v7 text, times microseconds since 1970 in UTC, JSON is text.

-- Facts about the database itself: which master key it was made with, who was first.
CREATE TABLE store_fact (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    data_key BLOB NOT NULL, -- encrypts the account's secrets; itself sealed by the key of the host
    plan TEXT NOT NULL, -- the plan's name, in the operator's words
    max_agents BIGINT, -- the host's own limit when absent; the same for the next one
    max_skills_per_agent BIGINT,
    allows_swarms BOOLEAN NOT NULL,
    model_tiers TEXT NOT NULL, -- JSON: models by tier
    created_at BIGINT NOT NULL
);

CREATE TABLE api_key (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    prefix TEXT NOT NULL,
    digest BLOB NOT NULL,
    label TEXT NOT NULL,
    scopes TEXT NOT NULL,
    is_operator BOOLEAN NOT NULL, -- whether it also sees what belongs to the server and to every account
    rate_limit BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_key_prefix ON api_key (prefix);
CREATE INDEX api_key_account ON api_key (account_id);

-- A log-in of the console. It ends with its API key.
CREATE TABLE console_session (
    digest BLOB NOT NULL PRIMARY KEY, -- HMAC of what the cookie holds
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    api_key_id TEXT NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX console_session_api_key ON console_session (api_key_id, created_at);
CREATE INDEX console_session_account ON console_session (account_id);

-- What a request with an Idempotency-Key was answered, for a day.
CREATE TABLE idempotency_key (
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    digest BLOB NOT NULL, -- HMAC of the caller and the key
    fingerprint BLOB NOT NULL, -- HMAC of the path and the body
    claim TEXT NOT NULL, -- the request that works on it, or did
    claimed_until BIGINT NOT NULL,
    status BIGINT, -- absent until it was answered
    answer BLOB NOT NULL, -- sealed by the account's data key; empty until it was answered
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, digest)
);
CREATE INDEX idempotency_key_age ON idempotency_key (account_id, expires_at);
CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_at);

CREATE TABLE publisher_key (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    key_id TEXT NOT NULL, -- SHA-256 of the public key, hexadecimal
    public_key BLOB NOT NULL,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    -- Once in an account, not once in all: what one account registers must not shut out another.
    UNIQUE (account_id, key_id)
);

-- A nonce that was given out for the registration of a publisher's key. Used ones are deleted.
CREATE TABLE publisher_key_challenge (
    digest BLOB NOT NULL PRIMARY KEY, -- SHA-256 of the nonce
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    audience TEXT NOT NULL, -- the server's public address when it was given out
    expires_at BIGINT NOT NULL
);
CREATE INDEX publisher_key_challenge_account ON publisher_key_challenge (account_id, expires_at);

-- Agents that share knowledge, and credentials of model providers.
CREATE TABLE swarm (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    slug TEXT NOT NULL, -- made from the first name, and kept when the name changes
    description TEXT,
    icon TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (account_id, slug)
);

CREATE TABLE agent (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    swarm_id TEXT REFERENCES swarm (id) ON DELETE SET NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    region TEXT NOT NULL,
    image TEXT NOT NULL,
    avatar_url TEXT,
    config TEXT NOT NULL,
    soul_md TEXT NOT NULL,
    soul_md_sha256 TEXT NOT NULL, -- hexadecimal: what a change is expected to replace
    soul_md_updated_at BIGINT NOT NULL,
    workflow_md TEXT NOT NULL,
    needs_restart BOOLEAN NOT NULL,
    last_error TEXT,
    error_category TEXT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    stopped_at BIGINT
);
CREATE INDEX agent_account ON agent (account_id, created_at);
CREATE INDEX agent_swarm ON agent (swarm_id, created_at);

-- What an agent's SOUL.md was before. The newest are kept.
CREATE TABLE personality_version (
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    number BIGINT NOT NULL, -- from 1, never given twice
    soul_md TEXT NOT NULL,
    soul_md_sha256 TEXT NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (agent_id, number)
);

-- A procedure that an agent reads when it needs it.
CREATE TABLE agent_rule (
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (agent_id, name)
);

-- A secret of an agent, a swarm or an installation. There is no foreign key to the owner: the verb that deletes an owner
-- deletes its secrets in the same transaction.
CREATE TABLE secret (
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    sealed BLOB NOT NULL, -- bound to account, owner, name and version
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (owner_kind, owner_id, name)
);

CREATE TABLE session (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    peer TEXT NOT NULL,
    name TEXT,
    channel TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    started_at BIGINT NOT NULL
);
CREATE INDEX session_agent ON session (agent_id, started_at);
CREATE UNIQUE INDEX session_default ON session (agent_id, peer) WHERE is_default;

CREATE TABLE run (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    request TEXT NOT NULL,
    stop_reason TEXT,
    error_code TEXT,
    error_message TEXT,
    owner TEXT, -- which host works on it, and until when: for several hosts on one database
    lease_until BIGINT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX run_agent ON run (agent_id, created_at);
CREATE INDEX run_session ON run (session_id);
CREATE INDEX run_unfinished ON run (created_at) WHERE ended_at IS NULL;

CREATE TABLE step (
    run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (run_id, seq)
);

CREATE TABLE message (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    run_id TEXT REFERENCES run (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    parts TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX message_agent ON message (agent_id, created_at);
CREATE INDEX message_session ON message (session_id, created_at);
CREATE INDEX message_run ON message (run_id);

CREATE TABLE skill (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    access TEXT NOT NULL,
    author TEXT,
    category TEXT,
    tags TEXT NOT NULL,
    latest_version TEXT, -- absent for a draft, which has no published version yet
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX skill_name ON skill (name);
-- The name of a deleted skill is free again, also while agents still have it.
CREATE UNIQUE INDEX skill_active_name ON skill (account_id, name) WHERE status = 'active';

CREATE TABLE skill_version (
    id TEXT NOT NULL PRIMARY KEY,
    skill_id TEXT NOT NULL REFERENCES skill (id) ON DELETE CASCADE,
    number BIGINT NOT NULL, -- from 1 in each skill, in the order of publishing
    version TEXT NOT NULL, -- semantic version
    digest TEXT NOT NULL,
    size BIGINT NOT NULL,
    manifest TEXT NOT NULL,
    tools TEXT NOT NULL,
    tool_names TEXT NOT NULL, -- what lists show of the tools, which may have 256 KiB
    permissions TEXT NOT NULL,
    publisher_key_id TEXT,
    trust_level TEXT NOT NULL,
    published_by TEXT NOT NULL,
    yanked BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (skill_id, number),
    UNIQUE (skill_id, version)
);

-- Beside skill_version, so that reading a version does not read megabytes.
CREATE TABLE skill_package (
    version_id TEXT NOT NULL PRIMARY KEY REFERENCES skill_version (id) ON DELETE CASCADE,
    bytes BLOB NOT NULL
);

-- A skill in an account's pool, and how it came there.
CREATE TABLE installation (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    skill_id TEXT NOT NULL REFERENCES skill (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    shared BOOLEAN NOT NULL,
    locked BOOLEAN NOT NULL,
    alias TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, skill_id)
);
CREATE INDEX installation_alias ON installation (account_id, alias);

-- A version of a skill on an agent.
CREATE TABLE assignment (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    skill_id TEXT NOT NULL REFERENCES skill (id) ON DELETE CASCADE,
    version_id TEXT NOT NULL REFERENCES skill_version (id) ON DELETE CASCADE,
    trust_level TEXT NOT NULL,
    is_enabled BOOLEAN NOT NULL,
    config TEXT NOT NULL,
    priority BIGINT NOT NULL,
    installed_by TEXT NOT NULL,
    installed_at BIGINT NOT NULL,
    UNIQUE (agent_id, skill_id)
);
CREATE INDEX assignment_skill ON assignment (skill_id);

-- What an account lets a skill of a publisher do: on one agent, or on all (agent_id absent).
CREATE TABLE permission_grant (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    agent_id TEXT REFERENCES agent (id) ON DELETE CASCADE,
    skill_id TEXT NOT NULL REFERENCES skill (id) ON DELETE CASCADE,
    publisher_key_id TEXT,
    permissions TEXT NOT NULL,
    mode TEXT NOT NULL, -- allow, or ask: each call of a tool that is not read-only waits for a task
    granted_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX permission_grant_skill ON permission_grant (account_id, skill_id);
CREATE INDEX permission_grant_agent ON permission_grant (agent_id);

-- What waits for a decision of the account. A pending task is expired from expires_at on: nothing has to change the row.
CREATE TABLE task (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    agent_id TEXT REFERENCES agent (id) ON DELETE CASCADE,
    run_id TEXT REFERENCES run (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    idempotency_key TEXT NOT NULL, -- what is asked for: one pending task for each
    subject TEXT NOT NULL,
    reason TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_at BIGINT,
    decided_by TEXT,
    decision_reason TEXT
);
CREATE INDEX task_account ON task (account_id, created_at);
CREATE INDEX task_agent ON task (agent_id);
CREATE INDEX task_run ON task (run_id);
CREATE INDEX task_key ON task (account_id, kind, idempotency_key);
CREATE UNIQUE INDEX task_pending ON task (account_id, kind, idempotency_key) WHERE status = 'pending';

CREATE TABLE agent_log (
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    level TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (agent_id, seq)
);

-- The last number given to a line of an agent's log.
CREATE TABLE agent_log_head (
    agent_id TEXT NOT NULL PRIMARY KEY REFERENCES agent (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL
);

-- Where knowledge lies: with an agent, or with a swarm.
CREATE TABLE knowledge_scope (
    number BIGINT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    agent_id TEXT UNIQUE REFERENCES agent (id) ON DELETE CASCADE,
    swarm_id TEXT UNIQUE REFERENCES swarm (id) ON DELETE CASCADE,
    entries BIGINT NOT NULL, -- how many there are, and their bytes
    bytes BIGINT NOT NULL,
    last_seq BIGINT NOT NULL CHECK (last_seq < 4294967296), -- the last number given to an entry; none is given twice
    revision BIGINT NOT NULL, -- raised when vectors are added or replaced
    deletions BIGINT NOT NULL -- raised when vectors are deleted or replaced
);
CREATE INDEX knowledge_scope_account ON knowledge_scope (account_id);

CREATE TABLE knowledge_entry (
    scope BIGINT NOT NULL REFERENCES knowledge_scope (number) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    source TEXT NOT NULL,
    type TEXT, -- `type` of the metadata
    metadata TEXT NOT NULL,
    size BIGINT NOT NULL, -- bytes of all that is kept of it
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (scope, seq)
);
CREATE INDEX knowledge_entry_order ON knowledge_entry (scope, id);
CREATE INDEX knowledge_entry_source ON knowledge_entry (scope, source, id);
CREATE INDEX knowledge_entry_account ON knowledge_entry (account_id);

-- Beside knowledge_entry, so that reading the vectors of a scope does not read its texts.
CREATE TABLE knowledge_vector (
    scope BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    embedder TEXT NOT NULL, -- the name of what made the vector
    revision BIGINT NOT NULL, -- the scope's when it was made
    vector BLOB NOT NULL,
    PRIMARY KEY (scope, seq),
    FOREIGN KEY (scope, seq) REFERENCES knowledge_entry (scope, seq) ON DELETE CASCADE
);
CREATE INDEX knowledge_vector_revision ON knowledge_vector (scope, revision, seq);
CREATE INDEX knowledge_vector_embedder ON knowledge_vector (embedder);

-- What runs used, added up by day. It names agents without a reference to them: usage stays when an agent is deleted.
CREATE TABLE usage_day (
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    day TEXT NOT NULL, -- 2026-01-31, in UTC
    agent_id TEXT NOT NULL,
    kind TEXT NOT NULL, -- run, model or skill
    subject TEXT NOT NULL, -- the model as provider/model, or the skill's name; empty for runs
    runs BIGINT NOT NULL,
    model_calls BIGINT NOT NULL,
    unpriced_calls BIGINT NOT NULL, -- of models without a known price: the cost of the row is then not known
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost_nanos BIGINT NOT NULL, -- billionths of a US dollar
    tool_calls BIGINT NOT NULL,
    sandbox_micros BIGINT NOT NULL,
    egress_bytes BIGINT NOT NULL,
    PRIMARY KEY (account_id, day, agent_id, kind, subject)
);
