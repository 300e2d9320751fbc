CREATE TYPE state AS ENUM ('open', 'paid', 'lost');
CREATE TABLE bill (id bigint, state state DEFAULT 'lost');
