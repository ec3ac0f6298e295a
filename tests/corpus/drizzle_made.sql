-- As drizzle-kit writes migrations: quoted names, constraints with long generated names, pgPolicy and crudPolicy.
-- provider: neon
-- schemas: public, billing

CREATE SCHEMA "billing";
CREATE TYPE "public"."post_status" AS ENUM('draft', 'review', 'published');
CREATE TYPE "billing"."invoice_state" AS ENUM('open', 'paid', 'void');
CREATE TABLE "users" (
	"id" serial PRIMARY KEY NOT NULL,
	"sub" text DEFAULT (auth.user_id()) NOT NULL,
	"name" text,
	"email" varchar(320) NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updatedAt" timestamp DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "users_email_unique" UNIQUE("email")
);
ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;
CREATE TABLE "posts" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"author_id" integer NOT NULL,
	"title" text NOT NULL,
	"content" text,
	"status" "post_status" DEFAULT 'draft' NOT NULL,
	"tags" text[] DEFAULT '{}'::text[] NOT NULL,
	"matrix" integer[][],
	"metadata" jsonb DEFAULT '{"a":1}'::jsonb,
	"rating" numeric(3, 1) DEFAULT '0.0',
	"published_at" timestamp with time zone,
	"embedding_dims" bigint DEFAULT 9007199254740993,
	CONSTRAINT "rating_range" CHECK ("posts"."rating" >= 0 AND "posts"."rating" <= 5)
);
ALTER TABLE "posts" ENABLE ROW LEVEL SECURITY;
CREATE TABLE "posts_to_users" (
	"post_id" uuid NOT NULL,
	"user_id" integer NOT NULL,
	"role" text DEFAULT 'reader' NOT NULL,
	CONSTRAINT "posts_to_users_post_id_user_id_pk" PRIMARY KEY("post_id","user_id")
);
ALTER TABLE "posts_to_users" ENABLE ROW LEVEL SECURITY;
CREATE TABLE "billing"."invoices" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "billing"."invoices_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1000 CACHE 1),
	"user_id" integer NOT NULL,
	"state" "billing"."invoice_state" DEFAULT 'open',
	"total" double precision NOT NULL,
	"due" date DEFAULT now(),
	"at" time (0) with time zone DEFAULT '09:00:00+00',
	"every" interval DEFAULT '30 days'
);
ALTER TABLE "posts" ADD CONSTRAINT "posts_author_id_users_id_fk" FOREIGN KEY ("author_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;
ALTER TABLE "posts_to_users" ADD CONSTRAINT "posts_to_users_post_id_posts_id_fk" FOREIGN KEY ("post_id") REFERENCES "public"."posts"("id") ON DELETE cascade ON UPDATE cascade;
ALTER TABLE "posts_to_users" ADD CONSTRAINT "posts_to_users_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE set null;
ALTER TABLE "billing"."invoices" ADD CONSTRAINT "invoices_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE set default ON UPDATE no action;
CREATE INDEX "posts_author_idx" ON "posts" USING btree ("author_id" DESC NULLS LAST);
CREATE UNIQUE INDEX "users_email_lower_idx" ON "users" USING btree (lower("email"));
CREATE INDEX "posts_title_search" ON "posts" USING gin (to_tsvector('english', "title"));
CREATE INDEX "posts_metadata_idx" ON "posts" USING hash ("title") WHERE "posts"."published_at" IS NOT NULL;
CREATE INDEX "posts_multi" ON "posts" USING btree ("status","published_at" DESC NULLS FIRST) WITH (fillfactor='70');
CREATE VIEW "public"."published_posts" AS (select "id", "title", "author_id" from "posts" where "posts"."status" = 'published');
CREATE POLICY "crud-authenticated-policy-select" ON "users" AS PERMISSIVE FOR SELECT TO "authenticated" USING ((select auth.user_id() = "users"."sub"));
CREATE POLICY "crud-authenticated-policy-insert" ON "users" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ((select auth.user_id() = "users"."sub"));
CREATE POLICY "crud-authenticated-policy-update" ON "users" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ((select auth.user_id() = "users"."sub")) WITH CHECK ((select auth.user_id() = "users"."sub"));
CREATE POLICY "crud-authenticated-policy-delete" ON "users" AS PERMISSIVE FOR DELETE TO "authenticated" USING (false);
CREATE POLICY "read published" ON "posts" AS PERMISSIVE FOR SELECT TO public USING ("posts"."status" = 'published');
CREATE POLICY "authors" ON "posts" AS PERMISSIVE FOR ALL TO "authenticated" USING ((select auth.user_id()) = (select u."sub" from "users" u where u."id" = "posts"."author_id")) WITH CHECK (exists(select 1 from "users" where "users"."id" = "author_id" and "users"."sub" = auth.user_id()));
CREATE POLICY "crud-anonymous-authenticated-policy-select" ON "posts_to_users" AS PERMISSIVE FOR SELECT TO "anonymous", "authenticated" USING (true);
CREATE POLICY "no banned words" ON "posts" AS RESTRICTIVE FOR INSERT TO public WITH CHECK ("title" !~* 'spam|--|;|/\*');
GRANT USAGE ON SCHEMA public, billing TO authenticated, anonymous;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO authenticated;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO anonymous;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, UPDATE, INSERT, DELETE ON TABLES TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO anonymous;
