-- Consumer groups, the inbox that gives every event its effect once in each group, and what could not be handled.
create extension if not exists btree_gist;

create table bus.consumer_group (
    stream text not null,
    name text not null,
    start text not null check (start in ('now', 'earliest', 'history')),
    -- Where the group is created again should Redis lose it: everything at or below is done, dead-lettered or before the group's start.
    checkpoint int8 not null,
    max_deliveries int not null,
    reclaim_after interval not null,
    lane_timeout interval not null,
    duplicates_prevented bigint not null default 0,
    registered_at timestamptz not null default now(),
    primary key (stream, name)
);

-- A range of entry ids (milliseconds * 2^20 + sequence) whose effects are committed, or that are dead-lettered. No id can be in two ranges of a group.
create table bus.inbox (
    stream text not null,
    "group" text not null,
    entries int8range not null,
    constraint inbox_once exclude using gist (stream with =, "group" with =, entries with &&)
);
alter table bus.inbox set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.2);

-- Why an entry that is parked failed the last time.
create table bus.failure (
    stream text not null,
    "group" text not null,
    entry int8 not null,
    deliveries int not null,
    error text not null,
    failed_at timestamptz not null default now(),
    primary key (stream, "group", entry)
);

-- The record of dead letters. The DLQ stream in Redis mirrors it: `projected_at` says when the entry left the pending entries list for that stream.
create table bus.dead_letters (
    number bigint generated always as identity primary key,
    stream text not null,
    "group" text not null,
    entry int8 not null,
    -- Where it was pending when it died: null for the stream itself, otherwise its id on the group's redrive stream.
    redrive_id text,
    event_id uuid,
    type text,
    source text,
    subject text,
    time timestamptz,
    fields jsonb not null,
    consumer text not null,
    deliveries int not null,
    error text not null,
    dead_lettered_at timestamptz not null default now(),
    projected_at timestamptz,
    state text not null default 'dead' check (state in ('dead', 'redriven', 'discarded')),
    state_changed_at timestamptz,
    state_changed_by text
);
create unique index dead_letters_open on bus.dead_letters (stream, "group", entry) where state = 'dead';
create index dead_letters_unprojected on bus.dead_letters (stream, "group", entry) where projected_at is null;
create index dead_letters_newest on bus.dead_letters (stream, "group", number desc);
