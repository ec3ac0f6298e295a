-- Files in buckets: functions that take a path apart, policies on the first folder of it.
-- provider: supabase
-- schemas: files

create schema files;
grant usage on schema files to anon, authenticated, service_role;

create table files.buckets (
    id text not null primary key,
    name text not null,
    owner uuid default auth.uid(),
    public boolean default false,
    file_size_limit bigint,
    allowed_mime_types text[],
    created_at timestamptz default now(),
    updated_at timestamptz default now()
);
create unique index bname on files.buckets using btree (name);

create table files.objects (
    id uuid not null default gen_random_uuid() primary key,
    bucket_id text references files.buckets,
    name text,
    owner uuid default auth.uid(),
    created_at timestamptz default now(),
    last_accessed_at timestamptz default now(),
    metadata jsonb,
    path_tokens text[] generated always as (string_to_array(name, '/')) stored,
    version text,
    size bigint generated always as ((metadata ->> 'size')::bigint) stored
);
create unique index bucketid_objname on files.objects using btree (bucket_id, name);
create index name_prefix_search on files.objects (name text_pattern_ops);
create index objects_metadata on files.objects using gin (metadata jsonb_path_ops);

create function files.foldername(name text) returns text[] language plpgsql immutable as $function$
declare
    parts text[];
begin
    select string_to_array(name, '/') into parts;
    return parts[1:array_length(parts, 1) - 1];
end
$function$;

create function files.filename(name text) returns text language plpgsql immutable as $function$
declare
    parts text[];
begin
    parts := string_to_array(name, '/');
    return parts[array_length(parts, 1)];
end
$function$;

create function files.extension(name text) returns text language sql immutable parallel safe as
    'select reverse(split_part(reverse(files.filename(name)), ''.'', 1))';

create function files.search(prefix text, bucket text, how_many integer default 100, levels int default 1, skip int default 0)
    returns table (name text, id uuid, updated_at timestamptz, metadata jsonb)
    language sql stable rows 100
as $$
    select o.path_tokens[levels], o.id, o.last_accessed_at, o.metadata
    from files.objects o
    where o.bucket_id = bucket and o.name ilike prefix || '%'
    order by 1 limit how_many offset skip
$$;

alter table files.buckets enable row level security;
alter table files.objects enable row level security;

create policy "Give users access to own folder 1oj01fe_0" on files.objects for select to public
    using (bucket_id = 'avatars' and (select auth.uid()::text) = (files.foldername(name))[1]);
create policy "Give users access to own folder 1oj01fe_1" on files.objects for insert to public
    with check (bucket_id = 'avatars' and (select auth.uid()::text) = (files.foldername(name))[1]);
create policy "Only pictures in avatars" on files.objects as restrictive for insert to authenticated
    with check (bucket_id <> 'avatars' or lower(files.extension(name)) = any (array['png', 'jpg', 'jpeg', 'webp']));
create policy "Anybody reads public buckets" on files.objects for select to anon, authenticated
    using (exists (select 1 from files.buckets b where b.id = bucket_id and b.public));
create policy "Owners delete" on files.objects for delete to authenticated using (owner = auth.uid());
create policy "Size" on files.objects as restrictive for update to authenticated
    using (true) with check (coalesce((metadata ->> 'size')::bigint, 0) <= 5 * 1024 * 1024);
create policy "Buckets are known" on files.buckets for select using (public is true or owner = auth.uid());

grant select on files.buckets to anon, authenticated;
grant select on files.objects to anon;
grant select, insert, update, delete on files.objects to authenticated;
grant all on files.buckets, files.objects to service_role;
revoke execute on function files.search(text, text, integer, integer, integer) from public;
grant execute on function files.search(text, text, integer, integer, integer) to authenticated;
