-- Deleted groups whose memberships are still being removed, from `next_member` on; nothing shows them.
CREATE TABLE group_purges (
    tenant_id   UUID NOT NULL,
    group_id    UUID NOT NULL,
    next_member UUID NOT NULL,
    PRIMARY KEY (tenant_id, group_id)
);
