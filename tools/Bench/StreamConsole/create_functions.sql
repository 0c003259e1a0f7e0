-- Makes a UUID of version 7 of a time.
create schema bench;
create function bench.id_at(at timestamptz) returns uuid language sql volatile as $$
    select encode(set_byte(
        overlay(uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from at) * 1000)::int8) from 3) from 1 for 6),
        6, 112), 'hex')::uuid
$$;
