-- Passwords of local accounts, and what signing in by one leaves behind for a while.

-- A row says that there is a password: whoever is invited and has not accepted has none.
CREATE TABLE credentials (
    tenant_id   UUID NOT NULL,
    user_id     UUID NOT NULL,
    hash        TEXT COLLATE "C" NOT NULL,
    must_change BOOLEAN NOT NULL,
    changed_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);

-- Somebody whose password was right and who has something left to do before the session opens.
CREATE TABLE login_tickets (
    tenant_id     UUID NOT NULL,
    hash          BYTEA NOT NULL,
    user_id       UUID NOT NULL,
    epoch         BIGINT NOT NULL,
    second_factor BOOLEAN NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);
CREATE UNIQUE INDEX login_tickets_hash ON login_tickets (hash);
CREATE INDEX login_tickets_user ON login_tickets (tenant_id, user_id);
CREATE INDEX login_tickets_expiry ON login_tickets (expires_at);

CREATE TABLE password_resets (
    tenant_id  UUID NOT NULL,
    hash       BYTEA NOT NULL,
    user_id    UUID NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);
CREATE UNIQUE INDEX password_resets_hash ON password_resets (hash);
CREATE INDEX password_resets_user ON password_resets (tenant_id, user_id);
CREATE INDEX password_resets_expiry ON password_resets (expires_at);

-- Guesses under a name, by the hash of the name, whether there is such an account or not; those from a browser that is
-- known to be the person's are counted apart, and all others together under an empty text.
CREATE TABLE guesses (
    tenant_id  UUID NOT NULL,
    purpose    TEXT COLLATE "C" NOT NULL,
    account    BYTEA NOT NULL,
    browser    BYTEA NOT NULL,
    failures   BIGINT NOT NULL,
    closed_to  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, purpose, account, browser)
);
CREATE INDEX guesses_expiry ON guesses (expires_at);

-- Whose password is right and who was deleted is told so.
CREATE INDEX users_deleted_name ON users (tenant_id, user_name_key, deleted_at) WHERE deleted_at IS NOT NULL;
