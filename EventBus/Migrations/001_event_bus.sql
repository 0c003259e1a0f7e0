-- The event bus: streams and their outboxes, consumer groups and their inboxes, and the retry queue.
do $$
begin
    if to_regclass('bus.relay_batch') is not null then
        raise exception 'Schema "bus" of this database is from an earlier design of the event bus, and there is no migration from it. Use another database, or drop the schema: its events are lost then.';
    end if;
end
$$;

create extension if not exists btree_gist with schema public;

create table bus.stream (
    id int generated always as identity primary key,
    name text not null unique,
    -- Says whose events the stream in Redis carries. A new one with each generation.
    outbox uuid not null default gen_random_uuid(),
    -- Rises when the outbox has lost commits that are published already. The stream is then made anew.
    generation int not null default 1,
    earlier_outboxes uuid[] not null default '{}',
    -- The highest position on the stream, as of about a second ago: for backlog and lag.
    published int8 not null default 0,
    published_at timestamptz not null default now()
);

-- Each stream has a sequence of its own, bus.position_<id>, and a table of its own, bus.outbox_<id>, partitioned by position: see bus.register_stream.
create table bus.outbox (
    stream int not null,
    -- By bus.next_position, and by nothing else.
    position int8 not null,
    id uuid not null,
    type text not null,
    source text not null,
    subject text not null,
    -- When it happened, as its publisher says. Only readers of the event use it.
    time timestamptz not null,
    -- UTF-8 JSON, as the serializer wrote it. To read it: convert_from(data, 'UTF8').
    data bytea not null,
    -- The event's own headers: an object of strings.
    headers jsonb,
    traceparent text,
    tracestate text,
    -- When the row was written, by the server's clock: age, lag and retention are measured by it.
    created_at timestamptz not null default clock_timestamp(),
    -- Position first: the statements of a stream name its own table, and so no stream.
    primary key (position, stream)
) partition by list (stream);

-- Since when this server has not gone back: its start, or its last recovery from a crash, which resets these statistics and may have lost the last
-- commits of transactions with synchronous_commit = off.
create function bus.server_started() returns timestamptz language sql stable
    return greatest(pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time());

create function bus.refuse_outbox_update() returns trigger language plpgsql as $$
begin
    raise exception 'Rows of bus.outbox are immutable: they may be published already. Publish a further event that corrects this one.';
end
$$;
create trigger outbox_is_immutable before update on bus.outbox for each row execute function bus.refuse_outbox_update();

-- The next position of a stream. The transaction has its xid before it draws the position: the relay's and the reclaimer's horizons rest on that.
create function bus.next_position(stream int) returns int8 language sql volatile as $$
    select case when pg_current_xact_id() is not null then nextval(('bus.position_' || stream)::regclass) end
$$;

-- Adds a partition for the positions from first (included) to past_last (excluded). Created apart and attached, because CREATE TABLE .. PARTITION OF waits for writers.
create function bus.add_outbox_partition(stream int, first int8, past_last int8) returns void language plpgsql as $$
begin
    execute format('create table bus.outbox_%1$s_%2$s (like bus.outbox including defaults including storage)', stream, first);
    execute format(
        'alter table bus.outbox_%1$s_%2$s set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.2)', stream, first);
    execute format('alter table bus.outbox_%1$s attach partition bus.outbox_%1$s_%2$s for values from (%2$s) to (%3$s)', stream, first, past_last);
end
$$;

-- Registers a stream at first use; returns its id. The first 16 million positions have partitions at once; the reclaimer adds more ahead of need.
create function bus.register_stream(stream_name text) returns int language plpgsql as $$
declare
    found_id int;
begin
    select id into found_id from bus.stream where name = stream_name;
    if found_id is not null then
        return found_id;
    end if;

    perform pg_advisory_xact_lock(hashtextextended('fanout.register_stream', 0));
    insert into bus.stream (name) values (stream_name) on conflict (name) do nothing returning id into found_id;
    if found_id is null then
        select id into found_id from bus.stream where name = stream_name;
        return found_id;
    end if;

    execute format('create sequence bus.position_%s as int8 cache 1', found_id);
    execute format('create table bus.outbox_%s (like bus.outbox including defaults including storage) partition by range (position)', found_id);
    execute format('alter table bus.outbox attach partition bus.outbox_%1$s for values in (%1$s)', found_id);
    for million in 0..15 loop
        perform bus.add_outbox_partition(found_id, million * 1000000::int8, (million + 1) * 1000000::int8);
    end loop;

    return found_id;
