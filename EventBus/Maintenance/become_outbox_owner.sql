-- Takes the role of the outbox's owner until the end of the transaction, where this user may: the triggers and constraints of a table run as the user
-- who writes to it, and its owner can add some.
select set_config('role', pg_get_userbyid(relowner)::text, true) from pg_class where oid = 'bus.outbox'::regclass and pg_has_role(relowner, 'member')
