-- The data of an event may be replaced where a law requires it: by EventErasure, which says so in its transaction. Nothing else of a row changes.
create or replace function bus.refuse_outbox_update() returns trigger language plpgsql as $$
begin
    if current_setting('bus.erase', true) = 'data' then
        old.data := new.data;
        if new is not distinct from old then
            return new;
        end if;
    end if;

    raise exception 'Rows of bus.outbox are immutable: they may be published already. Publish a further event that corrects this one.';
end
$$;
