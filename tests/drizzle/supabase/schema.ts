import { sql } from 'drizzle-orm';
import { index, pgPolicy, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { anonRole, authUid, authUsers, authenticatedRole, serviceRole } from 'drizzle-orm/supabase';

export const profiles = pgTable('profiles', {
  id: uuid('id').primaryKey().references(() => authUsers.id, { onDelete: 'cascade' }),
  name: text('name').notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true }),
}, (t) => [
  pgPolicy('everyone reads profiles', { for: 'select', to: [anonRole, authenticatedRole], using: sql`true` }),
  pgPolicy('own profile', {
    for: 'update', to: authenticatedRole, using: sql`${authUid} = ${t.id}`, withCheck: sql`${authUid} = ${t.id}`,
  }),
]);

export const notes = pgTable('notes', {
  id: uuid('id').primaryKey().defaultRandom(),
  profileId: uuid('profile_id').notNull().references(() => profiles.id),
  org: text('org').notNull(),
  body: text('body').notNull(),
}, (t) => [
  index().on(t.profileId),
  pgPolicy('own notes', { to: authenticatedRole, using: sql`${t.profileId} = auth.uid()` }),
  pgPolicy('of the organization', {
    as: 'restrictive', to: authenticatedRole, using: sql`(auth.jwt() ->> 'org') = ${t.org}`,
  }),
  pgPolicy('the service', { for: 'delete', to: serviceRole, using: sql`true` }),
]);

export const inbox = pgPolicy('own messages', {
  for: 'select', to: authenticatedRole, using: sql`true`,
}).link(authUsers);
