-- Takes back what slow_commits.sql did.
drop trigger if exists dawdle on bus.outbox;
drop function if exists bus.dawdle();
