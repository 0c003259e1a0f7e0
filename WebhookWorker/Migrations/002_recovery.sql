-- Finds what an endpoint can have sent again: see Endpoints/recover_deliveries.sql.
create index deliveries_recoverable on webhooks.deliveries (endpoint_id, created_at) where state in ('failed', 'cancelled');
