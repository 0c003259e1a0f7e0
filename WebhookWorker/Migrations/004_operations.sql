-- What operators see: how long attempts take, the deliveries of an order, and what failed lately.
alter table webhooks.deliveries add column last_seconds double precision;

-- Takes Postgres 1.4 us of CPU more per event (12 us), because subjects that are ids of orders are added at its end.
create index events_subject on webhooks.events (subject);
create index deliveries_failed on webhooks.deliveries (finished_at) where state = 'failed';

-- The last thousand deliveries of each endpoint are summed up from the index alone.
drop index webhooks.deliveries_endpoint;
create index deliveries_endpoint on webhooks.deliveries (endpoint_id, id) include (state, last_seconds);
