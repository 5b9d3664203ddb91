-- Sign-in by single sign-on, sessions, entities, grants with their source, access errors, invitations and mail.

ALTER TABLE tenants ADD COLUMN suspended_at BIGINT;

ALTER TABLE users ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT 'employee';
ALTER TABLE users ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT 'scim';
-- The directory has spoken of this person, as it has not of one who was made at a first login.
ALTER TABLE users ADD COLUMN provisioned BOOLEAN NOT NULL DEFAULT TRUE;
-- Invited, and the invitation not accepted yet.
ALTER TABLE users ADD COLUMN pending BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN entity_id UUID;
ALTER TABLE users ADD COLUMN access_from BIGINT;
ALTER TABLE users ADD COLUMN access_until BIGINT;
ALTER TABLE users ADD COLUMN contact_tags TEXT COLLATE "C" NOT NULL DEFAULT '[]';
CREATE INDEX users_entity ON users (tenant_id, entity_id, id) WHERE entity_id IS NOT NULL;

CREATE TABLE entities (
    tenant_id  UUID NOT NULL,
    id         UUID NOT NULL,
    parent_id  UUID,
    name       TEXT COLLATE "C" NOT NULL,
    name_key   TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX entities_name ON entities (tenant_id, coalesce(parent_id, '00000000-0000-0000-0000-000000000000'::uuid), name_key);

-- `ended_at` stays behind, so that who had what on a day can be told.
CREATE TABLE grants (
    tenant_id  UUID NOT NULL,
    id         UUID NOT NULL,
    user_id    UUID NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    value      TEXT COLLATE "C" NOT NULL,
    source     TEXT COLLATE "C" NOT NULL,
    granted_at BIGINT NOT NULL,
    ended_at   BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX grants_user ON grants (tenant_id, user_id, id) WHERE ended_at IS NULL;
-- The tick has been a column alone until now: given by hand.
INSERT INTO grants (tenant_id, id, user_id, kind, value, source, granted_at)
    SELECT tenant_id, id, id, 'admin', admin_scope, 'manual', modified_at FROM users WHERE admin_scope IS NOT NULL;

CREATE TABLE connections (
    tenant_id     UUID NOT NULL,
    id            UUID NOT NULL,
    name          TEXT COLLATE "C" NOT NULL,
    name_key      TEXT COLLATE "C" NOT NULL,
    enabled       BOOLEAN NOT NULL,
    settings      TEXT COLLATE "C" NOT NULL,
    client_secret TEXT COLLATE "C",
    revision      BIGINT NOT NULL,
    tested_at     BIGINT,
    created_at    BIGINT NOT NULL,
    modified_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX connections_name ON connections (tenant_id, name_key);

CREATE TABLE domains (
    tenant_id   UUID NOT NULL,
    domain      TEXT COLLATE "C" NOT NULL,
    verified_at BIGINT,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, domain)
);
CREATE INDEX domains_domain ON domains (domain, tenant_id);

-- Who a provider's subject is. A row outlives its person: a subject that leads to somebody deleted is known to be so.
CREATE TABLE identities (
    tenant_id     UUID NOT NULL,
    connection_id UUID NOT NULL,
    issuer        TEXT COLLATE "C" NOT NULL,
    subject       TEXT COLLATE "C" NOT NULL,
    user_id       UUID NOT NULL,
    created_at    BIGINT NOT NULL,
    last_login_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, issuer, subject)
);
CREATE INDEX identities_user ON identities (tenant_id, user_id);

CREATE TABLE login_attempts (
    tenant_id     UUID NOT NULL,
    state_hash    BYTEA NOT NULL,
    browser_hash  BYTEA NOT NULL,
    connection_id UUID NOT NULL,
    purpose       TEXT COLLATE "C" NOT NULL,
    return_to     TEXT COLLATE "C" NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, state_hash)
);
CREATE INDEX login_attempts_expiry ON login_attempts (expires_at);

-- What may be used once only, by its hash, until it would be refused for its age anyway.
CREATE TABLE consumed (
    tenant_id  UUID NOT NULL,
    hash       BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX consumed_expiry ON consumed (expires_at);

CREATE TABLE sessions (
    tenant_id     UUID NOT NULL,
    id            UUID NOT NULL,
    hash          BYTEA NOT NULL,
    user_id       UUID NOT NULL,
    epoch         BIGINT NOT NULL,
    auth_method   TEXT COLLATE "C" NOT NULL,
    connection_id UUID,
    issuer        TEXT COLLATE "C",
    subject       TEXT COLLATE "C",
    sid           TEXT COLLATE "C",
    id_token      TEXT COLLATE "C",
    created_at    BIGINT NOT NULL,
    seen_at       BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX sessions_hash ON sessions (hash);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Numbers are given after the commit: a counter inside the writing transaction would make all writers wait for one.
ALTER TABLE audit ADD COLUMN seq BIGINT;
CREATE UNIQUE INDEX audit_seq ON audit (tenant_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_unnumbered ON audit (tenant_id, seq, id) WHERE seq IS NULL;
CREATE TABLE audit_heads (
    tenant_id UUID NOT NULL PRIMARY KEY,
    seq       BIGINT NOT NULL
);

-- Of no tenant: the nil id.
CREATE TABLE access_errors (
    tenant_id     UUID NOT NULL,
    reference     TEXT COLLATE "C" NOT NULL,
    code          TEXT COLLATE "C" NOT NULL,
    occurred_at   BIGINT NOT NULL,
    email         TEXT COLLATE "C",
    email_key     TEXT COLLATE "C",
    connection_id UUID,
    trace         TEXT COLLATE "C" NOT NULL,
    request_id    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, reference)
);
CREATE UNIQUE INDEX access_errors_reference ON access_errors (reference);
CREATE INDEX access_errors_time ON access_errors (occurred_at);

CREATE TABLE invitations (
    tenant_id   UUID NOT NULL,
    id          UUID NOT NULL,
    user_id     UUID NOT NULL,
    hash        BYTEA NOT NULL,
    sent_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    accepted_at BIGINT,
    deleted_at  BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX invitations_hash ON invitations (hash);
CREATE INDEX invitations_user ON invitations (tenant_id, user_id, id);

-- `message` is sealed: it carries the link that opens the account.
CREATE TABLE outbox (
    tenant_id  UUID NOT NULL,
    id         UUID NOT NULL,
    recipient  TEXT COLLATE "C" NOT NULL,
    template   TEXT COLLATE "C" NOT NULL,
    message    TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    due_at     BIGINT,
    attempts   BIGINT NOT NULL,
    sent_at    BIGINT,
    last_error TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;
