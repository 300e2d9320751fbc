CREATE INDEX invoice_total_idx ON invoice USING btree (total) WHERE fax IS NOT NULL;
