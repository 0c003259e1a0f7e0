-- Settings of this transaction alone, whatever the session's are: it ends when it is idle for $1 ms, or waits $2 ms for a lock; and its commit is durable.
select
    set_config('idle_in_transaction_session_timeout', $1, true),
    set_config('lock_timeout', $2, true),
    set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), true)
