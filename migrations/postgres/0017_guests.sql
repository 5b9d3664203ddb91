-- People of other tenants: a guest is a row of `users` that points to the person at home. What both have in common follows
-- the person by triggers, so that no way of writing can forget a guest: name, addresses, dates, and whether there is access.

ALTER TABLE users ADD COLUMN home_tenant_id UUID;
ALTER TABLE users ADD COLUMN home_user_id UUID;
CREATE UNIQUE INDEX users_home ON users (home_tenant_id, home_user_id, tenant_id) WHERE home_user_id IS NOT NULL;
CREATE INDEX users_guests ON users (tenant_id, home_tenant_id) WHERE home_user_id IS NOT NULL;
-- Of local accounts, for sign-ins that name no tenant.
CREATE INDEX users_local_name ON users (user_name_key) WHERE directory_id IS NULL AND deleted_at IS NULL;

CREATE FUNCTION let_guests_follow() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    -- What is waited for here is seen by the statements after it: a change of the person and one of their tenant at once
    -- come one after the other.
    PERFORM 1 FROM users WHERE home_tenant_id = NEW.tenant_id AND home_user_id = NEW.id ORDER BY tenant_id FOR UPDATE;
    UPDATE users SET
        user_name = NEW.user_name, display_name = NEW.display_name, display_name_key = NEW.display_name_key,
        phone_digits = NEW.phone_digits, profile = NEW.profile,
        active = NEW.active IS TRUE AND NOT NEW.blocked AND NOT NEW.pending AND NEW.deleted_at IS NULL
            AND EXISTS (SELECT 1 FROM tenants n WHERE n.tenant_id = NEW.tenant_id AND n.suspended_at IS NULL),
        access_from = NEW.access_from, access_until = NEW.access_until,
        access_epoch = access_epoch + NEW.access_epoch - OLD.access_epoch, modified_at = NEW.modified_at
    WHERE home_tenant_id = NEW.tenant_id AND home_user_id = NEW.id;
    IF FOUND THEN
        DELETE FROM user_emails e USING users g
            WHERE g.home_tenant_id = NEW.tenant_id AND g.home_user_id = NEW.id
            AND e.tenant_id = g.tenant_id AND e.user_id = g.id;
        INSERT INTO user_emails (tenant_id, user_id, position, value_key, type_key, is_primary)
            SELECT g.tenant_id, g.id, e.position, e.value_key, e.type_key, e.is_primary
            FROM user_emails e JOIN users g ON g.home_tenant_id = e.tenant_id AND g.home_user_id = e.user_id
            WHERE e.tenant_id = NEW.tenant_id AND e.user_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guests_follow AFTER UPDATE OF user_name, profile, active, blocked, pending, access_from, access_until,
    access_epoch, deleted_at, modified_at ON users
FOR EACH ROW
WHEN (NEW.home_user_id IS NULL
    AND (NEW.access_epoch <> OLD.access_epoch OR NEW.active IS DISTINCT FROM OLD.active OR NEW.blocked <> OLD.blocked
        OR NEW.pending <> OLD.pending OR NEW.access_from IS DISTINCT FROM OLD.access_from
        OR NEW.access_until IS DISTINCT FROM OLD.access_until OR NEW.deleted_at IS DISTINCT FROM OLD.deleted_at
        OR NEW.user_name <> OLD.user_name OR NEW.profile <> OLD.profile OR NEW.modified_at <> OLD.modified_at))
EXECUTE FUNCTION let_guests_follow();

CREATE FUNCTION let_guests_follow_tenant() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM users WHERE home_tenant_id = NEW.tenant_id AND home_user_id IS NOT NULL
        ORDER BY home_user_id, tenant_id FOR UPDATE;
    UPDATE users g SET active = NEW.suspended_at IS NULL AND EXISTS (
        SELECT 1 FROM users h WHERE h.tenant_id = g.home_tenant_id AND h.id = g.home_user_id
            AND h.active AND NOT h.blocked AND NOT h.pending AND h.deleted_at IS NULL)
    WHERE g.home_tenant_id = NEW.tenant_id AND g.home_user_id IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER guests_follow_tenant AFTER UPDATE OF suspended_at ON tenants
FOR EACH ROW WHEN (NEW.suspended_at IS DISTINCT FROM OLD.suspended_at)
EXECUTE FUNCTION let_guests_follow_tenant();

-- Asked by an administrator of the tenant that somebody would be a guest of; the home tenant answers. `email` or
-- `home_user_id` is as it was asked; that there is such a person is not looked at before the home tenant does.
CREATE TABLE guest_requests (
    tenant_id      UUID NOT NULL,
    id             UUID NOT NULL,
    home_tenant_id UUID NOT NULL,
    email          TEXT COLLATE "C",
    home_user_id   UUID,
    role           TEXT COLLATE "C",
    -- A JSON list of pairs.
    sections       TEXT NOT NULL,
    requested_by   TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    accepted_at    BIGINT,
    -- Who has asked is not to see a no, so the row stays until its time is over.
    declined_at    BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX guest_requests_home ON guest_requests (home_tenant_id, id);
CREATE INDEX guest_requests_host ON guest_requests (tenant_id, home_tenant_id, created_at);

-- The tenant that somebody signs in to who is at home in the ticket's; and whether they are to be asked which.
ALTER TABLE login_tickets ADD COLUMN host_tenant_id UUID;
ALTER TABLE login_tickets ADD COLUMN choosing BOOLEAN NOT NULL DEFAULT FALSE;
