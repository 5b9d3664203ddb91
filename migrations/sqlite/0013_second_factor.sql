-- The second factor of local accounts: an authenticator app, and recovery codes beside it.

ALTER TABLE users ADD COLUMN mfa_required INTEGER NOT NULL DEFAULT 0;

-- `secret` is sealed. Codes of `last_step` and of the steps before it are used up.
CREATE TABLE second_factors (
    tenant_id   BLOB NOT NULL,
    user_id     BLOB NOT NULL,
    secret      TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL,
    last_step   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
    tenant_id BLOB NOT NULL,
    user_id   BLOB NOT NULL,
    hash      BLOB NOT NULL,
    used_at   INTEGER,
    PRIMARY KEY (tenant_id, user_id, hash)
) STRICT, WITHOUT ROWID;

-- Secrets that were shown and that no code has confirmed yet, by whom they were shown to: the hash of a ticket, or the id
-- of a session.
CREATE TABLE unconfirmed_factors (
    tenant_id  BLOB NOT NULL,
    holder     BLOB NOT NULL,
    user_id    BLOB NOT NULL,
    secret     TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX unconfirmed_factors_user ON unconfirmed_factors (tenant_id, user_id);
CREATE INDEX unconfirmed_factors_expiry ON unconfirmed_factors (expires_at);
