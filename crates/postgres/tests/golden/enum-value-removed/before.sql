CREATE TYPE state AS ENUM ('open', 'sent', 'paid');
CREATE TABLE bill (id bigint, state state DEFAULT 'open');
