CREATE SCHEMA "billing";
--> statement-breakpoint
CREATE TYPE "public"."member_role" AS ENUM('owner', 'admin', 'member');--> statement-breakpoint
CREATE TYPE "billing"."plan" AS ENUM('free', 'pro');--> statement-breakpoint
CREATE SEQUENCE "billing"."invoice_number" INCREMENT BY 5 MINVALUE 1 MAXVALUE 999999 START WITH 1000 CACHE 10 CYCLE;--> statement-breakpoint
CREATE ROLE "saas_ops" WITH CREATEDB CREATEROLE;--> statement-breakpoint
CREATE ROLE "saas_support" WITH NOINHERIT;--> statement-breakpoint
CREATE TABLE "audit_log" (
	"id" serial PRIMARY KEY NOT NULL,
	"what" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "audit_log" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "billing"."invoices" (
	"number" integer PRIMARY KEY DEFAULT nextval('billing.invoice_number') NOT NULL,
	"organization_id" uuid NOT NULL,
	"plan" "billing"."plan" DEFAULT 'free' NOT NULL,
	"total" numeric NOT NULL,
	"issued_by" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "billing"."invoices" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "members" (
	"organization_id" uuid NOT NULL,
	"user_id" text NOT NULL,
	"role" "member_role" DEFAULT 'member' NOT NULL,
	"invited_by" text,
	"past" "member_role"[],
	CONSTRAINT "members_organization_id_user_id_pk" PRIMARY KEY("organization_id","user_id")
);
--> statement-breakpoint
ALTER TABLE "members" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"slug" varchar(40) NOT NULL,
	"name" text NOT NULL,
	"settings" jsonb DEFAULT '{"theme":"dark"}'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "organizations_slug_unique" UNIQUE("slug"),
	CONSTRAINT "slug_is_lower" CHECK ("organizations"."slug" = lower("organizations"."slug"))
);
--> statement-breakpoint
ALTER TABLE "organizations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "projects" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"owner_id" text DEFAULT auth.user_id() NOT NULL,
	"title" text NOT NULL,
	"title_lower" text GENERATED ALWAYS AS (lower(title)) STORED,
	"budget" numeric(12, 2) DEFAULT '0.00' NOT NULL,
	"archived_at" timestamp,
	"is_public" boolean DEFAULT false NOT NULL,
	CONSTRAINT "one_title" UNIQUE NULLS NOT DISTINCT("organization_id","title"),
	CONSTRAINT "budget_not_negative" CHECK ("projects"."budget" >= 0)
);
--> statement-breakpoint
ALTER TABLE "projects" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "billing"."invoices" ADD CONSTRAINT "invoices_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members" ADD CONSTRAINT "members_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE cascade ON UPDATE restrict;--> statement-breakpoint
ALTER TABLE "projects" ADD CONSTRAINT "projects_owner_is_member" FOREIGN KEY ("organization_id","owner_id") REFERENCES "public"."members"("organization_id","user_id") ON DELETE set null ON UPDATE cascade;--> statement-breakpoint
CREATE UNIQUE INDEX "projects_title_idx" ON "projects" USING btree ("organization_id",lower("title")) WHERE "projects"."archived_at" is null;--> statement-breakpoint
CREATE INDEX "projects_recent" ON "projects" USING btree ("archived_at" DESC NULLS LAST,"title" text_pattern_ops) WITH (fillfactor=70);--> statement-breakpoint
CREATE INDEX "projects_search" ON "projects" USING btree (("title" || ' ') text_pattern_ops desc nulls last,"owner_id" text_ops);--> statement-breakpoint
CREATE INDEX CONCURRENTLY "projects_owner_id_index" ON "projects" USING hash ("owner_id");--> statement-breakpoint
CREATE VIEW "public"."open_projects" WITH (security_invoker = true) AS (select "id", "title" from "projects" where "projects"."archived_at" is null);--> statement-breakpoint
CREATE MATERIALIZED VIEW "public"."totals" AS (select "organization_id", sum("total") as "total" from "billing"."invoices" group by "billing"."invoices"."organization_id");--> statement-breakpoint
CREATE POLICY "own invoices" ON "billing"."invoices" AS PERMISSIVE FOR SELECT TO "authenticated" USING ((select auth.user_id() = "billing"."invoices"."issued_by"));--> statement-breakpoint
CREATE POLICY "crud-authenticated-policy-select" ON "members" AS PERMISSIVE FOR SELECT TO "authenticated" USING ((select auth.user_id() = "members"."user_id"));--> statement-breakpoint
CREATE POLICY "crud-anonymous-policy-select" ON "members" AS PERMISSIVE FOR SELECT TO "anonymous" USING (false);--> statement-breakpoint
CREATE POLICY "organizations of members" ON "organizations" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("organizations"."id" in (select m.organization_id from members m where m.user_id = auth.user_id()));--> statement-breakpoint
CREATE POLICY "crud-authenticated-anonymous-policy-select" ON "projects" AS PERMISSIVE FOR SELECT TO "anonymous", "authenticated" USING ("projects"."is_public" or (select auth.user_id() = "projects"."owner_id"));--> statement-breakpoint
CREATE POLICY "crud-authenticated-anonymous-policy-insert" ON "projects" AS PERMISSIVE FOR INSERT TO "anonymous", "authenticated" WITH CHECK ((select auth.user_id() = "projects"."owner_id"));--> statement-breakpoint
CREATE POLICY "crud-authenticated-anonymous-policy-update" ON "projects" AS PERMISSIVE FOR UPDATE TO "anonymous", "authenticated" USING ((select auth.user_id() = "projects"."owner_id")) WITH CHECK ((select auth.user_id() = "projects"."owner_id"));--> statement-breakpoint
CREATE POLICY "crud-authenticated-anonymous-policy-delete" ON "projects" AS PERMISSIVE FOR DELETE TO "anonymous", "authenticated" USING ((select auth.user_id() = "projects"."owner_id"));--> statement-breakpoint
CREATE POLICY "only of the own organization" ON "projects" AS RESTRICTIVE FOR ALL TO "authenticated" USING (exists (select 1 from "members" where "members"."organization_id" = "projects"."organization_id" and "members"."user_id" = (select auth.user_id())));--> statement-breakpoint
CREATE POLICY "support reads" ON "projects" AS PERMISSIVE FOR SELECT TO "saas_support" USING ("projects"."archived_at" < now() - interval '1 day');--> statement-breakpoint
CREATE POLICY "ops" ON "projects" AS PERMISSIVE FOR ALL TO "saas_ops" USING (true) WITH CHECK (length("projects"."title") > 0);