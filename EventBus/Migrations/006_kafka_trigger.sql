-- What the Kafka trigger has seen, one row an hour: the highest of each measure. Its trend says when a limit will be reached.
create table bus.kafka_trigger_hour (
    stream text not null,
    hour timestamptz not null,
    -- Events a second, sustained; null where that could not be told in this hour.
    rate double precision,
    retention interval not null,
    groups int not null,
    primary key (stream, hour)
);
