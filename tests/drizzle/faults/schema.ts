import { sql } from 'drizzle-orm';
import {
  check, customType, integer, jsonb, pgPolicy, pgRole, pgTable, pgView, point, smallserial, text,
} from 'drizzle-orm/pg-core';
import { authUid, authenticatedRole, crudPolicy } from 'drizzle-orm/neon';

const exact = customType<{ data: string }>({ dataType: () => 'NUMERIC(30, 4)' });

// What Drizzle takes, and Postgres or somebody's intention does not.
export const frontDesk = pgRole('Night Desk');
export const docs = pgTable('docs', {
  id: smallserial('id').primaryKey(),
  ownerId: text('owner_id').notNull(),
  settings: jsonb('settings').default({ note: "it's" }),
  tags: text('tags').array().default(["it's", 'b']),
  place: point('place').default({ x: 1, y: 2 } as any),
  price: exact('price'),
}, (t) => [
  check('no "root"', sql`${t.ownerId} <> 'root'`),
  pgPolicy('for whom', { for: 'select', using: sql`${t.price} > 0` }),
  pgPolicy('whoever', { for: 'select', to: ['current_user', frontDesk], using: sql`true` }),
  pgPolicy('nothing said', { as: 'restrictive', to: authenticatedRole }),
  pgPolicy('a comment at the end', {
    for: 'update', to: authenticatedRole, using: sql`${authUid(t.ownerId)} -- only the owner`, withCheck: sql`true`,
  }),
]);

export const open = pgTable('open', { id: integer('id').primaryKey() }, () => [
  ...crudPolicy({ role: authenticatedRole, read: null, modify: null }),
]);

export const past = pgView('past').as((qb) => qb.select().from(docs));
