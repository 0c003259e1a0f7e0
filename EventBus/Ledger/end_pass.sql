-- Gives back what begin_pass took.
select pg_advisory_unlock(hashtextextended('fanout.ledger/' || $1 || '/' || $2, 0))
