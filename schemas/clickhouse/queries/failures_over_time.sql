-- What failed by hour or day (UTC): projects, exports, and messages nobody could work on.
-- Parameters: org_id, since (inclusive), until (exclusive), bucket (hour or day).
SELECT
    if({bucket:String} = 'hour', toStartOfHour(time, 'UTC'), toStartOfDay(time, 'UTC')) AS at,
    multiIf(type = 'ProjectFailed', 'project', type = 'ExportFailed', 'export', 'message') AS what,
    reason,
    count() AS count
FROM events_once
WHERE org_id = {org_id:UUID}
  AND type IN ('ProjectFailed', 'ExportFailed', 'DeadLetter')
  AND time >= {since:DateTime64(3, 'UTC')}
  AND time < {until:DateTime64(3, 'UTC')}
GROUP BY at, what, reason
ORDER BY at, what, reason
