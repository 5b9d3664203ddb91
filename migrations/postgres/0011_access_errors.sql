-- Support looks refused sign-ins up, newest first, by whatever it is told; and those who help are found by their tags.

DROP INDEX access_errors_time;
CREATE INDEX access_errors_time ON access_errors (occurred_at, reference);
CREATE INDEX access_errors_tenant ON access_errors (tenant_id, occurred_at, reference);
CREATE INDEX access_errors_email ON access_errors (email_key, occurred_at, reference) WHERE email_key IS NOT NULL;
CREATE INDEX access_errors_connection ON access_errors (connection_id, occurred_at, reference)
    WHERE connection_id IS NOT NULL;
CREATE INDEX access_errors_code ON access_errors (code, occurred_at, reference);

CREATE INDEX users_tagged ON users (tenant_id, id) WHERE contact_tags <> '[]';
