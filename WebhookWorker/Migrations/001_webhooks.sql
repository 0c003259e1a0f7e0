-- The webhook worker's schema: endpoints, the events it has taken in, and a delivery for each pair that belongs together.

create table webhooks.endpoints (
    id                    uuid primary key,
    url                   text not null,
    description           text not null,
    event_types           text[] not null,            -- empty: every type
    enabled               boolean not null,
    disabled_because      text,
    secret                bytea not null,
    previous_secret       bytea,
    previous_secret_until timestamptz,
    created_at            timestamptz not null default now(),
    updated_at            timestamptz not null default now(),
    deleted_at            timestamptz
);

-- Apart from endpoints: it changes with every attempt, endpoints hardly ever.
create table webhooks.endpoint_health (
    endpoint_id          uuid primary key,
    consecutive_failures int not null,
    failing_since        timestamptz,
    last_success_at      timestamptz,
    last_failure_at      timestamptz,
    last_error           text,
    resting_until        timestamptz
) with (fillfactor = 50);

-- One row per event handled, also when no endpoint wants it (then without its payload). event_id is not unique on purpose: that an event
-- takes effect once is the inbox's promise, and a unique key would hide a broken one from those who count the effects.
create table webhooks.events (
    id          bigint generated always as identity primary key,
    event_id    uuid not null,
    type        text not null,
    subject     text not null,
    payload     text,
    traceparent text,
    tracestate  text,
    effected_at timestamptz not null default clock_timestamp()
);

create index events_event_id on webhooks.events (event_id);
create index events_effected_at on webhooks.events (effected_at);

-- While an attempt is under way, claim is set and due_at is the end of its lease: whoever dies over it leaves a delivery that comes due by itself.
create table webhooks.deliveries (
    id              bigint generated always as identity primary key,
    event           bigint not null references webhooks.events,
    endpoint_id     uuid not null,
    state           text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'cancelled')),
    attempts        int not null default 0,
    due_at          timestamptz not null default now(),
    claim           uuid,
    created_at      timestamptz not null default now(),
    last_attempt_at timestamptz,
    finished_at     timestamptz,
    last_status     int,
    last_error      text
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create index deliveries_due on webhooks.deliveries (endpoint_id, due_at) where state = 'pending';
create index deliveries_endpoint on webhooks.deliveries (endpoint_id, id);
create index deliveries_event on webhooks.deliveries (event);
create index deliveries_unhappy on webhooks.deliveries (state, id) where state in ('failed', 'cancelled');
create index deliveries_finished on webhooks.deliveries (finished_at) where finished_at is not null;

create view webhooks.effects as
    select event_id::text as event_id, subject, effected_at from webhooks.events;
