import { sql } from 'drizzle-orm';
import {
  bigserial, boolean, check, foreignKey, index, integer, jsonb, numeric, pgEnum, pgMaterializedView, pgPolicy, pgRole,
  pgSchema, pgTable, pgView, primaryKey, serial, text, timestamp, unique, uniqueIndex, uuid, varchar,
} from 'drizzle-orm/pg-core';
import { anonymousRole, authUid, authenticatedRole, crudPolicy } from 'drizzle-orm/neon';

export const memberRole = pgEnum('member_role', ['owner', 'admin', 'member']);
export const billing = pgSchema('billing');
export const plan = billing.enum('plan', ['free', 'pro']);
export const support = pgRole('saas_support', { inherit: false });
export const ops = pgRole('saas_ops', { createDb: true, createRole: true });
export const invoiceNumber = billing.sequence('invoice_number', {
  startWith: 1000, increment: 5, cache: 10, maxValue: 999999, cycle: true,
});

export const organizations = pgTable('organizations', {
  id: uuid('id').primaryKey().defaultRandom(),
  slug: varchar('slug', { length: 40 }).notNull().unique(),
  name: text('name').notNull(),
  settings: jsonb('settings').notNull().default({ theme: 'dark' }),
  createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
}, (t) => [
  pgPolicy('organizations of members', {
    for: 'select', to: authenticatedRole,
    using: sql`${t.id} in (select m.organization_id from members m where m.user_id = auth.user_id())`,
  }),
  check('slug_is_lower', sql`${t.slug} = lower(${t.slug})`),
]);

export const members = pgTable('members', {
  organizationId: uuid('organization_id').notNull().references(() => organizations.id, {
    onDelete: 'cascade', onUpdate: 'restrict',
  }),
  userId: text('user_id').notNull(),
  role: memberRole('role').notNull().default('member'),
  invitedBy: text('invited_by'),
  past: memberRole('past').array(),
}, (t) => [
  primaryKey({ columns: [t.organizationId, t.userId] }),
  crudPolicy({ role: authenticatedRole, read: authUid(t.userId), modify: null }),
  crudPolicy({ role: anonymousRole, read: false, modify: null }),
]);

export const projects = pgTable('projects', {
  id: bigserial('id', { mode: 'number' }).primaryKey(),
  organizationId: uuid('organization_id').notNull(),
  ownerId: text('owner_id').notNull().default(sql`auth.user_id()`),
  title: text('title').notNull(),
  titleLower: text('title_lower').generatedAlwaysAs(sql`lower(title)`),
  budget: numeric('budget', { precision: 12, scale: 2 }).notNull().default('0.00'),
  archivedAt: timestamp('archived_at'),
  isPublic: boolean('is_public').default(false).notNull(),
}, (t) => [
  foreignKey({
    columns: [t.organizationId, t.ownerId],
    foreignColumns: [members.organizationId, members.userId],
    name: 'projects_owner_is_member',
  }).onDelete('set null').onUpdate('cascade'),
  unique('one_title').on(t.organizationId, t.title).nullsNotDistinct(),
  uniqueIndex('projects_title_idx').on(t.organizationId.asc(), sql`lower(${t.title})`)
    .where(sql`${t.archivedAt} is null`),
  index('projects_recent').on(t.archivedAt.desc().nullsLast(), t.title.op('text_pattern_ops'))
    .with({ fillfactor: 70 }),
  index('projects_search').on(sql`(${t.title} || ' ') text_pattern_ops desc nulls last`, sql`${t.ownerId} text_ops`),
  index().using('hash', t.ownerId).concurrently(),
  check('budget_not_negative', sql`${t.budget} >= 0`),
  crudPolicy({
    role: [authenticatedRole, anonymousRole],
    read: sql`${t.isPublic} or ${authUid(t.ownerId)}`,
    modify: authUid(t.ownerId),
  }),
  pgPolicy('only of the own organization', {
    as: 'restrictive', for: 'all', to: authenticatedRole,
    using: sql`exists (select 1 from ${members} where ${members.organizationId} = ${t.organizationId} and ${members.userId} = (select auth.user_id()))`,
  }),
  pgPolicy('support reads', { for: 'select', to: support, using: sql`${t.archivedAt} < now() - interval '1 day'` }),
  pgPolicy('ops', { to: ops, using: sql`true`, withCheck: sql`length(${t.title}) > 0` }),
]);

export const invoices = billing.table('invoices', {
  number: integer('number').primaryKey().default(sql`nextval('billing.invoice_number')`),
  organizationId: uuid('organization_id').notNull().references(() => organizations.id),
  plan: plan('plan').notNull().default('free'),
  total: numeric('total').notNull(),
  issuedBy: text('issued_by').notNull(),
}, (t) => [
  pgPolicy('own invoices', { for: 'select', to: authenticatedRole, using: authUid(t.issuedBy) }),
]);

export const auditLog = pgTable('audit_log', {
  id: serial('id').primaryKey(),
  what: text('what').notNull(),
}).enableRLS();

export const openProjects = pgView('open_projects').with({ securityInvoker: true }).as((qb) =>
  qb.select({ id: projects.id, title: projects.title }).from(projects).where(sql`${projects.archivedAt} is null`));

export const totals = pgMaterializedView('totals').as((qb) =>
  qb.select({ organizationId: invoices.organizationId, total: sql<number>`sum(${invoices.total})`.as('total') })
    .from(invoices).groupBy(invoices.organizationId));
