CREATE TYPE state AS ENUM ('open', 'paid');
CREATE TABLE bill (id bigint, state state);
