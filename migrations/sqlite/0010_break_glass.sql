-- The one local administrator of a tenant who may sign in by password although single sign-on is enforced.

ALTER TABLE users ADD COLUMN break_glass INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX users_break_glass ON users (tenant_id) WHERE break_glass;
