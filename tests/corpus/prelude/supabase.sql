-- What Supabase supplies beside the stand-in: the table of users that others reference and hang triggers on.
create table auth.users (
    id uuid primary key default gen_random_uuid(),
    email text unique,
    raw_user_meta_data jsonb
);
grant usage on schema auth to public;
grant select, references, trigger on auth.users to public;
