-- Whether events of stream $1 can be published from this database.
select
    current_setting('transaction_read_only')::bool as is_read_only,
    (select seqcache from pg_sequence where seqrelid = ('bus.position_' || $1)::regclass) as sequence_cache
