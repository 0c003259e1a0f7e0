-- Asks for the right to rewrite a group's inbox ranges until the transaction ends: whoever takes ranges away, to merge or to split them, needs it. False where another has it.
-- A rewrite is short, and what holds it up ends it. The plans are simple: compiling them would take longer than running them.
select pg_try_advisory_xact_lock(hashtextextended('fanout.inbox/' || $1 || '/' || $2, 0))
from (select set_config('lock_timeout', '2s', true), set_config('idle_in_transaction_session_timeout', '10s', true), set_config('jit', 'off', true)) as limits
