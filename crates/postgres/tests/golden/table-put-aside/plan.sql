ALTER TABLE invoice RENAME CONSTRAINT invoice_pkey TO tenantry_q_3f02c3fe_invoice_pkey;
ALTER TABLE invoice RENAME TO tenantry_q_ad5deb29_invoice;
