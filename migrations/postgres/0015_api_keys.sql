-- API keys of tenants, and the first answers to requests that carry an Idempotency-Key.

CREATE TABLE api_keys (
    tenant_id    UUID NOT NULL,
    id           UUID NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    hash         BYTEA NOT NULL,
    prefix       TEXT COLLATE "C" NOT NULL,
    -- A JSON list of words.
    permissions  TEXT COLLATE "C" NOT NULL,
    -- As `users.admin_scope`.
    scope        TEXT COLLATE "C" NOT NULL,
    created_by   TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

-- `hash` is of the caller and the key. Without an answer the request is on its way: whoever holds `claim`, until the lease
-- ends. The operator's are under the nil tenant.
CREATE TABLE idempotency_keys (
    tenant_id    UUID NOT NULL,
    hash         BYTEA NOT NULL,
    fingerprint  BYTEA NOT NULL,
    claim        UUID NOT NULL,
    leased_until BIGINT NOT NULL,
    answer       TEXT COLLATE "C",
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