end
$$;

create table bus.consumer_group (
    id int generated always as identity primary key,
    stream int not null references bus.stream (id),
    name text not null,
    start text not null check (start in ('earliest', 'now')),
    -- Every event at or below is taken: it is done, a retry row, or from before the group's start.
    done_through int8 not null,
    -- How many of the group's events are at or below done_through, less the dead letters that were removed since.
    done_through_events int8 not null default 0,
    duplicates_prevented int8 not null default 0,
    max_deliveries int not null,
    reclaim_after interval not null,
    registered_at timestamptz not null default now(),
    unique (stream, name)
);
alter table bus.consumer_group set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Which event types the group's workers handle, and when one of them last said so.
create table bus.subscription (
    group_id int not null references bus.consumer_group (id) on delete cascade,
    type text not null,
    seen_at timestamptz not null default now(),
    primary key (group_id, type)
);

-- Positions above done_through that a group has taken. No position can be in two ranges of a group.
create table bus.inbox (
    group_id int not null,
    positions int8range not null,
    constraint inbox_once exclude using gist (group_id with =, positions with &&)
);
alter table bus.inbox set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.2);

-- What happens later: events that failed, that a dead worker left, that the stream lost, or that were redriven. The row has taken its position in the inbox.
create table bus.retry (
    number int8 generated always as identity primary key,
    group_id int not null,
    -- Null where the entry is none of this outbox's events.
    position int8,
    -- Where the row came from an entry of the stream.
    entry_id text,
    -- The event's attributes, as far as they could be read.
    id uuid,
    type text not null default '',
    source text not null default '',
    subject text not null default '',
    time timestamptz,
    data bytea,
    headers jsonb,
    traceparent text,
    tracestate text,
    -- The fields of an entry that is no event: [name, value, name, value, ..].
    fields jsonb,
    state text not null check (state in ('waiting', 'dead', 'discarded')),
    -- Deliveries that ended in a failure or not at all.
    attempts int not null,
    -- When it may be claimed; of a claimed row, when its claim ends; of a dead or discarded one, since when it is that.
    due_at timestamptz not null default clock_timestamp(),
    claim uuid,
    error text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    failed_at timestamptz,
    changed_by text,
    changed_at timestamptz,
    -- Whether the dead letter is on the group's DLQ stream.
    mirrored boolean not null default false
);
create unique index retry_position on bus.retry (group_id, position);
create unique index retry_entry on bus.retry (group_id, entry_id) where position is null;
-- Two, so that neither finds the other's rows in its way: a backlog that was never claimed, and claims that ended.
create index retry_due on bus.retry (group_id, type, due_at) where state = 'waiting' and claim is null;
create index retry_claimed on bus.retry (group_id, type, due_at) where state = 'waiting' and claim is not null;
create index retry_dead on bus.retry (group_id, state, number) where state <> 'waiting';
create index retry_kept on bus.retry (group_id, due_at) where state <> 'waiting';
create index retry_unmirrored on bus.retry (group_id, number) where state = 'dead' and not mirrored;
alter table bus.retry set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);

-- What the Kafka trigger has seen, one row an hour: the highest of each measure.
create table bus.kafka_trigger_hour (
    stream int not null references bus.stream (id) on delete cascade,
    hour timestamptz not null,
    -- Events a second, sustained; null where that could not be told in this hour.
    rate double precision,
    retention interval not null,
    groups int not null,
    primary key (stream, hour)
);

-- What each group has done: events whose effect is committed, deliveries whose effect was not repeated, and rows that wait or are dead.
create view bus.group_progress as
select
    s.name as stream,
    g.name as "group",
    (g.done_through_events + taken.count - retries.count)::int8 as events,
    g.duplicates_prevented,
    retries.waiting,
    retries.dead as dead_letters
from bus.consumer_group g
join bus.stream s on s.id = g.stream
cross join lateral (
    -- A late redelivery may have left a range at or below done_through.
    select coalesce(sum(upper(i.positions) - greatest(lower(i.positions), g.done_through + 1)), 0) as count
    from bus.inbox i where i.group_id = g.id and i.positions && int8range(g.done_through + 1, null)
) as taken
cross join lateral (
    select
        count(*) filter (where r.position is not null) as count,
        count(*) filter (where r.state = 'waiting') as waiting,
        count(*) filter (where r.state = 'dead') as dead
    from bus.retry r where r.group_id = g.id
) as retries;
