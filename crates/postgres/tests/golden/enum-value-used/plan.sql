ALTER TYPE state ADD VALUE 'lost';

ALTER TABLE ONLY bill ALTER COLUMN state SET DEFAULT 'lost'::state;
