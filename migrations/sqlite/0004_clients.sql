-- OAuth clients of a directory, what they prove themselves with, and the access tokens that come of it.

CREATE TABLE clients (
    tenant_id      BLOB NOT NULL,
    id             BLOB NOT NULL,
    directory_id   BLOB NOT NULL,
    name           TEXT,
    token_lifetime INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    revoked_at     INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX clients_directory ON clients (tenant_id, directory_id, id);

CREATE TABLE client_secrets (
    tenant_id    BLOB NOT NULL,
    id           BLOB NOT NULL,
    client_id    BLOB NOT NULL,
    hash         BLOB NOT NULL,
    prefix       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX client_secrets_hash ON client_secrets (tenant_id, client_id, hash);

CREATE TABLE client_issuers (
    tenant_id    BLOB NOT NULL,
    id           BLOB NOT NULL,
    client_id    BLOB NOT NULL,
    issuer       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    audience     TEXT,
    jwks_uri     TEXT,
    created_at   INTEGER NOT NULL,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_issuers_client ON client_issuers (tenant_id, client_id, id);

-- Access tokens stand beside the static ones, so that a bearer token is looked up in one place. `credential_id` is the
-- secret or the issuer that the token came of.
ALTER TABLE directory_tokens ADD COLUMN client_id BLOB;
ALTER TABLE directory_tokens ADD COLUMN credential_id BLOB;
CREATE INDEX directory_tokens_client ON directory_tokens (tenant_id, client_id, credential_id) WHERE client_id IS NOT NULL;
CREATE INDEX directory_tokens_expiry ON directory_tokens (expires_at) WHERE client_id IS NOT NULL;
