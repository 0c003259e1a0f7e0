-- Redriving dead letters. A redriven letter's id is free in the inbox until it is covered again, by its effect or by its next dead letter: then it is settled. Until then its entry must be on the group's
-- redrive stream; `redrive_entry` is the id it was added under, null before.
alter table bus.dead_letters add column redrive_entry text, add column settled_at timestamptz;
create index dead_letters_unsettled on bus.dead_letters (stream, "group", number) where state = 'redriven' and settled_at is null;
create index dead_letters_by_state on bus.dead_letters (stream, state, number desc);
create index dead_letters_of_entry on bus.dead_letters (stream, "group", entry, number);
