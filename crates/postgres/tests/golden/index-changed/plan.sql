DROP INDEX invoice_total_idx;
CREATE INDEX invoice_total_idx ON invoice USING btree (total DESC);
