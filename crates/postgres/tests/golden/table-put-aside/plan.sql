ALTER TABLE invoice RENAME CONSTRAINT invoice_pkey TO tenantry_q_c44a304c_invoice_pkey;
ALTER TABLE invoice RENAME TO tenantry_q_0a9d6975_invoice;
