-- Writes down how attempts ended. $1 delivery ids, $2 claim tokens, $3 results (delivered, retry, failed, postponed, released), $4 delays until due again, $5 HTTP statuses, $6 errors,
-- $7 how many seconds they took.
-- Only the owner of the claim may settle, except for a success: a delivery that arrived is delivered, whoever's it was by then.
update webhooks.deliveries d
set state = case o.result when 'delivered' then 'delivered' when 'failed' then 'failed' else 'pending' end,
    claim = null,
    due_at = now() + o.delay,
    attempts = d.attempts + case when o.result in ('postponed', 'released') then 0 else 1 end,
    last_attempt_at = case when o.result in ('postponed', 'released') then d.last_attempt_at else now() end,
    finished_at = case when o.result in ('delivered', 'failed') then now() end,
    last_status = case when o.result in ('postponed', 'released') then d.last_status else o.status end,
    last_seconds = case when o.result in ('postponed', 'released') then d.last_seconds else o.seconds end,
    last_error = case when o.result = 'released' then d.last_error else o.error end
from unnest($1, $2, $3, $4, $5, $6, $7) as o(id, claim, result, delay, status, error, seconds)
where d.id = o.id and d.state = 'pending' and (d.claim = o.claim or o.result = 'delivered');
