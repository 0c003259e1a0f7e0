-- Records that event $1 took effect.
insert into chaos.effect (event_id) values ($1)
