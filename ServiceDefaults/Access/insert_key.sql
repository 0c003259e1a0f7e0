-- Adds a key ($2, XML) by its name ($1). A key that is there already stays as it is.
insert into access.data_protection_keys (friendly_name, xml) values ($1, $2) on conflict (friendly_name) do nothing
