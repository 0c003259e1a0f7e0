-- Pausing a group, the processes that run groups, and how streams and groups stood.
alter table bus.consumer_group
    -- Since when the group is paused, and who paused it. Its workers read nothing new meanwhile.
    add column paused_at timestamptz,
    add column paused_by text,
    add check ((paused_at is null) = (paused_by is null));

-- The processes that run a group. Each brings its row up to date every two seconds.
create table bus.worker (
    group_id int not null references bus.consumer_group (id) on delete cascade,
    name text not null,
    started_at timestamptz not null,
    seen_at timestamptz not null default now(),
    lanes int not null,
    -- Why a lane does not work; null while all do.
    reason text,
    -- It has ended in an orderly way.
    stopped boolean not null,
    -- Events that it finished a second, lately.
    rate double precision not null,
    primary key (group_id, name)
);
alter table bus.worker set (fillfactor = 50);

-- How a stream stood, in steps of 10 seconds, 30 seconds and 10 minutes; 150 of each are kept.
create table bus.stream_history (
    stream int not null references bus.stream (id) on delete cascade,
    step interval not null,
    slot timestamptz not null,
    -- The last sample of the step: when, and the highest position on the stream then.
    sampled_at timestamptz not null,
    published int8 not null,
    -- The highest of the step.
    backlog int8 not null,
    length int8 not null,
    primary key (stream, step, slot)
);
alter table bus.stream_history set (fillfactor = 50);

-- How a group stood likewise. The reclaimer writes the samples, the workers what they finished.
create table bus.group_history (
    group_id int not null references bus.consumer_group (id) on delete cascade,
    step interval not null,
    slot timestamptz not null,
    -- The highest of the step; null where no sample was taken.
    lag int8,
    lag_seconds double precision,
    pending int8,
    waiting int8,
    dead int8,
    -- Events with which the group is done.
    finished int8 not null default 0,
    -- How many of them had their effect after which time: see FinishedEvents.
    delays int8[] not null default '{}',
    primary key (group_id, step, slot)
);
alter table bus.group_history set (fillfactor = 50);

create function bus.add_counts(a int8[], b int8[]) returns int8[] language sql immutable parallel safe
    return array(
        select coalesce(x, 0) + coalesce(y, 0) from unnest(a, b) with ordinality as both_counts (x, y, n) order by n);

create aggregate bus.sum_counts(int8[]) (sfunc = bus.add_counts, stype = int8[], initcond = '{}', parallel = safe);

-- The steps of the history.
create function bus.history_steps() returns setof interval language sql immutable
    return unnest(array[interval '10 seconds', interval '30 seconds', interval '10 minutes']);
