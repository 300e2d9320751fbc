ALTER SEQUENCE invoice_id_seq RENAME TO tenantry_q_bcb21f9a_id;
ALTER TABLE invoice RENAME CONSTRAINT invoice_pkey TO tenantry_q_6c4f45e6_invoice_pkey;
ALTER TABLE invoice RENAME TO tenantry_q_27d69179_invoice;
