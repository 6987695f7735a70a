-- What was used by hour or day (UTC), stage and kind, each try by when it ended; money where the kind had a price.
-- Parameters: org_id, since (inclusive), until (exclusive), bucket (hour or day).
SELECT
    if({bucket:String} = 'hour', toStartOfHour(time, 'UTC'), toStartOfDay(time, 'UTC')) AS at,
    stage,
    kind,
    sum(amount) AS amount,
    sum(money) AS money,
    max(currency) AS currency
FROM cost_items_once
WHERE org_id = {org_id:UUID}
  AND time >= {since:DateTime64(3, 'UTC')}
  AND time < {until:DateTime64(3, 'UTC')}
GROUP BY at, stage, kind
ORDER BY at, stage, kind
