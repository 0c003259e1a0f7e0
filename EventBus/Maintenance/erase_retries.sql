-- Replaces what rows of the retry queue have of an event's data, their errors included: these may repeat it.
-- Arrays of one length: $1 numbers, $2 data (null where there is none).
update bus.retry r
set
    data = n.data,
    fields = case when r.fields is not null then '["erased", "true"]'::jsonb end,
    error = 'The error was erased with the data.',
    history = coalesce(
        (select jsonb_agg(jsonb_set(moment, '{error}', to_jsonb('The error was erased with the data.'::text), false) order by place)
            from jsonb_array_elements(r.history) with ordinality as moments (moment, place)), '[]')
from unnest($1, $2) as n(number, data)
where r.number = n.number
