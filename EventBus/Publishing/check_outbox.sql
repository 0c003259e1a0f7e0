-- Whether events of stream $1 can be published from this database.
select
    pg_is_in_recovery() as in_recovery,
    current_setting('server_encoding') as encoding,
    (select seqcache from pg_sequence where seqrelid = ('bus.position_' || $1)::regclass) as sequence_cache
