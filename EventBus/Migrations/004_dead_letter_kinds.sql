-- Dead letters by the kind of their error, what happened to each, and decisions that can be undone.

-- An error without what differs from event to event: quoted text, addresses, and words with digits. One line of at most 200 characters.
create function bus.error_kind(error text) returns text language sql immutable strict parallel safe
    return btrim(left(regexp_replace(regexp_replace(regexp_replace(
        left(error, 400),
        -- Everything that .NET takes for a space or a control character.
        E'[\\u0001-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+', ' ', 'g'),
        E'"[^"]*("|$)|`[^`]*`|(?<![0-9A-Za-z])\'[^\']*\'|[^ @<>(),;:]+@[^ @<>(),;:]+', E'\u2026', 'g'),
        E'[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
            || '|[0-9A-Za-z]*[0-9][0-9A-Za-z]*([-+.,:_/][0-9A-Za-z]*[0-9][0-9A-Za-z]*)*', '#', 'g'), 200));

alter table bus.retry
    -- Of a dead letter; empty while the row waits.
    add column kind text not null generated always as (case state when 'waiting' then '' else bus.error_kind(error) end) stored,
    -- The decision that changed the row last.
    add column change uuid,
    -- What happened to the row, oldest first, at most 30: objects with at, what, attempts, and error or by.
    add column history jsonb not null default '[]';

create index retry_kind on bus.retry (group_id, state, kind, number) include (type, failed_at, created_at) where state <> 'waiting';
create index retry_change on bus.retry (change) where change is not null;

create function bus.record_retry() returns trigger language plpgsql as $$
declare
    -- A decision sets changed_at, a failure sets failed_at.
    decided constant boolean := tg_op = 'UPDATE' and new.changed_at is distinct from old.changed_at;
begin
    new.history := case when jsonb_array_length(new.history) < 30 then new.history else new.history - 0 end || jsonb_strip_nulls(jsonb_build_object(
        'at', clock_timestamp(),
        'what', case
            when decided then case new.state when 'waiting' then 'redriven' when 'discarded' then 'discarded' else 'restored' end
            when new.state = 'dead' then 'dead'
            else 'failed' end,
        'attempts', case when decided and new.state = 'waiting' then old.attempts else new.attempts end,
        'error', case when not decided then left(new.error, 500) end,
        'by', case when decided then new.changed_by end));
    return new;
end
$$;
create trigger record_failure before insert on bus.retry for each row when (new.error <> '') execute function bus.record_retry();
create trigger record_change before update on bus.retry for each row
    when (new.changed_at is distinct from old.changed_at or new.failed_at is distinct from old.failed_at)
    execute function bus.record_retry();
