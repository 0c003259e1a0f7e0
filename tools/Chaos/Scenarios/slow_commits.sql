-- Delays the commit of three in ten transactions that wrote to the outbox, and makes one in ten fail.
create or replace function bus.dawdle() returns trigger language plpgsql as $$
begin
    if random() < 0.3 then
        perform pg_sleep(random() * 0.4);
    end if;
    if random() < 0.1 then
        raise exception 'this transaction was made to fail';
    end if;
    return null;
end
$$;
create constraint trigger dawdle after insert on bus.outbox deferrable initially deferred for each row execute function bus.dawdle();
