-- OAuth clients of a directory, what they prove themselves with, and the access tokens that come of it.

CREATE TABLE clients (
    tenant_id      UUID NOT NULL,
    id             UUID NOT NULL,
    directory_id   UUID NOT NULL,
    name           TEXT COLLATE "C",
    token_lifetime BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    revoked_at     BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX clients_directory ON clients (tenant_id, directory_id, id);

CREATE TABLE client_secrets (
    tenant_id    UUID NOT NULL,
    id           UUID NOT NULL,
    client_id    UUID NOT NULL,
    hash         BYTEA NOT NULL,
    prefix       TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX client_secrets_hash ON client_secrets (tenant_id, client_id, hash);

CREATE TABLE client_issuers (
    tenant_id    UUID NOT NULL,
    id           UUID NOT NULL,
    client_id    UUID NOT NULL,
    issuer       TEXT COLLATE "C" NOT NULL,
    subject      TEXT COLLATE "C" NOT NULL,
    audience     TEXT COLLATE "C",
    jwks_uri     TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX client_issuers_client ON client_issuers (tenant_id, client_id, id);

-- Access tokens stand beside the static ones, so that a bearer token is looked up in one place. `credential_id` is the
-- secret or the issuer that the token came of.
ALTER TABLE directory_tokens ADD COLUMN client_id UUID;
ALTER TABLE directory_tokens ADD COLUMN credential_id UUID;
CREATE INDEX directory_tokens_client ON directory_tokens (tenant_id, client_id, credential_id) WHERE client_id IS NOT NULL;
CREATE INDEX directory_tokens_expiry ON directory_tokens (expires_at) WHERE client_id IS NOT NULL;
