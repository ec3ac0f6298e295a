CREATE ROLE "Night Desk";--> statement-breakpoint
CREATE TABLE "docs" (
	"id" "smallserial" PRIMARY KEY NOT NULL,
	"owner_id" text NOT NULL,
	"settings" jsonb DEFAULT '{"note":"it's"}'::jsonb,
	"tags" text[] DEFAULT '{"it's","b"}',
	"place" "point" DEFAULT [object Object],
	"price" "NUMERIC(30, 4)",
	CONSTRAINT "no "root"" CHECK ("docs"."owner_id" <> 'root')
);
--> statement-breakpoint
ALTER TABLE "docs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "open" (
	"id" integer PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE VIEW "public"."past" AS (select "id", "owner_id", "settings", "tags", "place", "price" from "docs");--> statement-breakpoint
CREATE POLICY "for whom" ON "docs" AS PERMISSIVE FOR SELECT TO public USING ("docs"."price" > 0);--> statement-breakpoint
CREATE POLICY "whoever" ON "docs" AS PERMISSIVE FOR SELECT TO "Night Desk", current_user USING (true);--> statement-breakpoint
CREATE POLICY "nothing said" ON "docs" AS RESTRICTIVE FOR ALL TO "authenticated";--> statement-breakpoint
CREATE POLICY "a comment at the end" ON "docs" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ((select auth.user_id() = "docs"."owner_id") ) WITH CHECK ( only the owner);