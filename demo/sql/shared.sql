-- What all tenants share, and the roles of the product: made by the product's
-- own people before there is a tenant. Tenantry only reads it.
CREATE ROLE demo_app;
CREATE ROLE demo_report;
CREATE TABLE public.plan (
    id integer PRIMARY KEY,
    name text NOT NULL
);
INSERT INTO public.plan VALUES (1, 'free'), (2, 'team'), (3, 'company');

-- The product's table of customers: the tenant query reads it.
CREATE TABLE public.customer (
    slug text PRIMARY KEY,
    tier text NOT NULL DEFAULT 'standard',
    closed boolean NOT NULL DEFAULT false
);
