CREATE EXTENSION IF NOT EXISTS pg_session_jwt;
CREATE SCHEMA IF NOT EXISTS rls_private;

CREATE TABLE public.audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    org_id text NOT NULL DEFAULT (auth.session() #>> '{o,id}'),
    actor_id text NOT NULL DEFAULT auth.user_id(),
    action text NOT NULL,
    at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT audit_log_pkey PRIMARY KEY (id)
);
ALTER TABLE public.audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.audit_log FORCE ROW LEVEL SECURITY;
REVOKE ALL ON TABLE public.audit_log FROM PUBLIC, anonymous, authenticated;

CREATE TABLE public.documents (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id text NOT NULL DEFAULT (auth.session() #>> '{o,id}'),
    project_id uuid NOT NULL,
    owner_id text NOT NULL DEFAULT auth.user_id(),
    title text NOT NULL,
    body text NOT NULL DEFAULT '',
    visibility text NOT NULL DEFAULT 'private',
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT documents_pkey PRIMARY KEY (id)
);
ALTER TABLE public.documents ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON TABLE public.documents FROM PUBLIC, anonymous, authenticated;

CREATE TABLE public.members (
    org_id text NOT NULL DEFAULT (auth.session() #>> '{o,id}'),
    user_id text NOT NULL,
    role text NOT NULL DEFAULT 'member',
    joined_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT members_pkey PRIMARY KEY (org_id, user_id)
);
ALTER TABLE public.members ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON TABLE public.members FROM PUBLIC, anonymous, authenticated;

CREATE TABLE public.organizations (
    id text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT organizations_pkey PRIMARY KEY (id)
);
ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON TABLE public.organizations FROM PUBLIC, anonymous, authenticated;

CREATE TABLE public.project_members (
    project_id uuid NOT NULL,
    user_id text NOT NULL,
    org_id text NOT NULL DEFAULT (auth.session() #>> '{o,id}'),
    CONSTRAINT project_members_pkey PRIMARY KEY (project_id, user_id)
);
ALTER TABLE public.project_members ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON TABLE public.project_members FROM PUBLIC, anonymous, authenticated;

CREATE TABLE public.projects (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    org_id text NOT NULL DEFAULT (auth.session() #>> '{o,id}'),
    name text NOT NULL,
    is_archived boolean NOT NULL DEFAULT false,
    created_by text NOT NULL DEFAULT auth.user_id(),
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT projects_pkey PRIMARY KEY (id)
);
ALTER TABLE public.projects ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON TABLE public.projects FROM PUBLIC, anonymous, authenticated;

CREATE TABLE public.shares (
    document_id uuid NOT NULL,
    user_id text NOT NULL,
    org_id text NOT NULL DEFAULT (auth.session() #>> '{o,id}'),
    can_edit boolean NOT NULL DEFAULT false,
    CONSTRAINT shares_pkey PRIMARY KEY (document_id, user_id)
);
ALTER TABLE public.shares ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON TABLE public.shares FROM PUBLIC, anonymous, authenticated;

CREATE INDEX audit_log_org_id_idx ON public.audit_log (org_id);
CREATE INDEX documents_org_id_idx ON public.documents (org_id);
CREATE INDEX documents_owner_id_idx ON public.documents (owner_id);
CREATE INDEX documents_project_id_idx ON public.documents (project_id);
CREATE INDEX documents_visibility_idx ON public.documents (visibility);
CREATE INDEX members_user_id_idx ON public.members (user_id);
CREATE INDEX project_members_org_id_idx ON public.project_members (org_id);
CREATE INDEX project_members_user_id_idx ON public.project_members (user_id);
CREATE INDEX projects_org_id_idx ON public.projects (org_id);
CREATE INDEX shares_org_id_idx ON public.shares (org_id);
CREATE INDEX shares_user_id_idx ON public.shares (user_id);
ALTER TABLE public.audit_log ADD CONSTRAINT audit_log_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.organizations (id);
ALTER TABLE public.documents ADD CONSTRAINT documents_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.organizations (id) ON DELETE CASCADE;
ALTER TABLE public.documents ADD CONSTRAINT documents_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects (id) ON DELETE CASCADE;
ALTER TABLE public.members ADD CONSTRAINT members_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.organizations (id) ON DELETE CASCADE;
ALTER TABLE public.project_members ADD CONSTRAINT project_members_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.organizations (id) ON DELETE CASCADE;
ALTER TABLE public.project_members ADD CONSTRAINT project_members_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects (id) ON DELETE CASCADE;
ALTER TABLE public.projects ADD CONSTRAINT projects_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.organizations (id) ON DELETE CASCADE;
ALTER TABLE public.shares ADD CONSTRAINT shares_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents (id) ON DELETE CASCADE;
ALTER TABLE public.shares ADD CONSTRAINT shares_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.organizations (id) ON DELETE CASCADE;

CREATE FUNCTION rls_private.documents_3710e972af5e944a(_1 uuid) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = ''
    AS $fn$SELECT EXISTS (SELECT 1 FROM public.documents AS d WHERE id = $1 AND (SELECT auth.user_id()) = owner_id AND org_id = (SELECT auth.session() #>> '{o,id}'))$fn$;
REVOKE ALL ON FUNCTION rls_private.documents_3710e972af5e944a(uuid) FROM PUBLIC, anonymous, authenticated;

CREATE FUNCTION rls_private.documents_4dcc9aa2d47360f7(_1 uuid, _2 text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = ''
    AS $fn$SELECT EXISTS (SELECT 1 FROM public.documents AS d WHERE id = $1 AND visibility = $2)$fn$;
REVOKE ALL ON FUNCTION rls_private.documents_4dcc9aa2d47360f7(uuid, text) FROM PUBLIC, anonymous, authenticated;

CREATE FUNCTION rls_private.documents_id_95efeb9beb7a9b23() RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = ''
    AS $fn$SELECT ARRAY(SELECT d.id FROM public.documents AS d WHERE (SELECT auth.user_id()) = owner_id AND org_id = (SELECT auth.session() #>> '{o,id}'))$fn$;
REVOKE ALL ON FUNCTION rls_private.documents_id_95efeb9beb7a9b23() FROM PUBLIC, anonymous, authenticated;

CREATE FUNCTION rls_private.members_0fc4205e4732b4cf(_1 text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = ''
    AS $fn$SELECT EXISTS (SELECT 1 FROM public.members AS m WHERE org_id = $1 AND (SELECT auth.user_id()) = user_id AND role IN ('owner', 'admin'))$fn$;
REVOKE ALL ON FUNCTION rls_private.members_0fc4205e4732b4cf(text) FROM PUBLIC, anonymous, authenticated;

CREATE FUNCTION rls_private.members_1d80b9b0f8752fbc(_1 text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = ''
    AS $fn$SELECT EXISTS (SELECT 1 FROM public.members AS m WHERE org_id = $1 AND (SELECT auth.user_id()) = user_id)$fn$;
REVOKE ALL ON FUNCTION rls_private.members_1d80b9b0f8752fbc(text) FROM PUBLIC, anonymous, authenticated;

CREATE FUNCTION rls_private.members_org_id_0a810d67a4d24763() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = ''
    AS $fn$SELECT ARRAY(SELECT m.org_id FROM public.members AS m WHERE (SELECT auth.user_id()) = user_id AND role IN ('owner', 'admin'))$fn$;
REVOKE ALL ON FUNCTION rls_private.members_org_id_0a810d67a4d24763() FROM PUBLIC, anonymous, authenticated;

CREATE FUNCTION rls_private.members_org_id_d311052feaa33dc8() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = ''
    AS $fn$SELECT ARRAY(SELECT m.org_id FROM public.members AS m WHERE (SELECT auth.user_id()) = user_id)$fn$;
REVOKE ALL ON FUNCTION rls_private.members_org_id_d311052feaa33dc8() FROM PUBLIC, anonymous, authenticated;

CREATE FUNCTION rls_private.project_members_24c4674de5b313ba(_1 uuid) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = ''
    AS $fn$SELECT EXISTS (SELECT 1 FROM public.project_members AS "on" WHERE project_id = $1 AND (SELECT auth.user_id()) = user_id AND org_id = (SELECT auth.session() #>> '{o,id}') AND org_id = ANY (ARRAY(SELECT m.org_id FROM public.members AS m WHERE (SELECT auth.user_id()) = m.user_id)))$fn$;
REVOKE ALL ON FUNCTION rls_private.project_members_24c4674de5b313ba(uuid) FROM PUBLIC, anonymous, authenticated;

CREATE FUNCTION rls_private.project_members_project_id_d834454bfdc11db4() RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = ''
    AS $fn$SELECT ARRAY(SELECT "on".project_id FROM public.project_members AS "on" WHERE (SELECT auth.user_id()) = user_id AND org_id = (SELECT auth.session() #>> '{o,id}') AND org_id = ANY (ARRAY(SELECT m.org_id FROM public.members AS m WHERE (SELECT auth.user_id()) = m.user_id)))$fn$;
REVOKE ALL ON FUNCTION rls_private.project_members_project_id_d834454bfdc11db4() FROM PUBLIC, anonymous, authenticated;

CREATE POLICY "tenant-isolation" ON public.audit_log
    AS RESTRICTIVE FOR ALL TO PUBLIC
    USING (org_id = (SELECT auth.session() #>> '{o,id}'))
    WITH CHECK (org_id = (SELECT auth.session() #>> '{o,id}'));

CREATE POLICY "tenant isolation: read" ON public.documents
    AS RESTRICTIVE FOR SELECT TO authenticated
    USING (org_id = (SELECT auth.session() #>> '{o,id}') OR visibility = 'public');

CREATE POLICY "tenant isolation: insert" ON public.documents
    AS RESTRICTIVE FOR INSERT TO authenticated
    WITH CHECK (org_id = (SELECT auth.session() #>> '{o,id}'));

CREATE POLICY "every change is dated" ON public.documents
    AS RESTRICTIVE FOR UPDATE TO authenticated
    USING (true)
    WITH CHECK (updated_at = now());

CREATE POLICY "tenant isolation: update" ON public.documents
    AS RESTRICTIVE FOR UPDATE TO authenticated
    USING (org_id = (SELECT auth.session() #>> '{o,id}'));

CREATE POLICY "tenant isolation: delete" ON public.documents
    AS RESTRICTIVE FOR DELETE TO authenticated
    USING (org_id = (SELECT auth.session() #>> '{o,id}'));

CREATE POLICY "tenant-isolation" ON public.members
    AS RESTRICTIVE FOR ALL TO PUBLIC
    USING (org_id = (SELECT auth.session() #>> '{o,id}'))
    WITH CHECK (org_id = (SELECT auth.session() #>> '{o,id}'));

CREATE POLICY "tenant-isolation" ON public.organizations
    AS RESTRICTIVE FOR ALL TO PUBLIC
    USING (id = (SELECT auth.session() #>> '{o,id}'))
    WITH CHECK (id = (SELECT auth.session() #>> '{o,id}'));

CREATE POLICY "tenant-isolation" ON public.project_members
    AS RESTRICTIVE FOR ALL TO PUBLIC
    USING (org_id = (SELECT auth.session() #>> '{o,id}'))
    WITH CHECK (org_id = (SELECT auth.session() #>> '{o,id}'));

CREATE POLICY "tenant-isolation" ON public.projects
    AS RESTRICTIVE FOR ALL TO PUBLIC
    USING (org_id = (SELECT auth.session() #>> '{o,id}'))
    WITH CHECK (org_id = (SELECT auth.session() #>> '{o,id}'));

CREATE POLICY "tenant-isolation" ON public.shares
    AS RESTRICTIVE FOR ALL TO PUBLIC
    USING (org_id = (SELECT auth.session() #>> '{o,id}'))
    WITH CHECK (org_id = (SELECT auth.session() #>> '{o,id}'));

CREATE POLICY "crud-authenticated-policy-select" ON public.audit_log
    AS PERMISSIVE FOR SELECT TO authenticated
    USING ((SELECT (auth.session() #>> '{o,rol}') IN ('owner', 'admin')));

CREATE POLICY "crud-authenticated-policy-insert" ON public.audit_log
    AS PERMISSIVE FOR INSERT TO authenticated
    WITH CHECK ((SELECT auth.user_id()) = actor_id AND rls_private.members_1d80b9b0f8752fbc(org_id));

CREATE POLICY "crud-anonymous-policy-select" ON public.documents
    AS PERMISSIVE FOR SELECT TO anonymous
    USING (visibility = 'public');

CREATE POLICY "crud-authenticated-policy-select" ON public.documents
    AS PERMISSIVE FOR SELECT TO authenticated
    USING ((SELECT auth.user_id()) = owner_id OR visibility = 'public' OR visibility = 'project' AND project_id = ANY ((SELECT rls_private.project_members_project_id_d834454bfdc11db4())::uuid[]) OR id = ANY (ARRAY(SELECT s.document_id FROM public.shares AS s WHERE (SELECT auth.user_id()) = s.user_id)));

CREATE POLICY "crud-authenticated-policy-insert" ON public.documents
    AS PERMISSIVE FOR INSERT TO authenticated
    WITH CHECK ((SELECT auth.user_id()) = owner_id AND visibility IN ('private', 'project', 'public') AND rls_private.project_members_24c4674de5b313ba(project_id));

CREATE POLICY "editors change the text" ON public.documents
    AS PERMISSIVE FOR UPDATE TO authenticated
    USING (id = ANY (ARRAY(SELECT s.document_id FROM public.shares AS s WHERE (SELECT auth.user_id()) = s.user_id AND s.can_edit)))
    WITH CHECK (EXISTS (SELECT 1 FROM public.shares AS s WHERE s.document_id = documents.id AND (SELECT auth.user_id()) = s.user_id AND s.can_edit OFFSET 0) AND rls_private.documents_4dcc9aa2d47360f7(id, visibility));

CREATE POLICY "owners change what is theirs" ON public.documents
    AS PERMISSIVE FOR UPDATE TO authenticated
    USING ((SELECT auth.user_id()) = owner_id)
    WITH CHECK ((SELECT auth.user_id()) = owner_id AND visibility IN ('private', 'project', 'public'));

CREATE POLICY "crud-authenticated-policy-delete" ON public.documents
    AS PERMISSIVE FOR DELETE TO authenticated
    USING ((SELECT auth.user_id()) = owner_id);

CREATE POLICY "crud-authenticated-policy-select" ON public.members
    AS PERMISSIVE FOR SELECT TO authenticated
    USING (org_id = ANY ((SELECT rls_private.members_org_id_d311052feaa33dc8())::text[]));

CREATE POLICY "crud-authenticated-policy-insert" ON public.members
    AS PERMISSIVE FOR INSERT TO authenticated
    WITH CHECK (role IN ('admin', 'member') AND rls_private.members_0fc4205e4732b4cf(org_id));

CREATE POLICY "admins change roles" ON public.members
    AS PERMISSIVE FOR UPDATE TO authenticated
    USING (role IN ('admin', 'member') AND org_id = ANY ((SELECT rls_private.members_org_id_0a810d67a4d24763())::text[]));

CREATE POLICY "crud-authenticated-policy-delete" ON public.members
    AS PERMISSIVE FOR DELETE TO authenticated
    USING (role IN ('admin', 'member') AND org_id = ANY ((SELECT rls_private.members_org_id_0a810d67a4d24763())::text[]));

CREATE POLICY "crud-authenticated-policy-select" ON public.organizations
    AS PERMISSIVE FOR SELECT TO authenticated
    USING (id = ANY ((SELECT rls_private.members_org_id_d311052feaa33dc8())::text[]));

CREATE POLICY "crud-authenticated-policy-update" ON public.organizations
    AS PERMISSIVE FOR UPDATE TO authenticated
    USING (id = ANY ((SELECT rls_private.members_org_id_0a810d67a4d24763())::text[]))
    WITH CHECK (id = ANY ((SELECT rls_private.members_org_id_0a810d67a4d24763())::text[]));

CREATE POLICY "crud-authenticated-policy-select" ON public.project_members
    AS PERMISSIVE FOR SELECT TO authenticated
    USING (project_id = ANY ((SELECT rls_private.project_members_project_id_d834454bfdc11db4())::uuid[]) OR org_id = ANY ((SELECT rls_private.members_org_id_0a810d67a4d24763())::text[]));

CREATE POLICY "crud-authenticated-policy-insert" ON public.project_members
    AS PERMISSIVE FOR INSERT TO authenticated
    WITH CHECK (rls_private.members_0fc4205e4732b4cf(org_id) AND EXISTS (SELECT 1 FROM public.projects AS p WHERE p.id = project_members.project_id AND p.org_id = project_members.org_id OFFSET 0) AND EXISTS (SELECT 1 FROM public.members AS m WHERE m.org_id = project_members.org_id AND m.user_id = project_members.user_id OFFSET 0));

CREATE POLICY "crud-authenticated-policy-delete" ON public.project_members
    AS PERMISSIVE FOR DELETE TO authenticated
    USING (org_id = ANY ((SELECT rls_private.members_org_id_0a810d67a4d24763())::text[]));

CREATE POLICY "crud-authenticated-policy-select" ON public.projects
    AS PERMISSIVE FOR SELECT TO authenticated
    USING (id = ANY ((SELECT rls_private.project_members_project_id_d834454bfdc11db4())::uuid[]) OR org_id = ANY ((SELECT rls_private.members_org_id_0a810d67a4d24763())::text[]));

CREATE POLICY "crud-authenticated-policy-insert" ON public.projects
    AS PERMISSIVE FOR INSERT TO authenticated
    WITH CHECK (rls_private.members_0fc4205e4732b4cf(org_id));

CREATE POLICY "crud-authenticated-policy-update" ON public.projects
    AS PERMISSIVE FOR UPDATE TO authenticated
    USING (org_id = ANY ((SELECT rls_private.members_org_id_0a810d67a4d24763())::text[]))
    WITH CHECK (org_id = ANY ((SELECT rls_private.members_org_id_0a810d67a4d24763())::text[]));

CREATE POLICY "crud-authenticated-policy-delete" ON public.projects
    AS PERMISSIVE FOR DELETE TO authenticated
    USING (is_archived AND org_id = ANY ((SELECT rls_private.members_org_id_0a810d67a4d24763())::text[]));

CREATE POLICY "crud-authenticated-policy-select" ON public.shares
    AS PERMISSIVE FOR SELECT TO authenticated
    USING ((SELECT auth.user_id()) = user_id OR document_id = ANY ((SELECT rls_private.documents_id_95efeb9beb7a9b23())::uuid[]));

CREATE POLICY "crud-authenticated-policy-insert" ON public.shares
    AS PERMISSIVE FOR INSERT TO authenticated
    WITH CHECK (rls_private.documents_3710e972af5e944a(document_id));

CREATE POLICY "crud-authenticated-policy-update" ON public.shares
    AS PERMISSIVE FOR UPDATE TO authenticated
    USING (document_id = ANY ((SELECT rls_private.documents_id_95efeb9beb7a9b23())::uuid[]))
    WITH CHECK (document_id = ANY ((SELECT rls_private.documents_id_95efeb9beb7a9b23())::uuid[]));

CREATE POLICY "crud-authenticated-policy-delete" ON public.shares
    AS PERMISSIVE FOR DELETE TO authenticated
    USING (document_id = ANY ((SELECT rls_private.documents_id_95efeb9beb7a9b23())::uuid[]));

COMMENT ON TABLE public.audit_log IS 'An entry in the log. Members append in their own name and at the true time; admins read. No policy changes or deletes, and `force` binds the owner of the table to that too. (TRUNCATE is the owner''s all the same: row security does not see it.)';
COMMENT ON TABLE public.documents IS 'A document. The public reads what is public, so tenant isolation is for those who are signed in: of another organisation they read what everybody reads, even where something was shared with them, and change nothing.';
COMMENT ON TABLE public.members IS 'A person in an organisation. Everybody in it sees them; admins let people in, make them admins or not, and take them out. The owner is nobody''s to change, and nobody becomes one here.';
COMMENT ON TABLE public.organizations IS 'An organisation. Its members see it, its admins rename it.';
COMMENT ON TABLE public.project_members IS 'A person on a project. Everybody on it sees them; admins put members of their organisation on its projects, and take them off.';
COMMENT ON TABLE public.projects IS 'A project. Those who work on it see it; admins see all, begin them, rename and archive them, and delete those that are archived.';
COMMENT ON TABLE public.shares IS 'A document shared with a person. The document''s owner sees and changes that, and the person sees it.';
COMMENT ON COLUMN public.audit_log.action IS 'What was done.';
COMMENT ON COLUMN public.audit_log.actor_id IS 'Whoever did it, by the token.';
COMMENT ON COLUMN public.audit_log.at IS 'When.';
COMMENT ON COLUMN public.audit_log.id IS 'Numbered by Postgres, and by nobody else.';
COMMENT ON COLUMN public.audit_log.org_id IS 'The organisation, by the token.';
COMMENT ON COLUMN public.documents.body IS 'The text.';
COMMENT ON COLUMN public.documents.id IS 'Made up by Postgres.';
COMMENT ON COLUMN public.documents.org_id IS 'The organisation, by the token.';
COMMENT ON COLUMN public.documents.owner_id IS 'Whoever wrote it, by the token.';
COMMENT ON COLUMN public.documents.project_id IS 'Where it is.';
COMMENT ON COLUMN public.documents.title IS 'What it is about.';
COMMENT ON COLUMN public.documents.updated_at IS 'When it was last changed.';
COMMENT ON COLUMN public.documents.visibility IS '`private`, `project` or `public`.';
COMMENT ON COLUMN public.members.joined_at IS 'When they came in.';
COMMENT ON COLUMN public.members.org_id IS 'The organisation: by default the token''s, and no other can be named.';
COMMENT ON COLUMN public.members.role IS '`owner`, `admin` or `member`.';
COMMENT ON COLUMN public.members.user_id IS 'Clerk''s: `user_…`.';
COMMENT ON COLUMN public.organizations.created_at IS 'When Clerk made it.';
COMMENT ON COLUMN public.organizations.id IS 'Clerk''s: `org_…`.';
COMMENT ON COLUMN public.organizations.name IS 'What people call it.';
COMMENT ON COLUMN public.project_members.org_id IS 'The project''s organisation, by the token.';
COMMENT ON COLUMN public.project_members.project_id IS 'The project.';
COMMENT ON COLUMN public.project_members.user_id IS 'Clerk''s: `user_…`.';
COMMENT ON COLUMN public.projects.created_at IS 'When.';
COMMENT ON COLUMN public.projects.created_by IS 'Who began it, by the token.';
COMMENT ON COLUMN public.projects.id IS 'Made up by Postgres.';
COMMENT ON COLUMN public.projects.is_archived IS 'Whether it is over.';
COMMENT ON COLUMN public.projects.name IS 'What people call it.';
COMMENT ON COLUMN public.projects.org_id IS 'The organisation, by the token.';
COMMENT ON COLUMN public.shares.can_edit IS 'Whether they may change its text.';
COMMENT ON COLUMN public.shares.document_id IS 'The document.';
COMMENT ON COLUMN public.shares.org_id IS 'The document''s organisation, by the token.';
COMMENT ON COLUMN public.shares.user_id IS 'Clerk''s: `user_…`.';
GRANT USAGE ON SCHEMA auth TO authenticated;
GRANT USAGE ON SCHEMA public TO anonymous;
GRANT USAGE ON SCHEMA public TO authenticated;
GRANT EXECUTE ON FUNCTION rls_private.documents_3710e972af5e944a TO authenticated;
GRANT EXECUTE ON FUNCTION rls_private.documents_4dcc9aa2d47360f7 TO authenticated;
GRANT EXECUTE ON FUNCTION rls_private.documents_id_95efeb9beb7a9b23 TO authenticated;
GRANT EXECUTE ON FUNCTION rls_private.members_0fc4205e4732b4cf TO authenticated;
GRANT EXECUTE ON FUNCTION rls_private.members_1d80b9b0f8752fbc TO authenticated;
GRANT EXECUTE ON FUNCTION rls_private.members_org_id_0a810d67a4d24763 TO authenticated;
GRANT EXECUTE ON FUNCTION rls_private.members_org_id_d311052feaa33dc8 TO authenticated;
GRANT EXECUTE ON FUNCTION rls_private.project_members_24c4674de5b313ba TO authenticated;
GRANT EXECUTE ON FUNCTION rls_private.project_members_project_id_d834454bfdc11db4 TO authenticated;
GRANT SELECT ON TABLE public.audit_log TO authenticated;
GRANT SELECT, DELETE ON TABLE public.documents TO authenticated;
GRANT SELECT, DELETE ON TABLE public.members TO authenticated;
GRANT SELECT ON TABLE public.organizations TO authenticated;
GRANT SELECT, DELETE ON TABLE public.project_members TO authenticated;
GRANT SELECT, DELETE ON TABLE public.projects TO authenticated;
GRANT SELECT, DELETE ON TABLE public.shares TO authenticated;
GRANT INSERT (action) ON TABLE public.audit_log TO authenticated;
GRANT SELECT (body, id, title, updated_at) ON TABLE public.documents TO anonymous;
GRANT INSERT (body, project_id, title, visibility), UPDATE (body, title, updated_at, visibility) ON TABLE public.documents TO authenticated;
GRANT INSERT (role, user_id), UPDATE (role) ON TABLE public.members TO authenticated;
GRANT UPDATE (name) ON TABLE public.organizations TO authenticated;
GRANT INSERT (project_id, user_id) ON TABLE public.project_members TO authenticated;
GRANT INSERT (is_archived, name), UPDATE (is_archived, name) ON TABLE public.projects TO authenticated;
GRANT INSERT (can_edit, document_id, user_id), UPDATE (can_edit, document_id, user_id) ON TABLE public.shares TO authenticated;
