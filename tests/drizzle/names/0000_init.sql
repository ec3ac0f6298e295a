CREATE SCHEMA "My App";
--> statement-breakpoint
CREATE TYPE "My App"."Kind Of" AS ENUM('A b', 'c-D');--> statement-breakpoint
CREATE ROLE "Front Desk";--> statement-breakpoint
CREATE TABLE "order" (
	"group" integer NOT NULL,
	"table" integer NOT NULL,
	"userId" bigint,
	CONSTRAINT "the key" PRIMARY KEY("group","table")
);
--> statement-breakpoint
ALTER TABLE "order" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "My App"."User List" (
	"ID" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "My App"."User List_ID_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"ownerId" text NOT NULL,
	"type" "My App"."Kind Of" DEFAULT 'A b' NOT NULL,
	"select" text DEFAULT 'x',
	"e-mail" text,
	"kinds" "My App"."Kind Of"[],
	CONSTRAINT "User e-mail" UNIQUE("e-mail"),
	CONSTRAINT "No Root" CHECK ("My App"."User List"."ownerId" <> 'root')
);
--> statement-breakpoint
ALTER TABLE "My App"."User List" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "order" ADD CONSTRAINT "order_userId_User List_ID_fk" FOREIGN KEY ("userId") REFERENCES "My App"."User List"("ID") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "a rather long name of an index, which has more bytes than Postgres keeps of one" ON "order" USING btree ("userId");--> statement-breakpoint
CREATE INDEX "By Owner" ON "My App"."User List" USING btree ("ownerId","select" DESC NULLS LAST);--> statement-breakpoint
CREATE POLICY "it's open" ON "order" AS PERMISSIVE FOR SELECT TO public USING (true);--> statement-breakpoint
CREATE POLICY "by user" ON "order" AS PERMISSIVE FOR UPDATE TO "Front Desk" USING ("order"."userId" in (select u."ID" from "My App"."User List" u where u."ownerId" = auth.user_id()));--> statement-breakpoint
CREATE POLICY "crud-Front Desk-policy-select" ON "My App"."User List" AS PERMISSIVE FOR SELECT TO "Front Desk" USING ((select auth.user_id() = "My App"."User List"."ownerId"));--> statement-breakpoint
CREATE POLICY "crud-Front Desk-policy-insert" ON "My App"."User List" AS PERMISSIVE FOR INSERT TO "Front Desk" WITH CHECK ("My App"."User List"."type" = 'A b');--> statement-breakpoint
CREATE POLICY "crud-Front Desk-policy-update" ON "My App"."User List" AS PERMISSIVE FOR UPDATE TO "Front Desk" USING ("My App"."User List"."type" = 'A b') WITH CHECK ("My App"."User List"."type" = 'A b');--> statement-breakpoint
CREATE POLICY "crud-Front Desk-policy-delete" ON "My App"."User List" AS PERMISSIVE FOR DELETE TO "Front Desk" USING ("My App"."User List"."type" = 'A b');