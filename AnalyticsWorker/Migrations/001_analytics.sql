-- Counters are split over shards: a transaction takes a shard that no other holds, so lanes never wait for each other's commit on the row of a busy day.
-- Reports sum the shards. There are as many as lanes ever committed at the same time.
create table analytics.daily_revenue (
    day date not null,
    currency text collate "C" not null,
    shard smallint not null,
    orders bigint not null,
    revenue numeric not null,
    primary key (day, currency, shard)
) with (fillfactor = 50);

create table analytics.product_sales (
    day date not null,
    currency text collate "C" not null,
    sku text collate "C" not null,
    shard smallint not null,
    name text not null,
    quantity bigint not null,
    revenue numeric not null,
    primary key (day, currency, sku, shard)
) with (fillfactor = 70);

-- A row per event that took effect. It has no unique key on purpose: should an event ever take effect twice, the second is to be seen, not hidden.
create table analytics.order_effect (
    event_id uuid not null,
    subject text not null,
    effected_at timestamptz not null default clock_timestamp()
);
create index order_effect_by_time on analytics.order_effect using brin (effected_at) with (pages_per_range = 16, autosummarize = on);

create view analytics.effects as select event_id::text as event_id, subject, effected_at from analytics.order_effect;
