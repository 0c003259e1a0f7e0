-- Reverts slow_commits.sql.
drop trigger if exists dawdle on bus.outbox;
drop function if exists bus.dawdle();
