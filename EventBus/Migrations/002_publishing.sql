-- The outbox, and the chain of batches that decides under which entry ids its events are published.

create table bus.outbox (
    -- Before `position`: defaults are evaluated in column order, so a writer has its xid before it draws a position. The relay's gap tracking rests on that.
    xid xid8 not null default pg_current_xact_id(),
    position bigint generated always as identity (cache 1) primary key,
    id uuid not null,
    type text not null,
    source text not null,
    subject text not null,
    time timestamptz not null,
    -- UTF-8 JSON. As bytea it goes from serializer to wire as it is: no transcoding on either side and no check of what the serializer just wrote. To read it: convert_from(data, 'UTF8').
    data bytea not null,
    traceparent text,
    tracestate text
);
alter table bus.outbox set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.2);

create function bus.refuse_outbox_update() returns trigger language plpgsql as $$
begin
    raise exception 'Rows of bus.outbox are immutable: they may be published already. Publish a further event that corrects this one.';
end
$$;
create trigger outbox_is_immutable before update on bus.outbox for each statement execute function bus.refuse_outbox_update();

-- One outbox feeds one stream. The single row names it.
create table bus.outbox_stream (
    single boolean primary key default true check (single),
    stream text not null,
    -- Entries at or below this id may be missing from the stream although they were published. Whoever trims raises it first.
    trim_floor int8 not null default 0,
    since timestamptz not null default now()
);

-- The streams that are written without an outbox. A stream has one kind of publisher.
create table bus.direct_stream (
    stream text primary key,
    since timestamptz not null default now()
);

-- Entry k of a batch, counted from 0 in the order of its positions, has the id `ms`-k.
create table bus.relay_batch (
    ms int8 primary key,
    -- UNIQUE makes the batches a chain that two leaders cannot fork. 0 for the first.
    predecessor int8 not null unique,
    -- Of the transaction that committed the row: any writer whose position is among `gaps` has a lower one.
    xid xid8 not null default pg_current_xact_id(),
    positions int8multirange not null,
    event_count int not null check (event_count > 0),
    -- The entries from this one on will never be on the stream: something else got above them before they were appended. A later batch publishes their events, under the ids that it gives them.
    live_count int not null check (live_count between 0 and event_count),
    -- The batch that replaces those.
    replaced_by int8,
    -- Live entries of the whole chain up to and including this batch.
    total int8 not null,
    -- The highest position that was seen by then, and the positions that this batch was the first to find missing below it.
    highest int8 not null,
    gaps int8multirange not null,
    -- The oldest batch with gaps that were still open.
    gaps_from int8 not null,
    -- Of the event ids in order; the first eight bytes of their SHA-256.
    checksum int8 not null,
    fixed_at timestamptz not null default now(),
    check (ms > predecessor)
);
