-- Adds what a round of attempts said about their endpoints, one row for each endpoint.
-- $1 endpoints, $2 whether any attempt succeeded, $3 failures since the last success, $4 last errors, $5 how long to leave the endpoint in peace (null: not at all).
insert into webhooks.endpoint_health as h (endpoint_id, consecutive_failures, failing_since, last_success_at, last_failure_at, last_error, resting_until)
select o.endpoint_id,
       o.failures,
       case when o.failures > 0 then now() end,
       case when o.succeeded then now() end,
       case when o.error is not null then now() end,
       o.error,
       now() + o.rest
from unnest($1, $2, $3, $4, $5) as o(endpoint_id, succeeded, failures, error, rest)
order by o.endpoint_id -- so that two dispatchers cannot deadlock
on conflict (endpoint_id) do update
set consecutive_failures = excluded.consecutive_failures + case when excluded.last_success_at is null then h.consecutive_failures else 0 end,
    failing_since = case when excluded.consecutive_failures = 0 then case when excluded.last_success_at is null then h.failing_since end
                         when excluded.last_success_at is null then coalesce(h.failing_since, excluded.failing_since)
                         else excluded.failing_since end,
    last_success_at = coalesce(excluded.last_success_at, h.last_success_at),
    last_failure_at = coalesce(excluded.last_failure_at, h.last_failure_at),
    last_error = coalesce(excluded.last_error, h.last_error),
    resting_until = greatest(h.resting_until, excluded.resting_until);
