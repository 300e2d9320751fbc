ALTER TABLE ONLY bill ALTER COLUMN state DROP DEFAULT;
ALTER TYPE state RENAME TO state_tenantry_old;
CREATE TYPE state AS ENUM ('open', 'paid');
ALTER TABLE bill
    ALTER COLUMN state TYPE state USING state::text::state;
DROP TYPE state_tenantry_old;
ALTER TABLE ONLY bill ALTER COLUMN state SET DEFAULT 'open'::state;
