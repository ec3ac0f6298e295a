-- As Prisma writes migrations: PascalCase tables, camelCase columns, join tables with A and B, its own table of migrations.
-- provider: postgres
-- roles: prisma_app

CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN', 'SUPER_ADMIN');
CREATE TYPE "PlanTier" AS ENUM ('FREE', 'PRO');

CREATE TABLE "_prisma_migrations" (
    "id" VARCHAR(36) NOT NULL PRIMARY KEY,
    "checksum" VARCHAR(64) NOT NULL,
    "finished_at" TIMESTAMPTZ,
    "migration_name" VARCHAR(255) NOT NULL,
    "logs" TEXT,
    "rolled_back_at" TIMESTAMPTZ,
    "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count" INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "emailVerified" TIMESTAMP(3),
    "name" TEXT,
    "role" "Role" NOT NULL DEFAULT 'USER',
    "roles" "Role"[] DEFAULT ARRAY['USER']::"Role"[],
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "Workspace" (
    "id" SERIAL NOT NULL,
    "ownerId" TEXT NOT NULL,
    "ownerid" TEXT,
    "title" VARCHAR(191) NOT NULL,
    "tier" "PlanTier" NOT NULL DEFAULT 'FREE',
    "config" JSONB NOT NULL DEFAULT '{}',
    "quota" DECIMAL(65,30) NOT NULL DEFAULT 10.5,
    "bytes" BYTEA,
    "big" BIGINT NOT NULL DEFAULT 0,
    "ratio" DOUBLE PRECISION,
    "deletedAt" TIMESTAMP(3),

    CONSTRAINT "Workspace_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "app_posts" (
    "post_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "workspaceId" INTEGER NOT NULL,
    "authorId" TEXT,
    "body" TEXT NOT NULL DEFAULT E'line one\nit''s "two" \\ end',
    "published" BOOLEAN NOT NULL DEFAULT false,
    "@type" TEXT,

    CONSTRAINT "app_posts_pkey" PRIMARY KEY ("post_id")
);
COMMENT ON TABLE "app_posts" IS 'Mapped from the model Post';

CREATE TABLE "_TagToPost" (
    "A" UUID NOT NULL,
    "B" UUID NOT NULL
);

CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
CREATE INDEX "Workspace_ownerId_deletedAt_idx" ON "Workspace"("ownerId", "deletedAt" DESC);
CREATE UNIQUE INDEX "Workspace_ownerId_title_key" ON "Workspace"("ownerId", "title");
CREATE INDEX "app_posts_body_idx" ON "app_posts" USING HASH ("body");
CREATE UNIQUE INDEX "_TagToPost_AB_unique" ON "_TagToPost"("A", "B");
CREATE INDEX "_TagToPost_B_index" ON "_TagToPost"("B");

ALTER TABLE "Workspace" ADD CONSTRAINT "Workspace_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "app_posts" ADD CONSTRAINT "app_posts_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "app_posts" ADD CONSTRAINT "app_posts_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "_TagToPost" ADD CONSTRAINT "_TagToPost_B_fkey" FOREIGN KEY ("B") REFERENCES "app_posts"("post_id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE OR REPLACE FUNCTION "currentUserId"() RETURNS TEXT AS $$
    SELECT current_setting('app.current_user_id', TRUE);
$$ LANGUAGE SQL STABLE;

ALTER TABLE "User" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Workspace" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "app_posts" ENABLE ROW LEVEL SECURITY;

CREATE POLICY "user_self" ON "User" USING ("id" = "currentUserId"()) WITH CHECK ("id" = "currentUserId"());
CREATE POLICY "bypass_rls_policy" ON "User" USING (current_setting('app.bypass_rls', TRUE)::text = 'on');
CREATE POLICY "workspaceOwner" ON "Workspace" TO prisma_app USING ("ownerId" = "currentUserId"() AND "ownerid" IS NULL);
CREATE POLICY "postsOfWorkspace" ON "app_posts" TO prisma_app
    USING ("workspaceId" IN (SELECT w."id" FROM "Workspace" AS w WHERE w."ownerId" = "currentUserId"() AND w."deletedAt" IS NULL));
CREATE POLICY "published" ON "app_posts" FOR SELECT USING ("published" = TRUE AND "@type" IS DISTINCT FROM 'hidden');

GRANT USAGE ON SCHEMA public TO prisma_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON "User", "Workspace", "app_posts", "_TagToPost" TO prisma_app;
GRANT USAGE ON SEQUENCE "Workspace_id_seq" TO prisma_app;
