-- What failed how often, most frequent first: projects, exports, and messages nobody could work on.
-- Parameters: org_id, since (inclusive), until (exclusive).
SELECT
    multiIf(type = 'ProjectFailed', 'project', type = 'ExportFailed', 'export', 'message') AS what,
    reason,
    count() AS count
FROM events_once
WHERE org_id = {org_id:UUID}
  AND type IN ('ProjectFailed', 'ExportFailed', 'DeadLetter')
  AND time >= {since:DateTime64(3, 'UTC')}
  AND time < {until:DateTime64(3, 'UTC')}
GROUP BY what, reason
ORDER BY count DESC, what, reason
