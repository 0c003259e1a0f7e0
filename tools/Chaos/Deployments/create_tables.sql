-- Where the group of rolling-upgrade leaves its effects. No key, so that a second one shows.
create schema if not exists chaos;
create table if not exists chaos.effect (event_id uuid not null);
truncate chaos.effect
