CREATE TABLE line (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    invoice_id bigint NOT NULL,
    amount numeric(10,2) DEFAULT 0 NOT NULL,
    CONSTRAINT line_amount_check CHECK ((amount > (0)::numeric)),
    CONSTRAINT line_pkey PRIMARY KEY (id)
);
CREATE INDEX line_invoice_idx ON line USING btree (invoice_id);
ALTER TABLE line ADD CONSTRAINT line_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES invoice(id) ON DELETE CASCADE;
COMMENT ON TABLE line IS 'What is billed';
