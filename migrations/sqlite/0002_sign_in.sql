-- Sign-in by single sign-on, sessions, entities, grants with their source, access errors, invitations and mail.

ALTER TABLE tenants ADD COLUMN suspended_at INTEGER;

ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'employee';
ALTER TABLE users ADD COLUMN source TEXT NOT NULL DEFAULT 'scim';
-- The directory has spoken of this person, as it has not of one who was made at a first login.
ALTER TABLE users ADD COLUMN provisioned INTEGER NOT NULL DEFAULT 1;
-- Invited, and the invitation not accepted yet.
ALTER TABLE users ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN entity_id BLOB;
ALTER TABLE users ADD COLUMN access_from INTEGER;
ALTER TABLE users ADD COLUMN access_until INTEGER;
ALTER TABLE users ADD COLUMN contact_tags TEXT NOT NULL DEFAULT '[]';
CREATE INDEX users_entity ON users (tenant_id, entity_id, id) WHERE entity_id IS NOT NULL;

CREATE TABLE entities (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    parent_id  BLOB,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX entities_name ON entities (tenant_id, coalesce(parent_id, x'00'), name_key);

-- `ended_at` stays behind, so that who had what on a day can be told.
CREATE TABLE grants (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    user_id    BLOB NOT NULL,
    kind       TEXT NOT NULL,
    value      TEXT NOT NULL,
    source     TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    ended_at   INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_user ON grants (tenant_id, user_id, id) WHERE ended_at IS NULL;
-- The tick has been a column alone until now: given by hand.
INSERT INTO grants (tenant_id, id, user_id, kind, value, source, granted_at)
    SELECT tenant_id, id, id, 'admin', admin_scope, 'manual', modified_at FROM users WHERE admin_scope IS NOT NULL;

CREATE TABLE connections (
    tenant_id     BLOB NOT NULL,
    id            BLOB NOT NULL,
    name          TEXT NOT NULL,
    name_key      TEXT NOT NULL,
    enabled       INTEGER NOT NULL,
    settings      TEXT NOT NULL,
    client_secret TEXT,
    revision      INTEGER NOT NULL,
    tested_at     INTEGER,
    created_at    INTEGER NOT NULL,
    modified_at   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX connections_name ON connections (tenant_id, name_key);

CREATE TABLE domains (
    tenant_id   BLOB NOT NULL,
    domain      TEXT NOT NULL,
    verified_at INTEGER,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, domain)
) STRICT, WITHOUT ROWID;
CREATE INDEX domains_domain ON domains (domain, tenant_id);

-- Who a provider's subject is. A row outlives its person: a subject that leads to somebody deleted is known to be so.
CREATE TABLE identities (
    tenant_id     BLOB NOT NULL,
    connection_id BLOB NOT NULL,
    issuer        TEXT NOT NULL,
    subject       TEXT NOT NULL,
    user_id       BLOB NOT NULL,
    created_at    INTEGER NOT NULL,
    last_login_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_user ON identities (tenant_id, user_id);

CREATE TABLE login_attempts (
    tenant_id     BLOB NOT NULL,
    state_hash    BLOB NOT NULL,
    browser_hash  BLOB NOT NULL,
    connection_id BLOB NOT NULL,
    purpose       TEXT NOT NULL,
    return_to     TEXT NOT NULL,
    expires_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, state_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX login_attempts_expiry ON login_attempts (expires_at);

-- What may be used once only, by its hash, until it would be refused for its age anyway.
CREATE TABLE consumed (
    tenant_id  BLOB NOT NULL,
    hash       BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX consumed_expiry ON consumed (expires_at);

CREATE TABLE sessions (
    tenant_id     BLOB NOT NULL,
    id            BLOB NOT NULL,
    hash          BLOB NOT NULL,
    user_id       BLOB NOT NULL,
    epoch         INTEGER NOT NULL,
    auth_method   TEXT NOT NULL,
    connection_id BLOB,
    issuer        TEXT,
    subject       TEXT,
    sid           TEXT,
    id_token      TEXT,
    created_at    INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_hash ON sessions (hash);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Numbers are given after the commit: a counter inside the writing transaction would make all writers wait for one.
ALTER TABLE audit ADD COLUMN seq INTEGER;
CREATE UNIQUE INDEX audit_seq ON audit (tenant_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_unnumbered ON audit (tenant_id, seq, id) WHERE seq IS NULL;
CREATE TABLE audit_heads (
    tenant_id BLOB NOT NULL PRIMARY KEY,
    seq       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Of no tenant: the nil id.
CREATE TABLE access_errors (
    tenant_id     BLOB NOT NULL,
    reference     TEXT NOT NULL,
    code          TEXT NOT NULL,
    occurred_at   INTEGER NOT NULL,
    email         TEXT,
    email_key     TEXT,
    connection_id BLOB,
    trace         TEXT NOT NULL,
    request_id    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, reference)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX access_errors_reference ON access_errors (reference);
CREATE INDEX access_errors_time ON access_errors (occurred_at);

CREATE TABLE invitations (
    tenant_id   BLOB NOT NULL,
    id          BLOB NOT NULL,
    user_id     BLOB NOT NULL,
    hash        BLOB NOT NULL,
    sent_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    accepted_at INTEGER,
    deleted_at  INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invitations_hash ON invitations (hash);
CREATE INDEX invitations_user ON invitations (tenant_id, user_id, id);

-- `message` is sealed: it carries the link that opens the account.
CREATE TABLE outbox (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    recipient  TEXT NOT NULL,
    template   TEXT NOT NULL,
    message    TEXT,
    created_at INTEGER NOT NULL,
    due_at     INTEGER,
    attempts   INTEGER NOT NULL,
    sent_at    INTEGER,
    last_error TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;
