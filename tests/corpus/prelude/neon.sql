-- What Neon supplies beside the stand-in: its roles reach the functions.
grant usage on schema auth to public;
