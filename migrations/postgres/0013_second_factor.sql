-- The second factor of local accounts: an authenticator app, and recovery codes beside it.

ALTER TABLE users ADD COLUMN mfa_required BOOLEAN NOT NULL DEFAULT FALSE;

-- `secret` is sealed. Codes of `last_step` and of the steps before it are used up.
CREATE TABLE second_factors (
    tenant_id   UUID NOT NULL,
    user_id     UUID NOT NULL,
    secret      TEXT COLLATE "C" NOT NULL,
    enrolled_at BIGINT NOT NULL,
    last_step   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);

CREATE TABLE recovery_codes (
    tenant_id UUID NOT NULL,
    user_id   UUID NOT NULL,
    hash      BYTEA NOT NULL,
    used_at   BIGINT,
    PRIMARY KEY (tenant_id, user_id, hash)
);

-- Secrets that were shown and that no code has confirmed yet, by whom they were shown to: the hash of a ticket, or the id
-- of a session.
CREATE TABLE unconfirmed_factors (
    tenant_id  UUID NOT NULL,
    holder     BYTEA NOT NULL,
    user_id    UUID NOT NULL,
    secret     TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, holder)
);
CREATE INDEX unconfirmed_factors_user ON unconfirmed_factors (tenant_id, user_id);
CREATE INDEX unconfirmed_factors_expiry ON unconfirmed_factors (expires_at);
