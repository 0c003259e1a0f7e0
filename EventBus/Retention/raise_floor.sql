-- Says that entries of stream $1 up to $2 may be missing from it from now on. The commit must survive a crash of Postgres: were it lost after the trim, what was trimmed would be taken for lost.
update bus.outbox_stream set trim_floor = $2
where stream = $1 and trim_floor < $2
    and (current_setting('synchronous_commit') <> 'off' or set_config('synchronous_commit', 'on', true) = 'on')
