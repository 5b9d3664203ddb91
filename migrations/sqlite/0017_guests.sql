-- People of other tenants: a guest is a row of `users` that points to the person at home. What both have in common follows
-- the person by triggers, so that no way of writing can forget a guest: name, addresses, dates, and whether there is access.

ALTER TABLE users ADD COLUMN home_tenant_id BLOB;
ALTER TABLE users ADD COLUMN home_user_id BLOB;
CREATE UNIQUE INDEX users_home ON users (home_tenant_id, home_user_id, tenant_id) WHERE home_user_id IS NOT NULL;
CREATE INDEX users_guests ON users (tenant_id, home_tenant_id) WHERE home_user_id IS NOT NULL;
-- Of local accounts, for sign-ins that name no tenant.
CREATE INDEX users_local_name ON users (user_name_key) WHERE directory_id IS NULL AND deleted_at IS NULL;

CREATE TRIGGER guests_follow AFTER UPDATE OF user_name, profile, active, blocked, pending, access_from, access_until,
    access_epoch, deleted_at, modified_at ON users
WHEN NEW.home_user_id IS NULL
    AND (NEW.access_epoch <> OLD.access_epoch OR NEW.active IS NOT OLD.active OR NEW.blocked <> OLD.blocked
        OR NEW.pending <> OLD.pending OR NEW.access_from IS NOT OLD.access_from
        OR NEW.access_until IS NOT OLD.access_until OR NEW.deleted_at IS NOT OLD.deleted_at
        OR NEW.user_name <> OLD.user_name OR NEW.profile <> OLD.profile OR NEW.modified_at <> OLD.modified_at)
    AND EXISTS (SELECT 1 FROM users g WHERE g.home_tenant_id = NEW.tenant_id AND g.home_user_id = NEW.id)
BEGIN
    UPDATE users SET
        user_name = NEW.user_name, display_name = NEW.display_name, display_name_key = NEW.display_name_key,
        phone_digits = NEW.phone_digits, profile = NEW.profile,
        active = NEW.active IS 1 AND NEW.blocked = 0 AND NEW.pending = 0 AND NEW.deleted_at IS NULL
            AND EXISTS (SELECT 1 FROM tenants n WHERE n.tenant_id = NEW.tenant_id AND n.suspended_at IS NULL),
        access_from = NEW.access_from, access_until = NEW.access_until,
        access_epoch = access_epoch + NEW.access_epoch - OLD.access_epoch, modified_at = NEW.modified_at
    WHERE home_tenant_id = NEW.tenant_id AND home_user_id = NEW.id;
    DELETE FROM user_emails WHERE (tenant_id, user_id) IN
        (SELECT g.tenant_id, g.id FROM users g WHERE g.home_tenant_id = NEW.tenant_id AND g.home_user_id = NEW.id);
    INSERT INTO user_emails (tenant_id, user_id, position, value_key, type_key, is_primary)
        SELECT g.tenant_id, g.id, e.position, e.value_key, e.type_key, e.is_primary
        FROM user_emails e JOIN users g ON g.home_tenant_id = e.tenant_id AND g.home_user_id = e.user_id
        WHERE e.tenant_id = NEW.tenant_id AND e.user_id = NEW.id;
END;

CREATE TRIGGER guests_follow_tenant AFTER UPDATE OF suspended_at ON tenants
WHEN NEW.suspended_at IS NOT OLD.suspended_at
BEGIN
    UPDATE users SET active = NEW.suspended_at IS NULL AND EXISTS (
        SELECT 1 FROM users h WHERE h.tenant_id = users.home_tenant_id AND h.id = users.home_user_id
            AND h.active = 1 AND h.blocked = 0 AND h.pending = 0 AND h.deleted_at IS NULL)
    WHERE home_tenant_id = NEW.tenant_id AND home_user_id IS NOT NULL;
END;

-- Asked by an administrator of the tenant that somebody would be a guest of; the home tenant answers. `email` or
-- `home_user_id` is as it was asked; that there is such a person is not looked at before the home tenant does.
CREATE TABLE guest_requests (
    tenant_id      BLOB NOT NULL,
    id             BLOB NOT NULL,
    home_tenant_id BLOB NOT NULL,
    email          TEXT,
    home_user_id   BLOB,
    role           TEXT,
    -- A JSON list of pairs.
    sections       TEXT NOT NULL,
    requested_by   TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    accepted_at    INTEGER,
    -- Who has asked is not to see a no, so the row stays until its time is over.
    declined_at    INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX guest_requests_home ON guest_requests (home_tenant_id, id);
CREATE INDEX guest_requests_host ON guest_requests (tenant_id, home_tenant_id, created_at);

-- The tenant that somebody signs in to who is at home in the ticket's; and whether they are to be asked which.
ALTER TABLE login_tickets ADD COLUMN host_tenant_id BLOB;
ALTER TABLE login_tickets ADD COLUMN choosing INTEGER NOT NULL DEFAULT 0;
