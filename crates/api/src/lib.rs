//! The custom resources of tenantry.dev/v1alpha1: types, conditions and their CRDs.
