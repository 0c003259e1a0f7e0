-- What the event bus takes in this database, in bytes with indexes; its dead rows; and how far the groups are behind the outbox.
select
    (
        select sum(pg_total_relation_size(oid)) from pg_class
        where relnamespace = 'bus'::regnamespace and relkind = 'r' and relname like 'outbox%'
    )::int8 as outbox,
    pg_table_size('bus.inbox') as inbox,
    pg_indexes_size('bus.inbox') as inbox_index,
    pg_total_relation_size('bus.retry') as retry,
    pg_total_relation_size('bus.consumer_group') as groups,
    (select sum(n_dead_tup) from pg_stat_user_tables where schemaname = 'bus')::int8 as dead_rows,
    (select max(position) from bus.outbox) as highest,
    (select coalesce(min(position), 0) from bus.outbox) as lowest,
    (select min(done_through) from bus.consumer_group) as done_through
