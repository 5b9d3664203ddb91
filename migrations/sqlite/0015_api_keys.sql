-- API keys of tenants, and the first answers to requests that carry an Idempotency-Key.

CREATE TABLE api_keys (
    tenant_id    BLOB NOT NULL,
    id           BLOB NOT NULL,
    name         TEXT NOT NULL,
    hash         BLOB NOT NULL,
    prefix       TEXT NOT NULL,
    -- A JSON list of words.
    permissions  TEXT NOT NULL,
    -- As `users.admin_scope`.
    scope        TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

-- `hash` is of the caller and the key. Without an answer the request is on its way: whoever holds `claim`, until the lease
-- ends. The operator's are under the nil tenant.
CREATE TABLE idempotency_keys (
    tenant_id    BLOB NOT NULL,
    hash         BLOB NOT NULL,
    fingerprint  BLOB NOT NULL,
    claim        BLOB NOT NULL,
    leased_until INTEGER NOT NULL,
    answer       TEXT,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hash)
) STRICT;
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
