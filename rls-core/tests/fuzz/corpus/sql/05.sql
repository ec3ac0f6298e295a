/* a /* b; */ c */ -- d ; e
SELECT a.b::text[1:2] FROM "a ""b""" WHERE x @> '{}' AND y <> 2;