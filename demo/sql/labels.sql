-- What people stick on their invoices: a file of its own, beside app.sql.
CREATE TABLE label (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CONSTRAINT label_name_key UNIQUE,
    colour text NOT NULL DEFAULT 'grey'
);
CREATE TABLE invoice_label (
    invoice_id bigint NOT NULL REFERENCES invoice (id) ON DELETE CASCADE,
    label_id bigint NOT NULL REFERENCES label (id) ON DELETE CASCADE,
    PRIMARY KEY (invoice_id, label_id)
);
CREATE INDEX invoice_label_idx ON invoice_label (label_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON label, invoice_label TO demo_app;
