CREATE TABLE account (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
