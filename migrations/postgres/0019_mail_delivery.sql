-- Until when a node is sending a mail, and whether a mail server has refused it for good.
ALTER TABLE outbox ADD COLUMN taken_until BIGINT;
ALTER TABLE outbox ADD COLUMN bounced BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE outbox SET bounced = TRUE
WHERE sent_at IS NULL AND due_at IS NULL AND last_error LIKE 'the mail server has refused it: %';

-- The address, folded.
ALTER TABLE outbox ADD COLUMN recipient_key TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE outbox SET recipient_key = lower(recipient);
CREATE INDEX outbox_recipient ON outbox (tenant_id, recipient_key, id);
-- What is sent or given up, by age.
CREATE INDEX outbox_over ON outbox (created_at) WHERE due_at IS NULL;

-- Which numbers the rows of a period have. Written when the number is given, as the others are.
CREATE INDEX audit_at ON audit (tenant_id, at, seq) WHERE seq IS NOT NULL;
